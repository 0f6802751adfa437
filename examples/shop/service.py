"""What the shop's two HTTP services share: the database, the credential, the log of requests, the server.

    SHOP_DATABASE_URL   the shop's database, as the role that the service is
    SHOP_SECRET         the one credential that the service takes
    SHOP_LISTEN         address and port, 127.0.0.1:8080 where it is not set
"""

import asyncio
import base64
import binascii
import hmac
import json
import os
from decimal import Decimal

from hypercorn.asyncio import serve
from hypercorn.config import Config
from psycopg import AsyncRawCursor
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request
from starlette.responses import JSONResponse

SECRET = os.environ["SHOP_SECRET"]

# A raw cursor takes PostgreSQL's own `$1` for a parameter.
pool = AsyncConnectionPool(
    os.environ["SHOP_DATABASE_URL"],
    kwargs={"autocommit": True, "cursor_factory": AsyncRawCursor, "row_factory": dict_row},
    open=False,
)


async def rows(sql, *parameters):
    """The rows of a statement, as dictionaries."""
    async with pool.connection() as connection:
        cursor = await connection.execute(sql, parameters)
        return await cursor.fetchall()


def to_json(value):
    """JSON text: numbers as numbers, times as ISO 8601."""
    return json.dumps(value, ensure_ascii=False, default=lambda x: float(x) if isinstance(x, Decimal) else str(x))


def credentials(headers):
    """Every credential that a request presents, as pairs of kind and secret."""
    found = [("api-key", value) for value in headers.getlist("x-api-key")]
    for value in headers.getlist("authorization"):
        kind, _, secret = value.partition(" ")
        if kind.lower() == "basic":
            try:
                secret = base64.b64decode(secret).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                secret = ""
        found.append((kind.lower(), secret.strip()))
    return found


def seen(request):
    """What reached the service, whole but for its own secret, so that somebody else's shows."""
    hidden = {SECRET: "(the secret)"}
    for value in request.headers.getlist("authorization"):
        kind, _, secret = value.partition(" ")
        if kind.lower() == "basic" and ("basic", SECRET) in credentials(request.headers):
            hidden[secret] = "(the secret)"

    def hide(text):
        for secret, instead in hidden.items():
            text = text.replace(secret, instead)
        return text

    return {
        "method": request.method,
        "path": request.url.path,
        "query": hide(request.url.query),
        "http": request.scope["http_version"],
        "credentials": [[kind, secret == SECRET] for kind, secret in credentials(request.headers)],
        "headers": [[name, hide(value)] for name, value in request.headers.items()],
    }


class Guard:
    """Logs every request as a line of JSON, and answers 401 to those without the credential."""

    def __init__(self, app, kinds=("api-key", "basic", "bearer")):
        self.app, self.kinds = app, kinds

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope)
        print(to_json(seen(request)), flush=True)
        for kind, secret in credentials(request.headers):
            if kind in self.kinds and hmac.compare_digest(secret.encode(), SECRET.encode()):
                return await self.app(scope, receive, send)
        refusal = {"error": f"this service wants its credential, as {' or '.join(self.kinds)}"}
        challenge = ", ".join(f'{kind.title()} realm="shop"' for kind in self.kinds if kind != "api-key")
        await JSONResponse(refusal, 401, {"www-authenticate": challenge})(scope, receive, send)


def run(app):
    """Serves `app` until SIGTERM: HTTP/1.1, and HTTP/2 without TLS (h2c)."""
    config = Config()
    config.bind = [os.environ.get("SHOP_LISTEN", "127.0.0.1:8080")]
    # Streams that never end by themselves do not hold up the end.
    config.graceful_timeout = 0.2

    async def main():
        async with pool:
            await serve(app, config)

    asyncio.run(main())
