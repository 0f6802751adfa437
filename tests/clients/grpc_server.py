#!/usr/bin/env python3
"""A gRPC server (grpcio) for any bytes, of which it says on its output what it hears.

    grpc_server.py PORT
    grpc_server.py PORT --broken

The service `test.Echo` takes and gives messages as they are; what its methods do stands below. With --broken it is a
server of HTTP/2 alone, which does by the path what no gRPC server should.
"""

import socket
import sys
import threading
import time
from concurrent import futures


def say(*words):
    print("heard", *words, flush=True)


def text(message):
    return f"{len(message)}:{message[:16].decode()}"


def code(name):
    import grpc

    return grpc.StatusCode[name]


# Deadlines that the caller tells, and what it made of the metadata.
def met(name, context):
    known = dict(context.invocation_metadata())
    remaining = context.time_remaining()
    say(name, known.get("x-meta"), "deadline" if remaining is not None and remaining < 60 else "no deadline")
    context.add_callback(lambda: say(name, "over"))


def unary(request, context):
    met("Unary", context)
    say("message", text(request))
    context.send_initial_metadata([("x-hello", "there")])
    context.set_trailing_metadata([("x-bye", "now")])
    return request


def fail(request, context):
    met("Fail", context)
    context.abort(code("NOT_FOUND"), "no such thing")


def slow(request, context):
    met("Slow", context)
    time.sleep(1.2)
    return request


def big(request, context):
    met("Big", context)
    return b"b" * (1 << 20)


def stream(requests, context):
    met("Stream", context)
    context.send_initial_metadata([("x-hello", "there")])
    for request in requests:
        say("message", text(request))
        yield request
    # To who cancelled it may look like an end.
    if context.is_active():
        say("all messages")
    context.set_trailing_metadata([("x-bye", "now")])


def many(requests, context):
    met("Many", context)
    yield from [b"one", b"", b"three"]


def fail_stream(requests, context):
    met("FailStream", context)
    yield b"one"
    context.abort(code("PERMISSION_DENIED"), "enough")


def serve(port):
    import grpc

    unaries = {"Unary": unary, "Fail": fail, "Slow": slow, "Big": big}
    streams = {"Stream": stream, "Many": many, "FailStream": fail_stream}
    handlers = {name: grpc.unary_unary_rpc_method_handler(f) for name, f in unaries.items()}
    handlers |= {name: grpc.stream_stream_rpc_method_handler(f) for name, f in streams.items()}
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Echo", handlers)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


FRAME = b"\0\0\0\0\3one"
GRPC = [(":status", "200"), ("content-type", "application/grpc")]
OK = [("grpc-status", "0")]


# By the method: what becomes of a request on a connection (of the package h2).
def misbehave(method, connection, stream):
    send, data = connection.send_headers, connection.send_data
    match method:
        case "NotFound":
            send(stream, [(":status", "404")], end_stream=True)
        case "NotFoundBody":
            send(stream, [(":status", "404"), ("content-type", "text/plain")])
            data(stream, b"nothing here", end_stream=True)
        case "NotFoundStatus":
            send(stream, [(":status", "404"), ("grpc-status", "3"), ("grpc-message", "odd")], end_stream=True)
        case "NoTrailers":
            send(stream, GRPC)
            data(stream, FRAME, end_stream=True)
        case "NoStatus":
            send(stream, GRPC)
            data(stream, FRAME)
            send(stream, [("x-bye", "now")], end_stream=True)
        case "OddStatus":
            send(stream, GRPC)
            send(stream, [("grpc-status", "99"), ("grpc-message", "a%20b")], end_stream=True)
        case "Empty":
            send(stream, GRPC)
            send(stream, OK, end_stream=True)
        case "Two":
            send(stream, GRPC)
            data(stream, FRAME + b"\0\0\0\0\3two")
            send(stream, OK, end_stream=True)
        case "Split":
            send(stream, GRPC)
            for byte in FRAME + FRAME:
                data(stream, bytes([byte]))
            send(stream, OK, end_stream=True)
        case "Compressed":
            send(stream, GRPC)
            data(stream, b"\1\0\0\0\1x")
            send(stream, OK, end_stream=True)
        case "Malformed":
            send(stream, GRPC)
            data(stream, b"\7\0\0\0\1x")
            send(stream, OK, end_stream=True)
        case "Cut":
            send(stream, GRPC)
            data(stream, b"\0\0\0\0\x09x")
            send(stream, OK, end_stream=True)
        case "Reset":
            connection.reset_stream(stream, 2)
        case "ResetLater":
            send(stream, GRPC)
            data(stream, FRAME)
            connection.reset_stream(stream, 2)
        case "Gone":
            return False
        case "GoneLater":
            send(stream, GRPC)
            data(stream, FRAME)
            return False
        case _:
            send(stream, [(":status", "500")], end_stream=True)
    return True


def converse(peer):
    import h2.connection
    import h2.config
    import h2.events

    config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False)
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    peer.sendall(connection.data_to_send())
    while got := peer.recv(65536):
        going = True
        for event in connection.receive_data(got):
            if isinstance(event, h2.events.RequestReceived):
                method = dict(event.headers)[":path"].rsplit("/", 1)[1]
                # A request that is not over yet is answered all the same.
                going = misbehave(method, connection, event.stream_id) and going
            elif isinstance(event, h2.events.DataReceived):
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        peer.sendall(connection.data_to_send())
        if not going:
            break
    peer.close()


def break_things(port):
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=converse, args=(peer,), daemon=True).start()


if __name__ == "__main__":
    (break_things if "--broken" in sys.argv else serve)(int(sys.argv[1]))
