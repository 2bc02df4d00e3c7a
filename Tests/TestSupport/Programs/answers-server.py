"""An HTTP server on a free port of loopback that gives prepared answers, one for each request, the last one for ever.

Takes one argument, a JSON list of `{status, headers, body, hex, prefix, repeat, cut, wants}`: `hex` is a body of any bytes,
`repeat` sends the body so many times, as one, after `prefix` (a negative number without saying its length); the log says in `sent` how much of it went
out, in bytes. `cut` breaks the connection instead, after the
request was read; `wants` are header fields that a request must have, or it gets a 401. `Date: skew=N` is N seconds ahead.
Prints the port; answers each line on standard input with the requests so far, as a JSON list.
"""
import email.utils
import http.server
import json
import sys
import threading
import time

answers = json.loads(sys.argv[1])
log = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        return self.date

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")
        entry = {"method": self.command, "target": self.path, "body": body, "sent": 0,
                 "headers": {name.lower(): value for name, value in self.headers.items()}}
        log.append(entry)
        answer = answers[min(len(log), len(answers)) - 1]
        if answer.get("cut"):
            self.close_connection = True
            self.connection.close()
            return
        wanted = answer.get("wants", {})
        refused = any(self.headers.get(name) != value for name, value in wanted.items())
        self.date = email.utils.formatdate(time.time() + answer.get("skew", 0), usegmt=True)
        content = bytes.fromhex(answer["hex"]) if "hex" in answer else answer.get("body", "").encode()
        prefix = b"" if refused else answer.get("prefix", "").encode()
        content, times = (b"", 1) if refused else (content, answer.get("repeat", 1))
        self.send_response(401 if refused else answer.get("status", 200))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        if times < 0:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(prefix) + len(content) * times))
        self.end_headers()
        try:
            self.wfile.write(prefix)
            for _ in range(abs(times)):
                self.wfile.write(content)
                entry["sent"] += len(content)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = serve

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
for _ in sys.stdin:
    print(json.dumps(log), flush=True)
