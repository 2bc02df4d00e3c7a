"""`git daemon` on a free port of loopback, for every repository of this machine and for pushes, too: `git-daemon.py`. Prints the
port; ends with standard input."""
import os
import signal
import socket
import subprocess
import sys
import time

with socket.create_server(("127.0.0.1", 0)) as probe:
    port = probe.getsockname()[1]
daemon = subprocess.Popen(
    ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", "--export-all", "--enable=receive-pack", "--reuseaddr"],
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
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
    # What it started for a connection, too.
    os.killpg(daemon.pid, signal.SIGKILL)
