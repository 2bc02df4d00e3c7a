#!/usr/bin/env python3
"""Receives what `agentsafe ledger ship https://…` sends, and keeps it in a folder as `agentsafe ledger ship FOLDER` would:
one git bundle an event, named by its height. Nothing but Python's standard library.

    evidence-receiver.py FOLDER --secret-file FILE [--port 8443 --certificate CRT --key KEY]

Takes only what Standard Webhooks signatures prove to come from somebody with the secret; stores an event when the one before
is stored; never replaces one. So a message that is sent again does no harm, one that is lost is asked for, and
`agentsafe ledger verify-shipped FOLDER --genesis …` proves what is there.
"""
import argparse
import base64
import binascii
import hashlib
import hmac
import http.server
import json
import os
import ssl
import sys
import tempfile
import threading
import time

MAXIMUM = 400 << 20  # bytes of one message
SECRET = "whsec_"


class Shelf:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        os.makedirs(folder, exist_ok=True)
        self.next = 0
        while os.path.exists(self.path(self.next)):
            self.next += 1

    def path(self, height):
        return os.path.join(self.folder, f"{height:012}.bundle")

    def add(self, height, bundle):
        """The status to answer, and whether the event is new here."""
        with self.lock:
            if height > self.next:
                return 202, False
            if height < self.next:
                with open(self.path(height), "rb") as file:
                    return (200 if file.read() == bundle else 409), False
            descriptor, temporary = tempfile.mkstemp(prefix=".unfinished-", dir=self.folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(bundle)
                    os.fchmod(file.fileno(), 0o444)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(temporary, self.path(height))  # unlike a rename, never replaces
            finally:
                os.unlink(temporary)
            folder = os.open(self.folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
            self.next += 1
            return 200, True


def is_signed(headers, body, secrets, tolerance):
    identifier, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if "." in identifier or not timestamp.isdigit() or abs(time.time() - int(timestamp)) > tolerance:
        return False
    content = f"{identifier}.{timestamp}.".encode() + body
    given = [word[3:] for word in headers.get("webhook-signature", "").split(" ") if word.startswith("v1,")]
    wanted = [base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode() for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in wanted for other in given)


def read(body):
    """Height and bundle of a message; ValueError for everything else."""
    data = json.loads(body)["data"]
    height, bundle = data["height"], base64.b64decode(data["bundle"], validate=True)
    if type(height) is not int or not 0 <= height < 10**9 or hashlib.sha256(bundle).hexdigest() != data["sha256"]:
        raise ValueError
    return height, bundle


def handler(shelf, secrets, tolerance):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > MAXIMUM:
                self.close_connection = True
                return self.reply(413, {})
            body = self.rfile.read(int(length))
            if len(body) != int(length):
                self.close_connection = True
                return
            if not is_signed(self.headers, body, secrets, tolerance):
                return self.reply(401, {})
            try:
                height, bundle = read(body)
            except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
                return self.reply(400, {})
            status, is_new = shelf.add(height, bundle)
            self.reply(status, {"next": shelf.next, "new": is_new})

        def reply(self, status, value):
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description="Keeps shipped evidence in a folder.")
    parser.add_argument("folder")
    parser.add_argument("--secret-file", required=True, help="`whsec_…`, one a line")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="default: any that is free; it is printed")
    parser.add_argument("--certificate", help="PEM; without it plain HTTP, for a proxy in front")
    parser.add_argument("--key")
    parser.add_argument("--tolerance", type=int, default=300, help="seconds that a message's time may be off")
    options = parser.parse_args()
    with open(options.secret_file) as file:
        secrets = [base64.b64decode(word.removeprefix(SECRET), validate=True) for word in file.read().split()]
    if not secrets or min(map(len, secrets)) < 24:
        sys.exit("the secret is none: `whsec_` and the base64 of 24 random bytes or more")
    server = http.server.ThreadingHTTPServer(
        (options.host, options.port), handler(Shelf(options.folder), secrets, options.tolerance))
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
