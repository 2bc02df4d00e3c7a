import ChangeModel
import HTTP
import OperatingSystem
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("Getting the keys that a plan leads to")
struct PlannedKeysTests {
    private func keys(
        _ plan: CredentialPlan, _ endpoints: EndpointSettings = EndpointSettings(), _ host: Host = .forAWS()
    ) -> PlannedKeys {
        PlannedKeys(plan, region: "eu-central-1", endpoints: endpoints, host: host)
    }

    @Test("roles are assumed one after the other at STS, and STS says whose keys they are")
    func roles() throws {
        guard let moto = try MotoServer.shared() else { return }
        let first = AssumedRole(arn: "arn:aws:iam::123456789012:role/first", sessionName: "one")
        let second = AssumedRole(
            arn: "arn:aws:iam::123456789012:role/second", sessionName: "two", externalID: "x", duration: 900)
        let plan = CredentialPlan.assumeRole(
            second, source: .assumeRole(first, source: .environment(AccessKey(id: "test", secret: "test"))))
        let planned = keys(plan, moto.endpoints)
        let key = try planned.key()
        #expect(key.id.hasPrefix("ASIA") && key.sessionToken != nil)
        #expect(try planned.key() == key)
        let client = ServiceClient(
            region: "eu-central-1", endpoints: moto.endpoints, keys: planned, host: .forAWS())
        let who = try SecurityTokenService(client: client).callerIdentity()
        #expect(who.account == "123456789012")
        #expect(who.arn == "arn:aws:sts::123456789012:assumed-role/second/two")
        // Renewed, it is another key.
        #expect(planned.renew())
        #expect(try planned.key() != key)
    }

    @Test("a web identity's token proves itself, unsigned")
    func webIdentity() throws {
        guard let moto = try MotoServer.shared() else { return }
        let folder = try TemporaryDirectory()
        try Files.create("\(folder.path)/token", Array("header.payload.signature\n".utf8))
        let plan = CredentialPlan.webIdentity(
            WebIdentity(tokenFile: "\(folder.path)/token", roleARN: "arn:aws:iam::123456789012:role/web"))
        #expect(try keys(plan, moto.endpoints).key().id.hasPrefix("ASIA"))
        let answers = try AnswersServer([["status": 403, "body": "<ErrorResponse/>"]])
        #expect(throws: ServiceError.self) { try keys(plan, answers.endpoints).key() }
        let request = try #require(try answers.requests().first)
        #expect(request.at("headers", "authorization") == nil)
        #expect(request["body"]?.stringValue?.contains("WebIdentityToken=header.payload.signature") == true)
        let missing = CredentialPlan.webIdentity(WebIdentity(tokenFile: "\(folder.path)/no", roleARN: "x"))
        #expect(throws: ServiceError.self) { try keys(missing, moto.endpoints).key() }
    }

    private static func issued(_ end: String = "2099-01-01T00:00:00Z") -> JSONValue {
        ["AccessKeyId": "ASIAM", "SecretAccessKey": "s", "Token": "t", "Expiration": .string(end)]
    }

