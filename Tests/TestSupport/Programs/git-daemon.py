"""`git daemon` on a free port of loopback, for every repository of this machine and for pushes, too: `git-daemon.py`. Prints the
port; ends with standard input."""
import loopback

loopback.run(lambda port: [
    "git", "daemon", "--listen=127.0.0.1", f"--port={port}", "--export-all", "--enable=receive-pack", "--reuseaddr"])
