"""Ends TLS and stands between a client and a plain HTTP server on loopback, doing harm as told. One JSON object as argument:
`certificate`, `key`, `clients` (PEM files; client certificates are demanded; without them there is no TLS), `upstream` (port). Prints its port, then answers
each line of standard input with one of JSON:

    {"exchange": N, "fault": F, "at": B, "times": T}   harms the N-th exchange from here on (from 0), and the T - 1 after it;
                                                       without `exchange` nothing more is harmed
    count                                              exchanges since the last order, with the sizes of each

Faults: `request` passes B bytes of the request on and resets both sides; `response` passes the request and B bytes of the
answer, and resets; `slow` passes the answer a byte at a time; `truncated` halves the body, with a length that fits; `longer` and
`shorter` give a wrong Content-Length; `garbage` answers no HTTP; `storm` answers 503 and passes nothing on; `storm-after` passes
the request on and answers 503.
"""
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

import loopback

options = json.loads(sys.argv[1])
lock = threading.Lock()
order = {}
sizes = []


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def read_message(stream, has_body=True):
    """The bytes of a head and of the body that its Content-Length announces; None at the end. The answer to HEAD has none."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline(65536)
        if not line:
            return None
        head += line
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value) if has_body else 0
    body = stream.read(length)
    return (head, body) if len(body) == length else None


def asks_for_a_head(request):
    return request[0].startswith(b"HEAD ")


def with_length(head, length):
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length:")]
    lines.insert(1, b"Content-Length: %d" % length)
    return b"\r\n".join(lines)


def next_fault():
    with lock:
        index = len(sizes)
        sizes.append([0, 0])
        first = order.get("exchange")
        return index, order if first is not None and first <= index < first + order.get("times", 1) else {}


def serve(client):
    upstream = None
    try:
        if tls is not None:
            client = tls.wrap_socket(client, server_side=True)
        stream = client.makefile("rb")
        while request := read_message(stream):
            has_body = not asks_for_a_head(request)
            index, fault = next_fault()
            kind, at, whole = fault.get("fault"), fault.get("at", 0), b"".join(request)
            sizes[index][0] = len(whole)
            if kind == "storm":
                client.sendall(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")
                continue
            if upstream is None:
                upstream = socket.create_connection(("127.0.0.1", options["upstream"]))
                answers = upstream.makefile("rb")
            if kind == "request":
                upstream.sendall(whole[:at])
                if at >= len(whole):
                    # The server has all of it; it acts before the client hears that nobody answers.
                    read_message(answers, has_body)
                reset(upstream)
                reset(client)
                return
            upstream.sendall(whole)
            head, body = read_message(answers, has_body)
            answer = head + body
            sizes[index][1] = len(answer)
            if kind == "response":
                client.sendall(answer[:at])
                # What was sent goes out before the reset does.
                time.sleep(0.002)
                reset(client)
                return
            if kind == "slow":
                for byte in answer:
                    client.sendall(bytes([byte]))
                    time.sleep(0.2)
            elif kind == "truncated":
                body = body[: len(body) // 2]
                client.sendall(with_length(head, len(body)) + body)
            elif kind == "longer":
                client.sendall(with_length(head, len(body) + 10) + body)
                return
            elif kind == "shorter":
                client.sendall(with_length(head, max(0, len(body) - 10)) + body)
                return
            elif kind == "garbage":
                client.sendall(b"\x00\x01\x02 nothing that HTTP knows\r\n\r\n")
                return
            elif kind == "storm-after":
                client.sendall(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")
                # The server may have said that it closes; the client was not told.
                answers.close()
                upstream.close()
                upstream = None
            else:
                client.sendall(answer)
    except (OSError, ValueError, TypeError):
        pass
    finally:
        for connection in (client, upstream):
            if connection is not None:
                try:
                    connection.close()
                except OSError:
                    pass


tls = None
if "certificate" in options:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(options["certificate"], options["key"])
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(options["clients"])
    tls.set_alpn_protocols(["http/1.1"])
loopback.listen(serve)
for line in sys.stdin:
    with lock:
        if line.strip() != "count":
            order = json.loads(line)
            sizes = []
        print(json.dumps(sizes), flush=True)
