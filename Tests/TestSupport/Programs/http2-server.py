"""nghttpd, which speaks HTTP/2 alone, on a free port of loopback: `http2-server.py FOLDER KEY CERTIFICATE`. Prints the port;
ends with standard input."""
import socket
import subprocess
import sys
import time

folder, key, certificate = sys.argv[1:]
with socket.create_server(("127.0.0.1", 0)) as probe:
    port = probe.getsockname()[1]
server = subprocess.Popen(
    ["nghttpd", "--address=127.0.0.1", "--echo-upload", "-d", folder, str(port), key, certificate],
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    print(port, flush=True)
    sys.stdin.read()
finally:
    server.kill()
