"""moto's server on a free port of loopback, for as long as standard input is open. Prints the port.

Each line on standard input is a scope, a blank, and a Python expression over `boto`, which makes a boto3 client of this server
(`1 boto("iam").list_roles()`), or `do ` and statements with `\\n` between them. It is answered with JSON. Variables live
in their scope. So boto3 prepares and reads back. `seen` is what the server was asked; see session_policies.py.
"""
import json
import os
import sys

# What moto prints is none of the answers.
answers, sys.stdout = sys.stdout, sys.stderr

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent",
                  AWS_EC2_METADATA_DISABLED="true")

import logging

logging.getLogger("werkzeug").setLevel(logging.ERROR)

import boto3
import requests
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer

import session_policies

DomainDispatcherApplication.__call__ = session_policies.standing_before(DomainDispatcherApplication.__call__)

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
# No function runs here: that would need containers. They answer with what was laid ready.
requests.post(f"http://127.0.0.1:{port}/moto-api/config", json={"lambda": {"use_docker": False}}, timeout=30)
print(port, file=answers, flush=True)


def boto(service, region="eu-central-1", key="test", secret="test", token=None):
    return boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{port}", aws_access_key_id=key,
                        aws_secret_access_key=secret, aws_session_token=token)


scopes = {}
for line in sys.stdin:
    name, line = line.strip().split(" ", 1)
    scope = scopes.setdefault(name, {"boto": boto, "json": json, "seen": session_policies.seen})
    try:
        if line.startswith("do "):
            exec(line[3:].replace("\\n", "\n"), scope)
            answer = None
        else:
            answer = eval(line, scope)
        print(json.dumps(answer, default=str), file=answers, flush=True)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers, flush=True)
server.stop()
