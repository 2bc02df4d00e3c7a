"""A server on loopback that answers as told, well or badly. One JSON object as argument; prints its port; then answers
each line of standard input with one line of JSON: `count` (connections, requests, mutations), `log` (the requests). Ends
with standard input.

    certificate, key    PEM files; without them plain HTTP
    clients             PEM file of authorities; a client certificate of theirs is demanded
    maximum             the newest version of TLS: `1.1`, `1.2`
    mode                `answer` (default), `proxy` (CONNECT; `refuse` names what is refused), `script`
    script              for `script`: a file with a list of {method, target, status, headers, body}; bytes in base64
    credential          401 for requests without exactly this `Authorization`; `@FILE` reads it each time
"""
import base64
import gzip
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
counts = {"connections": 0, "requests": 0, "mutations": 0}
log = []
lock = threading.Lock()


def context():
    if "certificate" not in options:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options["certificate"], options["key"])
    if maximum := options.get("maximum"):
        # Old versions need old algorithms.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2}[maximum]
    if clients := options.get("clients"):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def read_request(stream):
    line = stream.readline(65536)
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = []
    while (line := stream.readline(65536)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append([name, value.strip()])
    request = Request(method, target, headers, b"")
    if length := request.header("Content-Length"):
        request.body = stream.read(int(length))
        if len(request.body) < int(length):
            return None
    return request


def head(status, headers):
    lines = [f"HTTP/1.1 {status} X"] + [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(status, body, headers=()):
    if isinstance(body, (dict, list)):
        body, headers = json.dumps(body).encode(), [("Content-Type", "application/json"), *headers]
    return head(status, [*headers, ("Content-Length", len(body))]) + body


def credential():
    wanted = options["credential"]
    return open(wanted[1:]).read().strip() if wanted.startswith("@") else wanted


def answer(request, connection, send, number):
    """Sends an answer; returns whether the connection goes on."""
    if "credential" in options and request.header("Authorization") != credential():
        send(whole(401, {"kind": "Status", "status": "Failure", "reason": "Unauthorized", "code": 401}))
        return True
    path = request.target.split("?")[0]
    if path == "/echo" or path.endswith("/echo"):
        send(whole(200, {
            "method": request.method, "target": request.target, "headers": request.headers,
            "body": request.body.decode("latin-1"), "connection": number,
            "tls": connection.version() if isinstance(connection, ssl.SSLSocket) else None,
            "client": dict(pair[0] for pair in connection.getpeercert()["subject"]).get("commonName")
            if isinstance(connection, ssl.SSLSocket) and connection.getpeercert() else None}))
    elif path.startswith("/status/"):
        extra = [tuple(item.split("=", 1)) for item in request.target.partition("?")[2].split("&") if item]
        send(whole(int(path[8:]), b"no", extra))
    elif path == "/redirect":
        send(whole(302, b"", [("Location", "/echo")]))
    elif path == "/gzip":
        send(whole(200, gzip.compress(b"small and packed"), [("Content-Encoding", "gzip")]))
    elif path == "/gzip-bomb":
        send(whole(200, gzip.compress(bytes(200 << 20)), [("Content-Encoding", "gzip")]))
    elif path == "/endless-head":
        send(b"HTTP/1.1 200 X\r\n")
        while True:
            send(b"X-More: " + b"a" * 1000 + b"\r\n")
    elif path == "/endless-body":
        send(head(200, []))
        while True:
            send(b"a" * 65536)
    elif path == "/short":
        send(head(200, [("Content-Length", 100)]) + b"only this")
        return False
    elif path == "/long":
        send(head(200, [("Content-Length", 5)]) + b"more than five")
        return False
    elif path == "/unframed":
        # Neither length nor close_notify: a cut is not to be told from an end.
        send(head(200, []) + b'{"items": [')
        connection.close() if not isinstance(connection, ssl.SSLSocket) else reset(connection)
        return False
    elif path == "/interim":
        send(b"HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n" + whole(200, b"real", [("X-Real", "yes")]))
    elif path == "/no-http":
        send(b"SSH-2.0-OpenSSH_9.2\r\n")
        return False
    elif path == "/silent":
        time.sleep(3600)
    elif path == "/drop":
        return False
    elif path == "/drop-if-reused":
        if number in seen_once:
            return False
        seen_once.add(number)
        send(whole(200, b"once"))
    elif path == "/loris":
        for byte in whole(200, b"slow"):
            send(bytes([byte]))
            time.sleep(0.5)
    elif path == "/stream":
        send(head(200, [("Transfer-Encoding", "chunked")]))
        for index in range(int(request.header("X-Count") or 5)):
            send(b"%x\r\nevent %d\n\r\n" % (len(f"event {index}\n"), index))
        if request.header("X-Hang"):
            time.sleep(3600)
        send(b"0\r\n\r\n")
    elif path == "/flaky":
        # Fails as often as it is told, then goes well.
        key = request.target
        with lock:
            failures[key] = failures.get(key, 0) + 1
        if failures[key] <= int(request.header("X-Failures") or 2):
            if request.header("X-How") == "drop":
                return False
            send(whole(int(request.header("X-How") or 503), b"", [("Retry-After", "1")]))
        else:
            send(whole(200, str(failures[key]).encode()))
    else:
        send(whole(404, {"kind": "Status", "reason": "NotFound", "code": 404}))
    return True


seen_once = set()
failures = {}
script = {}


def play(request, send):
    """Answers what was recorded for the method and the target, each in its turn; the last one again and again."""
    with lock:
        waiting = script.get((request.method, request.target)) or []
        entry = waiting.pop(0) if len(waiting) > 1 else waiting[0] if waiting else None
    if entry is None:
        send(whole(404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}))
        return
    body = base64.b64decode(entry["body"])
    send(head(entry["status"], [*entry["headers"], ("Content-Length", len(body))]) + body)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def serve(connection, tls):
    try:
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        with lock:
            counts["connections"] += 1
            number = counts["connections"]
        stream = connection.makefile("rb")
        while request := read_request(stream):
            with lock:
                counts["requests"] += 1
                counts["mutations"] += request.method not in ("GET", "HEAD")
                log.append({"method": request.method, "target": request.target, "headers": request.headers,
                            "body": request.body.decode("latin-1")})
            if options.get("mode") == "script":
                play(request, connection.sendall)
            elif not answer(request, connection, connection.sendall, number):
                break
        connection.close()
    except (OSError, ValueError):
        pass


def tunnel(connection, tls):
    """A proxy that knows only CONNECT."""
    try:
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb", buffering=0)
        request = read_request(stream)
        if not request:
            return
        with lock:
            counts["connections"] += 1
            counts["requests"] += 1
            log.append({"method": request.method, "target": request.target, "headers": request.headers})
        if request.method != "CONNECT" or request.target == options.get("refuse"):
            connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = request.target.rpartition(":")
        # Every name leads to loopback.
        other = socket.create_connection(("127.0.0.1", int(port)))
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        threading.Thread(target=pump, args=(other, connection), daemon=True).start()
        pump(connection, other)
    except (OSError, ValueError):
        pass


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main():
    if path := options.get("script"):
        for entry in json.load(open(path)):
            script.setdefault((entry["method"], entry["target"]), []).append(entry)
    tls = context()
    loopback.listen(tunnel if options.get("mode") == "proxy" else serve, tls)
    for line in sys.stdin:
        with lock:
            print(json.dumps(log if line.strip() == "log" else counts), flush=True)


main()
