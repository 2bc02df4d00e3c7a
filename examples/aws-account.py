"""moto's server on loopback with one EC2 instance in eu-central-1, for `aws.sh`. Prints its port and the instance's id, and for
each line on standard input the state that boto3 sees."""
import os
import sys

answers, sys.stdout = sys.stdout, sys.stderr
os.environ.update(AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent")

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
client = boto3.client("ec2", region_name="eu-central-1", endpoint_url=f"http://127.0.0.1:{port}",
                      aws_access_key_id="test", aws_secret_access_key="test")
image = client.describe_images()["Images"][0]["ImageId"]
made = client.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")["Instances"][0]
print(port, made["InstanceId"], file=answers, flush=True)
for _ in sys.stdin:
    found = client.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]
    print(found["State"]["Name"], file=answers, flush=True)
server.stop()
