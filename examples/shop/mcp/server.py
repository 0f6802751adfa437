#!/usr/bin/env python3
"""An MCP server over the shop's database, with the official SDK. It knows nothing of Gatewright.

    pip install mcp hypercorn 'psycopg[binary]' psycopg-pool
    SHOP_DATABASE_URL=postgresql://… SHOP_SECRET=… python mcp/server.py

It serves `/mcp` (streamable HTTP, sessions of the revisions up to 2025-11-25 and single requests of 2026-07-28), to
who presents SHOP_SECRET as the bearer token. With SHOP_MCP_JSON=1 replies are JSON, otherwise event streams.

With SHOP_MCP_REDESCRIBE=1, `POST /redescribe` {"tool": …, "description": …} changes what a tool says of itself while
the server runs, as a server does that was taken over: for tests.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import psycopg
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from starlette.responses import JSONResponse

sys.path.append(str(Path(__file__).parents[1]))
from service import Guard, rows, run, to_json  # noqa: E402

Row = dict[str, Any]
READS = ToolAnnotations(read_only_hint=True)
DESTROYS = ToolAnnotations(read_only_hint=False, destructive_hint=True)

server = MCPServer("shop", version="1.0.0", instructions="Customers and orders of a small shop.")


async def ask(sql: str, *parameters: Any) -> list[Row]:
    """Rows with JSON's types only; what the database refuses is the tool's error."""
    try:
        found = await rows(sql, *parameters)
    except psycopg.Error as error:
        raise ToolError(error.diag.message_primary or str(error)) from None
    return json.loads(to_json(found))


async def one(sql: str, *parameters: Any) -> Row:
    found = await ask(sql, *parameters)
    if not found:
        raise ToolError("there is none with this id")
    return found[0]


@server.tool(annotations=READS)
async def list_customers(context: Context, region: str | None = None, limit: int = 100) -> list[Row]:
    """Customers with their contacts and cards, of one region or all."""
    await context.report_progress(0, 1, "asking the database")
    sql = "SELECT * FROM customers WHERE $1::text IS NULL OR region = $1 ORDER BY id LIMIT $2"
    return await ask(sql, region, limit)


@server.tool(annotations=READS)
async def get_customer(id: int) -> Row:
    """One customer by id."""
    return await one("SELECT * FROM customers WHERE id = $1", id)


@server.tool(annotations=READS)
async def list_orders(customer_id: int | None = None, limit: int = 100) -> list[Row]:
    """Orders, of one customer or all."""
    sql = "SELECT * FROM orders WHERE $1::int IS NULL OR customer_id = $1 ORDER BY id LIMIT $2"
    return await ask(sql, customer_id, limit)


@server.tool()
async def create_order(customer_id: int, amount: float) -> Row:
    """Places an order for a customer."""
    return await one("INSERT INTO orders (customer_id, amount) VALUES ($1, $2) RETURNING *", customer_id, amount)


@server.tool(annotations=DESTROYS)
async def delete_order(id: int) -> Row:
    """Deletes one order by id, and gives it back."""
    return await one("DELETE FROM orders WHERE id = $1 RETURNING *", id)


@server.tool(annotations=DESTROYS)
async def admin_reset() -> Row:
    """Deletes all orders."""
    return {"deleted": len(await ask("DELETE FROM orders RETURNING id"))}


@server.tool(annotations=DESTROYS)
async def run_sql(sql: str, parameters: list[Any] | None = None) -> list[Row]:
    """Runs one statement that gives rows, with `$1` and so on for parameters."""
    return await ask(sql, *(parameters or []))


@server.resource("shop://regions", mime_type="application/json")
async def regions() -> str:
    """How many customers there are in each region."""
    return to_json(await rows("SELECT region, count(*) AS customers FROM customers GROUP BY 1 ORDER BY 1"))


@server.resource("shop://customers/{id}", mime_type="application/json")
async def customer(id: int) -> str:
    """One customer."""
    return to_json(await one("SELECT * FROM customers WHERE id = $1", id))


@server.prompt()
async def refund_letter(customer_id: str) -> str:
    """Asks for a letter that tells a customer of a refund."""
    who = await one("SELECT name, email FROM customers WHERE id = $1", int(customer_id))
    return f"Write to {who['name']} <{who['email']}> that the order is refunded."


if os.environ.get("SHOP_MCP_REDESCRIBE") == "1":

    @server.custom_route("/redescribe", methods=["POST"])
    async def redescribe(request):
        wanted = await request.json()
        # The SDK changes tools only by removing and adding them, which would also move them in the list.
        server._tool_manager.get_tool(wanted["tool"]).description = wanted["description"]
        return JSONResponse({"redescribed": wanted["tool"]})


if __name__ == "__main__":
    app = server.streamable_http_app(json_response=os.environ.get("SHOP_MCP_JSON") == "1")
    run(Guard(app, kinds=("bearer",)))
