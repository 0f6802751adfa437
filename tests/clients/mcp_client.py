#!/usr/bin/env python3
"""An agent that speaks MCP with the official SDK over streamable HTTP. It knows nothing of Gatewright.

    mcp_client.py URL STEP…

GW_TOKEN is its bearer token; GW_MCP_MODE is the SDK's `mode`: `auto` (the default), `legacy` (the handshake of
revisions up to 2025-11-25) or `2026-07-28`. A step is JSON: {"list": "tools" | "resources" | "templates" |
"prompts"}, {"call": TOOL, "with": {…}}, {"read": URI}, {"prompt": NAME, "with": {…}}, or {"post": PATH, "with": {…}}
for a request beside MCP, on the same connections. Without steps it lists everything.

It prints lines of JSON: first {"connected": revision, "server": name}, then for each step what became of it:
{"tools": [{"name", "description", …}]}, {"result": {…}} as the protocol has it, {"status", "body"} of a post, or
{"error": {"code", "message", "data"}} for a JSON-RPC error. If there is no connection, or none any more, it prints
{"failed": "…"} and its exit code is 1. Before the line that they belong to come {"progress": "…"}, and
{"refused": status, "body": "…"} for every HTTP status from 400 on, of which the SDK tells little.
"""

import asyncio
import json
import os
import sys

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

EVERYTHING = [{"list": what} for what in ("tools", "resources", "templates", "prompts")]
LISTS = {"tools": "tools", "resources": "resources", "templates": "resource_templates", "prompts": "prompts"}


def say(value):
    print(json.dumps(value), flush=True)


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def progress(_done, _total, message):
    say({"progress": message})


async def refusals(response):
    if response.status_code >= 400:
        say({"refused": response.status_code, "body": (await response.aread()).decode()})


async def take(client, http, url, step):
    with_ = step.get("with", {})
    if "list" in step:
        field = LISTS[step["list"]]
        # What a server says of its tools is asked for anew every time.
        listed = await getattr(client, f"list_{field}")(cache_mode="refresh")
        return {step["list"]: [plain(item) for item in getattr(listed, field)]}
    if "call" in step:
        return {"result": plain(await client.call_tool(step["call"], with_, progress_callback=progress))}
    if "read" in step:
        return {"result": plain(await client.read_resource(step["read"]))}
    if "prompt" in step:
        return {"result": plain(await client.get_prompt(step["prompt"], with_))}
    answer = await http.post(httpx2.URL(url).join(step["post"]), json=with_)
    return {"status": answer.status_code, "body": answer.text}


def causes(error):
    """The errors inside of a group."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in causes(inner)]
    return [error]


async def main(url, steps):
    headers = {"authorization": f"Bearer {os.environ['GW_TOKEN']}"} if "GW_TOKEN" in os.environ else {}
    try:
        # Whatever the environment says of proxies, the servers are on loopback.
        hooks = {"response": [refusals]}
        async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False, event_hooks=hooks) as http:
            transport = streamable_http_client(url, http_client=http)
            async with Client(transport, mode=os.environ.get("GW_MCP_MODE", "auto")) as client:
                name = client.server_info.name if client.server_info else None
                say({"connected": client.protocol_version, "server": name})
                for step in steps or EVERYTHING:
                    try:
                        say(await take(client, http, url, step))
                    except MCPError as error:
                        say({"error": plain(error.error)})
    except Exception as error:
        say({"failed": "; ".join(f"{type(cause).__name__}: {cause}" for cause in causes(error))})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], [json.loads(step) for step in sys.argv[2:]])))
