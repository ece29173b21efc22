"""Stands before a store and lets through only what is signed rightly, as botocore, Amazon's own library, signs it.

    signed.py KEY REGION STORE-PORT

Reads the secret from its first line of input, prints the port that it listens on, and then a line for each request: its method, and whether
its signature was right. It ends when its input does.
"""

import hmac
import http.client
import sys
import threading
import urllib.parse
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, REGION, STORE = sys.argv[1], sys.argv[2], int(sys.argv[3])
SECRET = sys.stdin.readline().rstrip("\n")


def right(method, path, host):
    """Whether an address was signed with the secret, for this method, path, query and host, and holds now."""
    address = urllib.parse.urlsplit(path)
    asked = urllib.parse.parse_qs(address.query, keep_blank_values=True)
    one = lambda name: asked.get(name, [""])[0]
    day = one("X-Amz-Date")[:8]
    if one("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" or one("X-Amz-SignedHeaders") != "host":
        return False
    if one("X-Amz-Credential") != f"{KEY}/{day}/{REGION}/s3/aws4_request":
        return False
    signed_at = datetime.strptime(one("X-Amz-Date"), "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    now, holds = datetime.now(timezone.utc), timedelta(seconds=int(one("X-Amz-Expires")))
    if not signed_at - timedelta(minutes=5) <= now <= signed_at + holds:
        return False
    parts = [part for part in address.query.split("&") if not part.startswith("X-Amz-Signature=")]
    url = f"http://{host}{address.path}?{'&'.join(parts)}"
    request = AWSRequest(method=method, url=url, headers={"host": host})
    request.context["timestamp"] = one("X-Amz-Date")
    judge = S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", REGION, expires=int(one("X-Amz-Expires")))
    said = judge.signature(judge.string_to_sign(request, judge.canonical_request(request)), request)
    return hmac.compare_digest(said, one("X-Amz-Signature"))


class Before(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_right = right(self.command, self.path, self.headers["Host"])
        print(self.command, "right" if is_right else "wrong", flush=True)
        if is_right:
            store = http.client.HTTPConnection("127.0.0.1", STORE)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            store.request(self.command, self.path, body, headers | {"Host": f"127.0.0.1:{STORE}"})
            answer = store.getresponse()
            status, more, text = answer.status, answer.getheaders(), answer.read()
        else:
            status, more = 403, [("Content-Type", "application/xml")]
            text = b"<Error><Code>SignatureDoesNotMatch</Code><Message>not signed by that secret</Message></Error>"
        self.send_response(status)
        for name, value in more:
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "keep-alive", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Before)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
