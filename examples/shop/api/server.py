#!/usr/bin/env python3
"""A REST API over the shop's database, as a shop may have one. It knows nothing of Gatewright.

    pip install starlette hypercorn 'psycopg[binary]' psycopg-pool
    SHOP_DATABASE_URL=postgresql://… SHOP_SECRET=… python api/server.py

| request | answer |
|---|---|
| GET /customers?region=&limit= | {"customers": […]} |
| GET /customers/{id} | one customer |
| GET /customers/{id}/card | text: name and card number |
| GET /customers/export?format= | all customers as NDJSON, or as CSV |
| GET /customers/archive?encoding= | the same in gzip or deflate, whatever Accept-Encoding says |
| GET /orders?status=&limit= | {"orders": […]} |
| POST /orders {"customer_id", "amount", "status"} | 201 and the order |
| DELETE /orders/{id} | 204 |
| GET /events?limit= | orders as server-sent events, and new ones as they come; after Last-Event-ID |
| POST /query {"sql", "parameters", "arrays"} | {"command", "row_count", "fields", "rows"}; rows as objects or arrays |
| GET /big?bytes= | a JSON array of customers of exactly that many bytes, as a stream |
| GET /admin/settings, POST /admin/reset | settings; deletes all orders |
| GET /whoami | what reached the service: method, HTTP version, headers, kinds of credentials |

Every answer of 500 bytes or more but events is compressed where Accept-Encoding asks for gzip.
"""

import asyncio
import csv
import gzip
import io
import json
import sys
import zlib
from pathlib import Path

import psycopg
from psycopg.rows import tuple_row
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

sys.path.append(str(Path(__file__).parents[1]))
from service import Guard, pool, rows, run, seen, to_json  # noqa: E402

SETTINGS = {
    "currency": "EUR",
    "support_email": "help@shop.example",
    "payment_provider": {"name": "Example Pay", "key": "shop-payments-key-0001"},
}
ENCODINGS = {"gzip": gzip.compress, "deflate": zlib.compress}
NEW_ORDERS = """
    SELECT o.id, o.amount, o.status, o.created_at, c.name AS customer, c.email
    FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id > $1 ORDER BY o.id"""


def answer(value, status=200, headers=None):
    return Response(to_json(value), status, headers, "application/json")


def number(request, name, default):
    try:
        return int(request.query_params.get(name, default))
    except ValueError:
        raise HTTPException(400, f"`{name}` is not a number") from None


