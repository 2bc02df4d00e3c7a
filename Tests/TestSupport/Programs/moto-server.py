"""moto's server on a free port of loopback, for as long as standard input is open. Prints the port.

Lines on standard input: `reset` forgets everything; anything else is a Python expression over `boto`, a function that makes
a boto3 client of this server (`boto("iam").list_roles()`), answered with JSON. So boto3 prepares and reads back.
"""
import json
import os
import sys

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent",
                  AWS_EC2_METADATA_DISABLED="true")

import logging

logging.getLogger("werkzeug").setLevel(logging.ERROR)

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(port, flush=True)


def boto(service, region="eu-central-1", key="test", secret="test", token=None):
    return boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{port}", aws_access_key_id=key,
                        aws_secret_access_key=secret, aws_session_token=token)


scope = {"boto": boto, "json": json}
for line in sys.stdin:
    line = line.strip()
    try:
        if line.startswith("do "):
            exec(line[3:].replace("\\n", "\n"), scope)
            answer = None
        else:
            answer = eval(line, scope)
        print(json.dumps(answer, default=str), flush=True)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
server.stop()
