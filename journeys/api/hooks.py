"""What the judge must know of this API: the same request under the same Idempotency-Key is answered alike, so that what it makes may have ended
since. Each of its keys that fit is made one of its own; whether the same key is answered alike is for tests of ours."""

import itertools
import re

import schemathesis

numbers = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch("[!-~]{1,100}", key):
        case.headers["Idempotency-Key"] = f"{next(numbers)}-{key}"[:100]
