"""Relays HTTP requests on loopback to another server there, and harms them as told. One JSON object as argument; prints its
port; then answers each line of standard input with one line of JSON: `log`, or `plan [...]`. Ends with standard input.

    upstream            the other server's port
    plan                what to do with each request, in turn; all others are relayed
        relay
        lose            close without relaying
        lose-answer     relay; close without an answer
        repeat          relay twice; answer with the second answer
        late:S          relay after S seconds
        hold            answer 503; relay it only when the next request has been relayed
        NNN             relay; answer that status instead
"""
import http.client
import json
import sys
import threading
import time

import loopback

options = json.loads(sys.argv[1])
upstream = options["upstream"]
plan, log, held = list(options.get("plan", [])), [], []
lock = threading.Lock()


def relay(method, target, headers, body):
    connection = http.client.HTTPConnection("127.0.0.1", upstream, timeout=60)
    connection.request(method, target, body, dict(headers))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def serve(connection):
    stream = connection.makefile("rb")
    try:
        while line := stream.readline(65536):
            method, target, _ = line.decode("latin-1").split(" ", 2)
            headers = []
            while (line := stream.readline(65536)) not in (b"\r\n", b"\n", b""):
                name, _, value = line.decode("latin-1").partition(":")
                headers.append((name, value.strip()))
            values = {name.lower(): value for name, value in headers}
            body = stream.read(int(values.get("content-length", 0)))
            with lock:
                act = plan.pop(0) if plan else "relay"
                entry = {"id": values.get("webhook-id"), "act": act, "status": None}
                log.append(entry)
            word, _, rest = act.partition(":")
            if word == "lose":
                break
            if word == "late":
                time.sleep(float(rest))
            if word == "hold":
                held.append((method, target, headers, body))
                status, content = 503, b""
            else:
                status, content = relay(method, target, headers, body)
                if word == "repeat":
                    status, content = relay(method, target, headers, body)
                while word != "hold" and held:
                    relay(*held.pop())
            if word == "lose-answer":
                break
            if word.isdigit():
                status = int(word)
            entry["status"] = status
            lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "", ""]
            connection.sendall("\r\n".join(lines).encode() + content)
    except (OSError, ValueError):
        pass
    finally:
        stream.close()
        connection.close()


loopback.listen(serve)
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    with lock:
        if word == "plan":
            plan[:] = json.loads(rest)
        print(json.dumps(log if word == "log" else None), flush=True)
