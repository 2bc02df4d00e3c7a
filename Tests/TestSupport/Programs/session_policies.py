"""What moto leaves out: that a session policy narrows a role's keys (its access control reads the role's own policies alone, and
no resources). Stands before moto's application, keeps a log of what is asked, and refuses what the policy of a session does not
allow, as the IAM User Guide describes it: `*` and `?` match, `${*}`, `${?}` and `${$}` are the characters themselves, a condition
with IfExists holds where its key is missing. A second implementation, so that ours is not its own judge.
"""
import io
import json
import re
from urllib.parse import parse_qsl, unquote

# Every request: service, action, method, path, form, session (an ARN, or None), key (its id), status.
seen = []
LIMIT = 20_000


def matches(pattern, text):
    expression = ""
    while pattern:
        if pattern[:4] in ("${*}", "${?}", "${$}"):
            expression, pattern = expression + re.escape(pattern[2]), pattern[4:]
        elif pattern.startswith("${"):
            # A variable that nobody here resolves matches nothing.
            return False
        else:
            expression += {"*": ".*", "?": "."}.get(pattern[0], re.escape(pattern[0]))
            pattern = pattern[1:]
    return re.fullmatch(expression, text, re.DOTALL) is not None


def listed(value):
    return value if isinstance(value, list) else [value]


def holds(condition, context):
    for operator, keys in condition.items():
        if operator != "StringEqualsIfExists":
            raise ValueError(operator)
        for key, wanted in keys.items():
            if key.lower() in context and context[key.lower()] not in listed(wanted):
                return False
    return True


def allowed(policy, action, resource, context):
    policy = json.loads(policy)
    assert policy["Version"] == "2012-10-17"
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        if (any(matches(entry.lower(), action.lower()) for entry in listed(statement["Action"]))
                and any(matches(entry, resource) for entry in listed(statement["Resource"]))
                and holds(statement.get("Condition", {}), context)):
            return True
    return False


def question(request, region, account):
    """The action in IAM's words, the ARN that it is done to, and the condition keys."""
    service, action, form, body = (request[key] for key in ("service", "action", "form", "body"))
    if service == "ec2":
        instance = form.get("InstanceId.1") or form.get("InstanceId")
        if action in ("DescribeInstances",):
            return f"ec2:{action}", "*", {}
        return f"ec2:{action}", f"arn:aws:ec2:{region}:{account}:instance/{instance}", {}
    if service == "iam":
        arn = form.get("PolicyArn") if action == "GetPolicy" else f"arn:aws:iam::{account}:role/{form.get('RoleName')}"
        context = {"iam:policyarn": form["PolicyArn"]} if action in ("AttachRolePolicy", "DetachRolePolicy") else {}
        return f"iam:{action}", arn, context
    if service == "ecs":
        sent = json.loads(body)
        kind, name = ("service", sent.get("service") or sent.get("services", [None])[0]) if "Service" in action else (
            "task", sent.get("task") or sent.get("tasks", [None])[0])
        name = (name or "").split("/")[-1]
        return f"ecs:{action}", f"arn:aws:ecs:{region}:{account}:{kind}/{sent.get('cluster')}/{name}", {}
    if service == "lambda":
        return f"lambda:{action}", f"arn:aws:lambda:{region}:{account}:function:{request['path'].split('/')[3]}", {}
    if service == "s3":
        name = "arn:aws:s3:::" + request["path"].lstrip("/")
        return f"s3:{action}", name, {}
    return f"{service}:{action}", "*", {}


def named(environ, body):
    """The service, and the action as IAM calls it."""
    credential = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition(",")[0].split("/")
    service = credential[3] if len(credential) == 5 else ""
    region = credential[2] if len(credential) == 5 else ""
    method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    form = {}
    if service in ("ec2", "iam", "sts"):
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        action = form.get("Action", "")
    elif service == "ecs":
        action = environ.get("HTTP_X_AMZ_TARGET", "").split(".")[-1]
    elif service == "lambda":
        action = {("POST", "invocations"): "InvokeFunction", ("PUT", "configuration"): "UpdateFunctionConfiguration",
                  ("GET", "configuration"): "GetFunctionConfiguration"}.get((method, path.split("/")[-1]), "other")
    elif service == "s3":
        is_object = len(path.strip("/").split("/")) > 1 or path.count("/") > 1
        action = (("HEAD", True), ("GET", True)).count((method, is_object)) and "GetObject" or {
            ("DELETE", True): "DeleteObject", ("PUT", True): "PutObject", ("HEAD", False): "ListBucket",
            ("PUT", False): "PutBucketPolicy" if query.startswith("policy") else "CreateBucket",
            ("GET", False): "GetBucketPolicy" if query.startswith("policy") else "ListBucket",
        }.get((method, is_object), "other")
    else:
        action = ""
    return {"service": service, "action": action, "method": method, "path": unquote(path), "form": form,
            "body": body.decode("utf-8", "replace"), "key": credential[0], "region": region}


def session(key):
    from moto.sts.models import sts_backends

    for account, partitions in list(sts_backends.items()):
        for partition in list(partitions.values()):
            for role in partition.assumed_roles:
                if role.access_key_id == key:
                    return account, role
    return None, None


def refusal(request):
    words = f"not authorized to perform: {request['service']}:{request['action']} because no session policy allows it"
    if request["service"] in ("ecs", "lambda"):
        return "400 Bad Request", [("x-amzn-ErrorType", "AccessDeniedException")], json.dumps({"message": words})
    if request["service"] == "ec2":
        return "403 Forbidden", [], (f"<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>{words}</Message>"
                                     "</Error></Errors><RequestID>r</RequestID></Response>")
    if request["service"] == "s3":
        return "403 Forbidden", [], f"<Error><Code>AccessDenied</Code><Message>{words}</Message></Error>"
    return "403 Forbidden", [], (f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{words}</Message></Error>"
                                 "<RequestId>r</RequestId></ErrorResponse>")


def may(role, action, resource, context):
    return role.policy is None or allowed(role.policy, action, resource, context)


def mend_signatures():
    """moto computes another signature of Lambda's GET requests than boto3 itself sends."""
    from moto.iam.access_control import IAMRequestBase

    check = IAMRequestBase.check_signature
    IAMRequestBase.check_signature = (
        lambda self: None if self._service == "lambda" and self._method == "GET" else check(self))


def standing_before(application):
    mend_signatures()

    def call(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        if len(body) < length:
            # No server acts on half a request; moto would.
            start_response("400 Bad Request", [("Content-Length", "0"), ("Connection", "close")])
            return [b""]
        environ["wsgi.input"] = io.BytesIO(body)
        request = named(environ, body)
        account, role = session(request["key"])
        request["session"] = role.arn if role else None
        if len(seen) < LIMIT and request["service"]:
            seen.append(request)

        def started(status, headers, *rest):
            if role is not None and status.startswith("404") and request["action"] == "GetObject":
                # S3 tells that there is no such object to those alone who may list the bucket.
                if not may(role, "s3:ListBucket", "arn:aws:s3:::" + request["path"].split("/")[1], {}):
                    status = "403 Forbidden"
            request["status"] = int(status.split()[0])
            return start_response(status, headers, *rest)

        if role is not None and request["action"] != "GetCallerIdentity":
            if not may(role, *question(request, request["region"], account)):
                status, headers, text = refusal(request)
                started(status, headers + [("Content-Length", str(len(text)))])
                return [b"" if environ["REQUEST_METHOD"] == "HEAD" else text.encode()]
        return application(self, environ, started)

    return call
