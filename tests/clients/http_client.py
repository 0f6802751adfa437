#!/usr/bin/env python3
"""An agent that speaks HTTP with httpx. It knows nothing of Gatewright.

    http_client.py URL REQUEST…

A request is JSON: {"method", "path", "headers", "json" or "body", "events"}, GET where no method is given. All go one
by one over one client, so connections are kept alive. GW_TOKEN is the bearer token of requests that bring no
`authorization` of their own; GW_HTTP2=1 speaks HTTP/2 with prior knowledge.

Each answer is a line of JSON: {"status", "http", "connection", "headers", "body"}; "connection" is the local port.
With "events": N the client reads N events of a stream, and hangs up: {"events": [{"id", "event", "data"}…]} instead
of the body. A failure is {"failed": "…"}.
"""

import json
import os
import sys

import httpx


def events_of(response, count):
    found, event = [], {}
    for line in response.iter_lines():
        name, _, value = line.partition(":")
        if name:
            event[name] = value.strip()
        elif event:
            found.append(event)
            event = {}
        if len(found) == count:
            break
    return found


def ask(client, request):
    headers = request.get("headers", {})
    if "GW_TOKEN" in os.environ and "authorization" not in {name.lower() for name in headers}:
        headers["authorization"] = f"Bearer {os.environ['GW_TOKEN']}"
    content = {"json": request["json"]} if "json" in request else {"content": request.get("body")}
    with client.stream(request.get("method", "GET"), request["path"], headers=headers, **content) as response:
        answer = {
            "status": response.status_code,
            "http": response.http_version,
            "connection": response.extensions["network_stream"].get_extra_info("client_addr")[1],
            "headers": response.headers.multi_items(),
        }
        if "events" in request:
            return answer | {"events": events_of(response, request["events"])}
        response.read()
        return answer | {"body": response.text}


def main():
    http2 = os.environ.get("GW_HTTP2") == "1"
    # Whatever the environment says of proxies, the servers are on loopback.
    with httpx.Client(base_url=sys.argv[1], http1=not http2, http2=http2, timeout=60, trust_env=False) as client:
        for request in map(json.loads, sys.argv[2:]):
            try:
                answer = ask(client, request)
            except httpx.HTTPError as error:
                answer = {"failed": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