    @Test("instance metadata is asked with a token first, version 2 alone")
    func instance() throws {
        let server = try AnswersServer([
            ["body": "TOKEN", "wants": ["X-aws-ec2-metadata-token-ttl-seconds": "21600"]],
            ["body": "my role\n", "wants": ["X-aws-ec2-metadata-token": "TOKEN"]],
            ["body": .string(Self.issued().canonicalText), "wants": ["X-aws-ec2-metadata-token": "TOKEN"]],
        ])
        let host = Host.forAWS(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.address])
        #expect(
            try keys(.instance, EndpointSettings(), host).key()
                == AccessKey(id: "ASIAM", secret: "s", sessionToken: "t"))
        let requests = try server.requests()
        #expect(requests.map { $0["method"] } == ["PUT", "GET", "GET"])
        #expect(requests.last?["target"] == "/latest/meta-data/iam/security-credentials/my%20role")
        // Version 1 would answer without a token; that is not taken for one.
        let old = try AnswersServer([["status": 404]])
        let refusing = Host.forAWS(["AWS_EC2_METADATA_SERVICE_ENDPOINT": old.address])
        #expect(throws: ServiceError.self) { try keys(.instance, EndpointSettings(), refusing).key() }
        let elsewhere = Host.forAWS(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://10.0.0.1:80"])
        let error = #expect(throws: ServiceError.self) { try keys(.instance, EndpointSettings(), elsewhere).key() }
        #expect(error?.message.contains("no address on this machine") == true)
    }

    @Test("a container's agent gets the authorization, and no other host without TLS does")
    func container() throws {
        let server = try AnswersServer([
            ["body": .string(Self.issued().canonicalText), "wants": ["Authorization": "secret-word"]]
        ])
        let plan = CredentialPlan.container(
            ContainerEndpoint(url: server.address + "/v2/creds?x=1", authorization: "secret-word"))
        #expect(try keys(plan).key().id == "ASIAM")
        #expect(try server.requests().first?["target"] == "/v2/creds?x=1")
        for url in ["http://10.0.0.1/x", "http://example.com/", "ftp://127.0.0.1/", "nonsense"] {
            let far = CredentialPlan.container(ContainerEndpoint(url: url, authorization: "secret-word"))
            let error = #expect(throws: ServiceError.self) { try keys(far).key() }
            #expect(error?.message.contains("secret-word") == false)
            #expect(error?.message.contains("asked for over https") == true)
        }
    }

    @Test("new keys are asked for before the old ones end")
    func renewal() throws {
        let body = JSONValue.string(Self.issued("2026-12-01T01:00:00Z").canonicalText)
        let server = try AnswersServer([["body": body]])
        let clock = MovingClock(Timestamp("2026-12-01T00:00:00Z")?.seconds ?? 0)
        let planned = keys(
            .container(ContainerEndpoint(url: server.address)), EndpointSettings(), .forAWS(now: { clock.now }))
        for (second, asked) in [(0, 1), (3299, 1), (3300, 2), (3301, 3)] {
            clock.now = (Timestamp("2026-12-01T00:00:00Z")?.seconds ?? 0) + Int64(second)
            _ = try planned.key()
            #expect(try server.requests().count == asked, "\(second)")
        }
    }

    final class MovingClock: @unchecked Sendable {
        var now: Int64
        init(_ now: Int64) { self.now = now }
    }

    @Test("a login in the cache is exchanged for a role's keys; one that is missing or has ended says what to run")
    func singleSignOn() throws {
        let home = try TemporaryDirectory()
        let answer: JSONValue = [
            "roleCredentials": [
                "accessKeyId": "ASIAS", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4_070_908_800_000,
            ]
        ]
        let server = try AnswersServer([
            ["body": .string(answer.canonicalText), "wants": ["x-amz-sso_bearer_token": "login-token"]]
        ])
        let plan = CredentialPlan.singleSignOn(
            SingleSignOn(
                startURL: "https://corp.example", region: "eu-west-1", accountID: "1", roleName: "Reader",
                session: "corp"))
        let host = Host.forAWS(home: home.path)
        var error = #expect(throws: ServiceError.self) { try keys(plan, server.endpoints, host).key() }
        #expect(error?.message.contains("aws sso login") == true)
        try Files.createDirectory("\(home.path)/.aws/sso/cache")
        func login(until: String) throws {
            // SHA-1 of `corp`.
            let path = "\(home.path)/.aws/sso/cache/8e4c99d2cb1bc28ad5e27ae59db22f5d11b0fbd1.json"
            let name = try Program.run(
                ["python3", "-c", "import hashlib; print(hashlib.sha1(b'corp').hexdigest(), end='')"],
                environment: Host.real().environment
            ).outputText
            let real = "\(Files.parent(of: path))/\(name).json"
            try? Files.remove(real)
            let content: JSONValue = ["accessToken": "login-token", "expiresAt": .string(until)]
            try Files.create(real, content.canonicalBytes)
        }
        try login(until: "2020-01-01T00:00:00Z")
        error = #expect(throws: ServiceError.self) { try keys(plan, server.endpoints, host).key() }
        #expect(error?.message.contains("ended at 2020") == true)
        try login(until: "2099-01-01T00:00:00Z")
        #expect(try keys(plan, server.endpoints, host).key().id == "ASIAS")
        #expect(try server.requests().first?["target"] == "/federation/credentials?role_name=Reader&account_id=1")
    }

    @Test(
        "a credential process that fails, prints something else, or prints a secret to its errors tells nothing on",
        arguments: [
            "echo hidden-secret >&2; exit 3",
            "echo '{\"Version\":2,\"AccessKeyId\":\"hidden-secret\",\"SecretAccessKey\":\"x\"}'",
            "echo hidden-secret", "head -c 200000 /dev/zero", "printf '\\377'",
            "echo '{\"Version\":1,\"AccessKeyId\":\"a b\",\"SecretAccessKey\":\"hidden-secret\"}'",
            "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hidden-secret\",\"Expiration\":\"soon\"}'",
            "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hidden-secret\",\"Expiration\":\"2020-01-01T00:00:00Z\"}'",
        ])
    func badProcess(_ script: String) throws {
        let plan = CredentialPlan.process(["sh", "-c", script], place: FilePlace(file: "config", line: 3))
        let error = #expect(throws: ServiceError.self) { try keys(plan).key() }
        #expect(error?.message.hasPrefix("config:3:1: ") == true && error?.message.contains("hidden-secret") == false)
    }

    @Test("a credential process that hangs is ended, with what it started")
    func hangingProcess() throws {
        let folder = try TemporaryDirectory()
        let plan = CredentialPlan.process(
            ["sh", "-c", "(sleep 1000 & echo $! > '\(folder.path)/child'; wait) & wait"],
            place: FilePlace(file: "config", line: 3))
        let planned = PlannedKeys(
            plan, region: "eu-central-1", endpoints: EndpointSettings(), host: .forAWS(), processTimeout: 1)
        let error = #expect(throws: ServiceError.self) { try planned.key() }
        #expect(error?.message.contains("did not end within 1 s") == true)
        let child = String(decoding: try Files.read("\(folder.path)/child"), as: UTF8.self).trimmed
        // Not every machine has `ps`, and not every one `/proc`.
        let look = "cat /proc/$0/stat 2>/dev/null || ps -o stat= -p $0"
        let state = try Program.run(["sh", "-c", look, child], environment: Host.real().environment).outputText
        #expect(state.trimmed.isEmpty || state.hasPrefix("Z") || state.contains(") Z "), "\(child) lives: \(state)")
    }

    @Test("a credential process whose child went its own way, and holds its output open, is not waited for")
    func strayChild() throws {
        let plan = CredentialPlan.process(
            ["sh", "-c", "setsid sleep 20 & sleep 1000"], place: FilePlace(file: "config", line: 3))
        let planned = PlannedKeys(
            plan, region: "eu-central-1", endpoints: EndpointSettings(), host: .forAWS(), processTimeout: 1)
        let error = #expect(throws: ServiceError.self) { try planned.key() }
        #expect(error?.message.contains("did not end within 1 s") == true)
    }

    @Test("a credential process that prints keys gives them")
    func process() throws {
        let text =
            "echo '{\"Version\":1,\"AccessKeyId\":\"AKIAP\",\"SecretAccessKey\":\"x\",\"Expiration\":\"2099-01-01T00:00:00.123Z\"}'"
        let plan = CredentialPlan.process(["sh", "-c", text], place: FilePlace(file: "config"))
        #expect(try keys(plan).key() == AccessKey(id: "AKIAP", secret: "x"))
        // What it says beside does no harm, and goes nowhere.
        let loud = CredentialPlan.process(
            ["sh", "-c", "head -c 300000 /dev/zero >&2; \(text)"], place: FilePlace(file: "config"))
        #expect(try keys(loud).key() == AccessKey(id: "AKIAP", secret: "x"))
    }
}
