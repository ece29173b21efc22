"""Has scim2-tester try everything it knows on a SCIM server: judge.py ADDRESS TOKEN. Prints what it found, and a line of counts last."""

import sys

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

address, token = sys.argv[1:]
http = httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
results = check_server(SyncSCIMClient(http))
bad = [one for one in results if one.status in (Status.ERROR, Status.CRITICAL)]
for one in results:
    if one.status is not Status.SUCCESS:
        print(f"{one.status.name}: {one.resource_type or ''} {one.title}: {one.reason}")
skipped = sum(one.status is Status.SKIPPED for one in results)
print(f"{len(results) - len(bad) - skipped} right, {len(bad)} wrong, {skipped} skipped")
sys.exit(1 if bad or not results else 0)
