#!/usr/bin/env python3
"""A support agent that uses the shop's REST API and its MCP tools, as any program would: httpx and the official MCP SDK.

Nothing in here knows of Gatewright: SHOP_API_URL and SHOP_MCP_URL are where the services are said to be, and SHOP_TOKEN
is the agent's bearer token. Every step prints what is asked and what became of it.

    pip install httpx mcp
    SHOP_API_URL=http://… SHOP_MCP_URL=http://…/mcp SHOP_TOKEN="$TOKEN" python http_agent.py

The deletion waits until a database administrator decides. The exit code is 1 if anything went otherwise than it says.
"""

import asyncio
import json
import os
import sys

import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

COLOURS = {"ALLOWED": "32", "MASKED": "36", "DENIED": "31", "APPROVED": "32"}
ON_TERMINAL = sys.stdout.isatty() and "NO_COLOR" not in os.environ

# What is asked for, and what should become of it.
REQUESTS = [
    ("MASKED", "A customer", "GET", "/customers/2", None),
    ("MASKED", "The same as text", "GET", "/customers/2/card", None),
    ("MASKED", "SQL in a body", "POST", "/query", {"sql": "SELECT upper(email) AS contact FROM customers LIMIT 1"}),
    ("ALLOWED", "A small order", "POST", "/orders", {"customer_id": 2, "amount": 12}),
    ("DENIED", "A large one", "POST", "/orders", {"customer_id": 2, "amount": 5000}),
    ("DENIED", "The admin tree", "GET", "/admin/settings", None),
    ("DENIED", "A way around it", "GET", "/customers/%2e%2e/admin/settings", None),
    ("APPROVED", "A deletion", "DELETE", "/orders/7", None),
]
CALLS = [
    ("MASKED", "get_customer", {"id": 2}),
    ("DENIED", "create_order", {"customer_id": 2, "amount": 5000}),
]


def report(verdict, asked, became):
    word = f"{verdict:<8}"
    word = f"\033[1;{COLOURS.get(verdict, '31')}m{word}\033[0m" if ON_TERMINAL else word
    print(f"      {word}  {asked}")
    print(f"                {became[:150]}", flush=True)


def verdict(status, text, expected):
    if status >= 400:
        return "DENIED"
    if expected == "APPROVED":
        return expected
    return "MASKED" if "***" in text or "[masked" in text else "ALLOWED"


def rest(url, token):
    good = True
    with httpx.Client(headers={"authorization": f"Bearer {token}"}, timeout=60, trust_env=False) as client:
        for expected, what, method, path, body in REQUESTS:
            # As it is spelt: a URL that a library has tidied would not show anything.
            target = httpx.URL(url).copy_with(raw_path=path.encode())
            answer = client.request(method, target, json=body)
            text = " ".join(answer.text.split())
            if answer.status_code >= 400:
                text = answer.json().get("detail", text)
            seen = verdict(answer.status_code, text, expected)
            good &= seen == expected
            asked = f"{what}: {method} {path}" + (f" {json.dumps(body)}" if body else "")
            report(seen, asked, f"{answer.status_code} {text}".strip())
    return good


async def tools(url, token):
    good = True
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            good &= "get_customer" in names and "admin_reset" not in names
            report("ALLOWED", "tools/list", ", ".join(names))
            for expected, name, arguments in CALLS:
                result = await client.call_tool(name, arguments)
                text = " ".join(" ".join(part.text for part in result.content if part.type == "text").split())
                seen = "DENIED" if result.is_error else verdict(200, text, expected)
                good &= seen == expected
                report(seen, f"tools/call {name} {json.dumps(arguments)}", text)
    return good


def main():
    token = os.environ["SHOP_TOKEN"]
    good = rest(os.environ["SHOP_API_URL"], token)
    good &= asyncio.run(tools(os.environ["SHOP_MCP_URL"], token))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