async def body(request):
    try:
        value = json.loads(await request.body())
    except ValueError:
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(value, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return value


async def one(sql, request):
    found = await rows(sql, request.path_params["id"])
    if not found:
        raise HTTPException(404, f"there is none with id {request.path_params['id']}")
    return found[0]


async def customers(request):
    sql = "SELECT * FROM customers WHERE $1::text IS NULL OR region = $1 ORDER BY id LIMIT $2"
    found = await rows(sql, request.query_params.get("region"), number(request, "limit", 100))
    return answer({"customers": found})


async def customer(request):
    return answer(await one("SELECT * FROM customers WHERE id = $1", request))


async def card(request):
    found = await one("SELECT name, card_number FROM customers WHERE id = $1", request)
    return PlainTextResponse(f"{found['name']}: {found['card_number']}\n")


def as_csv(row, heading=False):
    text = io.StringIO()
    writer = csv.writer(text)
    if heading:
        writer.writerow(row)
    writer.writerow(to_json(value) if isinstance(value, dict) else value for value in row.values())
    return text.getvalue()


async def export(request):
    wanted = request.query_params.get("format", "ndjson")
    if wanted not in ("ndjson", "csv"):
        raise HTTPException(400, "`format` is `ndjson` or `csv`")

    async def lines():
        first = True
        async with pool.connection() as connection:
            async for row in connection.cursor().stream("SELECT * FROM customers ORDER BY id"):
                yield as_csv(row, first) if wanted == "csv" else to_json(row) + "\n"
                first = False

    return StreamingResponse(lines(), media_type="text/csv" if wanted == "csv" else "application/x-ndjson")


async def archive(request):
    encoding = request.query_params.get("encoding", "gzip")
    if encoding not in ENCODINGS:
        raise HTTPException(400, "`encoding` is `gzip` or `deflate`")
    text = to_json({"customers": await rows("SELECT * FROM customers ORDER BY id")})
    compressed = ENCODINGS[encoding](text.encode())
    return Response(compressed, 200, {"content-encoding": encoding}, "application/json")


async def orders(request):
    sql = "SELECT * FROM orders WHERE $1::text IS NULL OR status = $1 ORDER BY id LIMIT $2"
    found = await rows(sql, request.query_params.get("status"), number(request, "limit", 100))
    return answer({"orders": found})


async def create_order(request):
    order = await body(request)
    sql = "INSERT INTO orders (customer_id, amount, status) VALUES ($1, $2, $3) RETURNING *"
    found = await rows(sql, order.get("customer_id"), order.get("amount"), order.get("status", "new"))
    return answer(found[0], 201, {"location": f"/orders/{found[0]['id']}"})


async def delete_order(request):
    await one("DELETE FROM orders WHERE id = $1 RETURNING id", request)
    return Response(status_code=204)


async def events(request):
    limit = number(request, "limit", 2**31)
    try:
        last = int(request.headers.get("last-event-id", 0))
    except ValueError:
        raise HTTPException(400, "`Last-Event-ID` is not a number") from None

    async def stream(last, left):
        while left > 0:
            for order in (await rows(NEW_ORDERS, last))[:left]:
                last, left = order["id"], left - 1
                yield f"id: {last}\nevent: order\ndata: {to_json(order)}\n\n"
            if left > 0:
                # A comment, which also tells whether anybody still listens.
                yield ": waiting\n\n"
                await asyncio.sleep(0.2)

    return StreamingResponse(stream(last, limit), media_type="text/event-stream")


async def query(request):
    asked = await body(request)
    sql, parameters = asked.get("sql"), asked.get("parameters", [])
    if not isinstance(sql, str) or not isinstance(parameters, list):
        raise HTTPException(400, '`sql` is a text, `parameters` is an array')
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=tuple_row)
        await cursor.execute(sql, parameters)
        columns = cursor.description or []
        found = await cursor.fetchall() if columns else []
        names = [column.name for column in columns]
        return answer(
            {
                "command": cursor.statusmessage,
                "row_count": cursor.rowcount,
                "fields": [{"name": column.name, "type": column.type_display} for column in columns],
                "rows": found if asked.get("arrays") else [dict(zip(names, row)) for row in found],
            }
        )


async def big(request):
    size = number(request, "bytes", 1 << 20)
    if size < 2:
        raise HTTPException(400, "`bytes` is 2 at least")
    items = [to_json(row).encode() for row in await rows("SELECT * FROM customers ORDER BY id")]
    block = b",".join(items * 16)

    async def stream():
        yield b"["
        written, comma = 1, b""
        for wanted in [block, *items]:
            # The closing bracket needs a byte too.
            while written + len(comma) + len(wanted) + 1 <= size:
                yield comma + wanted
                written, comma = written + len(comma) + len(wanted), b","
        yield b"]" + b" " * (size - written - 1)

    return StreamingResponse(stream(), media_type="application/json")


async def settings(_):
    return answer(SETTINGS)


async def reset(_):
    return answer({"deleted": len(await rows("DELETE FROM orders RETURNING id"))})


async def whoami(request):
    return answer(seen(request))


async def refused(_, error):
    return answer({"error": error.detail}, error.status_code, error.headers)


async def database_error(_, error):
    said = {"error": error.diag.message_primary or str(error), "sqlstate": error.sqlstate}
    return answer(said, 422 if (error.sqlstate or "").startswith("23") else 400)


APP = Starlette(
    routes=[
        Route("/customers", customers),
        Route("/customers/export", export),
        Route("/customers/archive", archive),
        Route("/customers/{id:int}", customer),
        Route("/customers/{id:int}/card", card),
        Route("/orders", orders),
        Route("/orders", create_order, methods=["POST"]),
        Route("/orders/{id:int}", delete_order, methods=["DELETE"]),
        Route("/events", events),
        Route("/query", query, methods=["POST"]),
        Route("/big", big),
        Route("/admin/settings", settings),
        Route("/admin/reset", reset, methods=["POST"]),
        Route("/whoami", whoami),
    ],
    middleware=[Middleware(Guard), Middleware(GZipMiddleware)],
    exception_handlers={HTTPException: refused, psycopg.Error: database_error},
)

if __name__ == "__main__":
    run(APP)
