"""What the servers of these tests share: they listen on a free port of loopback and print it first."""
import os
import signal
import socket
import subprocess
import sys
import threading
import time


def listen(serve, *arguments, port=0):
    """Has each connection served in a thread of its own, from now on and as long as the process lives."""
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection, *arguments), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def run(command):
    """Runs the server that `command` makes of a port, until standard input ends."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        command(str(port)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
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
        os.killpg(server.pid, signal.SIGKILL)
