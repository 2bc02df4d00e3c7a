"""nghttpd, which speaks HTTP/2 alone, on a free port of loopback: `http2-server.py FOLDER KEY CERTIFICATE`. Prints the port;
ends with standard input."""
import sys

import loopback

folder, key, certificate = sys.argv[1:]
loopback.run(lambda port: ["nghttpd", "--address=127.0.0.1", "--echo-upload", "-d", folder, port, key, certificate])
