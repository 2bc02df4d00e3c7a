"""Relays TCP on loopback, knowing nothing of what it carries, and resets connections as told: what TLS, HTTP/2 and streams are
cut with. The upstream port as argument; prints its own; then answers each line of standard input with one of JSON:

    {"way": W, "at": B, "times": T}   counting from here on, all connections together: B bytes of the way W (`request`, `answer`)
                                      pass, then their connection is reset at both ends; so are the T - 1 that speak up after it
    {"way": W, "at": B, "stalls": true}   the connection is not reset: nothing passes any more, and nobody is told
    {}                                nothing is harmed
    count                             the bytes of both ways since the last order, and how many connections it harmed
"""
import json
import os
import socket
import struct
import sys
import threading
import time

import loopback

lock = threading.Lock()
order, passed, harmed = {}, {"request": 0, "answer": 0}, 0


def reset(connection):
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The other thread may wait in recv, which holds a closed socket open.
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    try:
        os.close(connection.detach())
    except OSError:
        pass


def allowed(way, size):
    """How many of `size` bytes pass, and whether harm follows."""
    global harmed
    with lock:
        before = passed[way]
        passed[way] += size
        if order.get("way") is None or harmed >= order.get("times", 1):
            return size, False
        if harmed == 0:
            if order["way"] != way or order["at"] >= before + size:
                return size, False
            size = order["at"] - before
        else:
            size = 0
        harmed += 1
        return size, True


def relay(source, sink, way, pair):
    try:
        while piece := source.recv(65536):
            count, is_harmed = allowed(way, len(piece))
            sink.sendall(piece[:count])
            if is_harmed:
                if order.get("stalls"):
                    threading.Event().wait()
                # What was sent goes out before the reset does.
                time.sleep(0.002)
                for connection in pair:
                    reset(connection)
                return
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for connection in pair:
            try:
                connection.close()
            except OSError:
                pass


def serve(client):
    try:
        server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    except OSError:
        client.close()
        return
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pair = (client, server)
    threading.Thread(target=relay, args=(server, client, "answer", pair), daemon=True).start()
    relay(client, server, "request", pair)


loopback.listen(serve)
for line in sys.stdin:
    with lock:
        if line.strip() == "count":
            print(json.dumps([passed["request"], passed["answer"], harmed]), flush=True)
            continue
        order, passed, harmed = json.loads(line), {"request": 0, "answer": 0}, 0
        print("[]", flush=True)
