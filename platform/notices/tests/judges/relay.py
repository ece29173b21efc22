"""A relay on a free port of loopback that wants STARTTLS and a password. Says its port, and then a line for each mail that it takes."""

import asyncio
import ssl
import sys
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult


class Keeps:
    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content)
        kept = "tls" if session.ssl else "plain"
        print(envelope.mail_from, ",".join(envelope.rcpt_tos), mail["Message-ID"], kept, flush=True)
        return "250 taken"


def lets_in(server, session, envelope, mechanism, given):
    right = (given.login, given.password) == (b"fivebar", b"read and nothing else")
    return AuthResult(success=right, handled=right)


async def main(folder):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def made():
        return SMTP(
            Keeps(),
            hostname="localhost",
            tls_context=tls,
            require_starttls=True,
            authenticator=lets_in,
            auth_required=True,
            auth_require_tls=True,
        )

    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(Path(sys.argv[1])))
