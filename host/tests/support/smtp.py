"""Mail servers for tests, several in one process: aiosmtpd, with STARTTLS, implicit TLS and AUTH.

Arguments: a file that says in JSON which servers there are, and one that gets what they take, a line of JSON each. Prints
`ready` and the servers' ports.
"""

import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


# It warns of what is tested here: logins without STARTTLS (inside of TLS), and clients that go away.
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)
warnings.simplefilter("ignore")


class Handler:
    def __init__(self, server, out):
        self.server, self.out = server, out
        self.answers = list(server.get("answers", []))

    def note(self, **what):
        print(json.dumps({"server": self.server["name"], **what}), file=self.out, flush=True)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if self.server.get("hides_starttls"):
            return [line for line in responses if "STARTTLS" not in line]
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        self.note(command="MAIL", encrypted=session.ssl is not None or self.server["tls"] == "implicit")
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.server.get("unknown", []):
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self.answers.pop(0) if self.answers else "250 OK"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {kind: message.get_body((kind,)).get_content() for kind in ("plain", "html")}
        self.note(
            command="DATA", answer=answer, hello=session.host_name, sender=envelope.mail_from, to=envelope.rcpt_tos,
            login=session.auth_data, headers=[[name, str(value)] for name, value in message.items()],
            defects=[str(defect) for defect in message.defects], raw=envelope.content.decode("ascii"), **parts,
        )
        if answer == "never":
            await asyncio.sleep(3600)
        return answer


def authenticator(users):
    def check(server, session, envelope, mechanism, data):
        login = data.login.decode()
        known = users.get(login) == data.password.decode()
        return AuthResult(success=known, handled=known, auth_data=login)

    return check


async def main():
    with open(sys.argv[1]) as file:
        servers = json.load(file)
    out = open(sys.argv[2], "a")
    loop, ports = asyncio.get_running_loop(), []
    for server in servers:
        context = None
        if server["tls"] != "plaintext":
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(server["certificate"], server["key"])
        implicit, users, handler = server["tls"] == "implicit", server.get("users"), Handler(server, out)

        def protocol(handler=handler, implicit=implicit, users=users, context=context):
            starttls = None if implicit else context
            return SMTP(
                handler, hostname="mail.test", tls_context=starttls, require_starttls=starttls is not None,
                auth_required=users is not None, auth_require_tls=starttls is not None,
                authenticator=authenticator(users or {}), loop=loop,
            )

        listening = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if implicit else None)
        ports.append(listening.sockets[0].getsockname()[1])
    print("ready", *ports, flush=True)
    await asyncio.sleep(3600)


asyncio.run(main())
