"""A receiver of webhooks on loopback that takes, loses, delays and refuses as told. One JSON object as argument; prints its port;
then answers each line of standard input with one line of JSON: `log` (every request), `kept` (what was taken, by id), or
`plan [...]` (what to do next). Ends with standard input.

    certificate, key    PEM files; without them plain HTTP
    secrets             `whsec_…`: a request must carry a good signature of one of them, or it gets 401
    tolerance           seconds that a timestamp may be off; without it any
    plan                what to do with each request, in turn, and then `then` (default `take`) with all others:
        take            keep it; 200
        lose            close without reading an answer out; nothing is kept
        lose-answer     keep it; close without an answer
        slow:S          keep it; answer after S seconds
        hang            never answer
        redirect:URL    307
        huge            keep it; 200 with an endless body
        huge-refusal    500 with an endless body
        garbage         what is no HTTP
        NNN[:SECONDS]   that status, with Retry-After
"""
import base64
import hashlib
import hmac
import json
import ssl
import sys
import threading
import time

import loopback

options = json.loads(sys.argv[1])
plan = list(options.get("plan", []))
then = options.get("then", "take")
log, kept = [], {}
lock = threading.Lock()


def fault(headers, body):
    """Why the request is not what Standard Webhooks 1.0.0 has it be; None when it is."""
    names = [name for name, _ in headers]
    for name in ("webhook-id", "webhook-timestamp", "content-type"):
        if names.count(name) != 1:
            return f"{name} is there {names.count(name)} times"
    values = dict(headers)
    identifier, timestamp = values["webhook-id"], values["webhook-timestamp"]
    if "." in identifier or not timestamp.isdigit():
        return "id or timestamp is malformed"
    if "tolerance" in options and abs(time.time() - int(timestamp)) > options["tolerance"]:
        return "the timestamp is off"
    if "secrets" not in options:
        return "signed without a secret" if "webhook-signature" in values else None
    content = f"{identifier}.{timestamp}.".encode() + body
    given = [s[3:] for s in values.get("webhook-signature", "").split(" ") if s.startswith("v1,")]
    for secret in options["secrets"]:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(wanted, signature) for signature in given):
            return None
    return "no signature is good"


def read_request(stream):
    line = stream.readline(65536)
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = []
    while (line := stream.readline(65536)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name.lower(), value.strip()))
    length = int(dict(headers).get("content-length", 0))
    body = stream.read(length)
    return (method, target, headers, body) if len(body) == length else None


def serve(connection, tls):
    try:
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb")
        while request := read_request(stream):
            if not answer(connection, *request):
                break
        connection.close()
    except (OSError, ValueError):
        pass


def answer(connection, method, target, headers, body):
    values = dict(headers)
    wrong = "it is no POST" if method != "POST" else fault(headers, body)
    with lock:
        act = plan.pop(0) if plan else then
        takes = wrong is None and act.split(":")[0] in ("take", "lose-answer", "slow", "huge")
        log.append({"id": values.get("webhook-id"), "target": target, "headers": headers, "fault": wrong, "act": act,
                    "body": body.decode("utf-8", "replace")})
        if takes:
            entry = kept.setdefault(values["webhook-id"], {"times": 0, "bodies": []})
            entry["times"] += 1
            if (text := body.decode("utf-8", "replace")) not in entry["bodies"]:
                entry["bodies"].append(text)

    def send(status, extra=(), content=b"ok"):
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", *extra]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + content)
        return True

    if wrong is not None:
        return send(401, content=b"the answer quotes: " + body[:200])
    word, _, rest = act.partition(":")
    if word == "take":
        return send(200)
    if word == "slow":
        time.sleep(float(rest))
        return send(200)
    if word == "hang":
        time.sleep(3600)
    if word == "redirect":
        return send(307, [f"Location: {rest}"])
    if word in ("huge", "huge-refusal"):
        connection.sendall(f"HTTP/1.1 {200 if word == 'huge' else 500} X\r\n\r\n".encode())
        while True:
            connection.sendall(b"a" * 65536)
    if word == "garbage":
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        return False
    if word.isdigit():
        return send(int(word), [f"Retry-After: {rest}"] if rest else [], b"the answer quotes: " + body[:200])
    return False


def main():
    tls = None
    if "certificate" in options:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options["certificate"], options["key"])
    loopback.listen(serve, tls, port=options.get("port", 0))
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        with lock:
            if word == "plan":
                plan[:] = json.loads(rest)
            print(json.dumps(kept if word == "kept" else log if word == "log" else None), flush=True)


main()
