import ChangeModel
import OperatingSystem
import Runner
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("The scope of AWS's keys")
struct ResourceScopeTests {
    private static func step(
        _ fields: JSONValue, _ parameters: [String: JSONValue], locator: [String: String] = [:]
    ) -> ExecutionStep {
        let names = ["name", "policy_arn", "thing", "key", "region", "bucket"]
        return ExecutionStep(
            action: ActionDefinition(
                name: "a", parameters: names.map { ParameterDefinition(name: $0, type: .string) }, riskClass: .low,
                targetTypes: ["t"],
                credentials: ActionDefinition.CredentialScope(type: "aws", fields: fields, ttl: 900),
                digest: Digest(of: []), location: SourceLocation(file: "a", line: 1)),
            target: TargetEntry(
                id: "t", type: "t", environment: .dev, sensitivity: .internal, owner: "o", locator: locator,
                location: SourceLocation(file: "i", line: 1)),
            parameters: parameters)
    }

    private static func resolve(
        _ resource: String, _ parameters: [String: JSONValue], locator: [String: String] = [:],
        actions: [String] = ["iam:GetPolicy", "s3:GetObject"]
    ) throws(ExecutionError) -> String {
        let step = step(
            ["actions": .strings(actions), "resources": [.string(resource)]], parameters, locator: locator)
        let wanted = step.action.credentials!
        return try CredentialScopes.resolve(wanted, for: step)["resources"]?.arrayValue?.first?.stringValue ?? ""
    }

    private static let key = "arn:aws:s3:::{{ params.bucket }}/{{ params.key }}"

    @Test(
        "a blank takes what its place in the ARN allows",
        arguments: [
            ("arn:aws:iam::*:role/{{ params.name }}", "a+=,.@_-Z9", "arn:aws:iam::*:role/a+=,.@_-Z9"),
            ("arn:aws:lambda:eu-west-1:*:function:{{ params.name }}", "f", "arn:aws:lambda:eu-west-1:*:function:f"),
            ("{{ params.policy_arn }}", "arn:aws:iam::aws:policy/a/B", "arn:aws:iam::aws:policy/a/B"),
            ("{{ params.policy_arn }}", "arn:aws:iam::123456789012:policy/x", "arn:aws:iam::123456789012:policy/x"),
            (key, "a/b c.txt", "arn:aws:s3:::b/a/b c.txt"), (key, "/x//y:z", "arn:aws:s3:::b//x//y:z"),
            // IAM's own spellings for the characters that it would read.
            (key, "a*b?c$d${aws:username}", "arn:aws:s3:::b/a${*}b${?}c${$}d${$}{aws:username}"),
            (key, "${*}", "arn:aws:s3:::b/${$}{${*}}"),
        ])
    func filled(_ template: String, _ value: String, _ expected: String) throws {
        let parameters: [String: JSONValue] = ["bucket": "b"]
        let filled = try Self.resolve(
            template, parameters.merging(["name", "policy_arn", "key"].map { ($0, .string(value)) }) { $1 })
        #expect(filled == expected)
    }

    @Test(
        "ThreatWidenedScope: no value ends the name that it stands in, begins another, or matches more than itself",
        arguments: [
            "", "*", "a*", "?", "a?", "${aws:username}", "$", "a/b", "../a", "a:b", "role/*", "a\n", "a b", "a\"",
            "\\u002a",
            "{{ params.name }}", "ä", "a\u{0}", "arn:aws:iam::123456789012:role/x", "x\",\"arn:aws:iam::*:role/*",
            String(repeating: "a", count: 254),
        ])
    func escaping(_ value: String) {
        for template in [
            "arn:aws:iam::*:role/{{ params.name }}", "arn:aws:ec2:{{ params.name }}:*:instance/i-1",
            "arn:aws:s3:::{{ params.name }}/x", "arn:aws:s3:::{{ params.name }}",
            "arn:aws:ecs:eu-west-1:*:service/{{ params.name }}/x", "{{ params.policy_arn }}", "{{ params.name }}",
            "x-{{ params.name }}", "arn:{{ params.name }}:s3:::b/k", "arn:aws:s3:::b/{{ params.name }}/x",
        ] {
            #expect(throws: ExecutionError.self, "\(template)") {
                try Self.resolve(template, ["name": .string(value), "policy_arn": .string(value)])
            }
        }
    }

    @Test(
        "ThreatWidenedScope: a param that is a whole resource holds one whole ARN of the kind that it is named for",
        arguments: [
            "arn:aws:iam::123456789012:role/admin", "arn:aws:iam::123456789012:policy/",
            "arn:aws:iam::123456789012:policy/*",
            "arn:aws:iam::123456789012:policy/a?", "arn:aws:iam::*:policy/a", "arn:aws:iam:*::policy/a",
            "arn:aws:s3:::policy/x*", "arn:aws:sns:eu-west-1:123456789012:policy/x",
            "arn:evil:iam::123456789012:policy/a",
            "arn:aws:iam::123456789012:policy/${aws:username}", "arn:aws:iam::123456789012:policyx/a", "*",
            "arn:aws:iam::123456789012", "arn:aws:iam::123456789012:policy/a b", " arn:aws:iam::123456789012:policy/a",
            "arn:aws:iam::999999999999:policy/a",
            "arn:aws:iam::123456789012:policy/" + String(repeating: "a", count: 2048),
        ])
    func whole(_ value: String) {
        #expect(throws: ExecutionError.self) {
            try Self.resolve(
                "{{ params.policy_arn }}", ["policy_arn": .string(value)], locator: ["account": "123456789012"],
                actions: ["iam:GetPolicy"])
        }
        // A param that is named for no kind holds none.
        #expect(throws: ExecutionError.self) {
            try Self.resolve("{{ params.thing }}", ["thing": "arn:aws:iam::123456789012:policy/a"])
        }
    }

    @Test(
        "a key of S3 is matched with itself alone, as a reader of IAM's rules sees it",
        arguments: ["a*", "?", "${aws:username}", "${*}", "$", "a/b", "[a-c]", ".*", "a\\", "ä/€", "a${", "$${?}"])
    func keys(_ key: String) throws {
        let resource = try Self.resolve(Self.key, ["bucket": "b", "key": .string(key)])
        let answer = try Program.asked(
            "import sys, json; sys.path.insert(0, sys.argv[1]); from session_policies import matches; p, k = json.loads(sys.argv[2]); "
                + "print(json.dumps([matches(p, 'arn:aws:s3:::b/' + k)] + [matches(p, 'arn:aws:s3:::b/' + o) for o in "
                + "('', 'x', 'ab', k + 'x', 'x' + k, '**', '\\u0024', '{aws:username}', 'someone')  if o != k]))",
            [.string(resource), .string(key)])
        #expect(answer.arrayValue?.first == true, "\(resource)")
        #expect(answer.arrayValue?.dropFirst().contains(true) == false, "\(resource) \(answer)")
        for control in ["a\n", "\u{0}", "a\u{85}", "\u{7F}"] {
            #expect(throws: ExecutionError.self) {
                try Self.resolve(Self.key, ["bucket": "b", "key": .string(control)])
            }
        }
    }

    @Test("the account is the one that the target is pinned to, and the partition that of the region")
    func bound() throws {
        let instance = "arn:aws:ec2:{{ params.region }}:*:instance/i-1"
        let account = ["account": "123456789012"]
        func resolve(_ region: String, _ template: String = instance) throws -> String {
            try Self.resolve(template, ["region": .string(region), "name": "r"], locator: account)
        }
        #expect(try resolve("eu-west-1") == "arn:aws:ec2:eu-west-1:123456789012:instance/i-1")
        #expect(try resolve("cn-north-1") == "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-1")
        let role = "arn:aws:iam::*:role/{{ params.name }}"
        #expect(try resolve("us-gov-west-1", role) == "arn:aws-us-gov:iam::123456789012:role/r")
        #expect(
            try resolve("eu-west-1", "arn:aws:iam::{{ target.account }}:role/x") == "arn:aws:iam::123456789012:role/x")
        #expect(throws: ExecutionError.self) { try resolve("eu-west-1", "arn:aws:iam::{{ target.nothing }}:role/x") }
        // What is no account pins nothing.
        #expect(
            try Self.resolve(role, ["name": "r"], locator: ["account": "*"]) == "arn:aws:iam::*:role/r")
    }

    // MARK: - The policy

    @Test("a policy allows the actions on the resources, the unscoped ones on everything, and nothing else")
    func policy() throws {
        let policy = try SessionPolicy(scope: [
            "actions": ["iam:GetRole"], "resources": ["arn:aws:iam::1:role/ä"], "unscoped_actions": ["ec2:Describe*"],
            "conditions": ["iam:PolicyARN": "arn:x"],
        ])
        #expect(
            policy.text
                == "{\"Statement\":[{\"Action\":[\"iam:GetRole\"],\"Condition\":{\"StringEqualsIfExists\":{\"iam:PolicyARN\":\"arn:x\"}},"
                + "\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:iam::1:role/\\u00e4\"]},{\"Action\":[\"ec2:Describe*\"],\"Effect\":\"Allow\","
                + "\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}")
        #expect(try JSONValue(parsing: Array(policy.text.utf8)) == policy.json)
    }

    @Test(
        "a scope that names nothing, everything, or something else gives no keys",
        arguments: [
            [:], ["actions": []], ["actions": [], "resources": []], ["resources": ["arn:x"]],
            ["actions": ["iam:GetRole"]],
            ["actions": ["*"], "resources": ["arn:x"]], ["actions": ["iam"], "resources": ["arn:x"]],
            ["actions": ["iam:Get Role"], "resources": ["arn:x"]], ["actions": ["iam:GetRole"], "resources": ["*"]],
            ["actions": "iam:GetRole", "resources": ["arn:x"]], ["actions": [1], "resources": ["arn:x"]],
            ["actions": ["iam:GetRole"], "resources": ["arn:x"], "effect": "Allow"], "x", ["namespace": "n"],
            ["actions": ["iam:GetRole"], "resources": ["arn:x"], "conditions": ["a": 1]],
            ["actions": ["iam:GetRole"], "resources": ["arn:x"], "conditions": ["a b": "x"]],
            ["actions": ["iam:GetRole"], "resources": [.string("arn:" + String(repeating: "x", count: 2000))]],
            ["actions": ["iam:GetRole"], "resources": [.string("arn:" + String(repeating: "é", count: 400))]],
        ] as [JSONValue])
    func noPolicy(_ scope: JSONValue) {
        #expect(throws: ExecutionError.self) { try SessionPolicy(scope: scope) }
    }

    // MARK: - The session

    private static let scope: JSONValue = ["actions": ["iam:GetRole"], "resources": ["arn:aws:iam::1:role/x"]]

    private static func session(
        _ role: String, lifetime: Int = 900, name: String = "chg-1", locator: [String: String] = [:],
        tags: [RoleSession.Tag] = []
    ) throws(ExecutionError) -> RoleSession {
        try RoleSession(
            SessionRole(arn: role), for: step([:], ["region": "eu-west-1", "name": "n"], locator: locator),
            scope: scope, lifetime: lifetime, name: name, tags: tags)
    }

    @Test("a session is of one role, as long as STS gives keys for, and named as STS takes it")
    func session() throws {
        let role = "arn:aws:iam::123456789012:role/path/a"
        #expect(try Self.session(role, lifetime: 60).duration == 900)
        #expect(try Self.session(role, lifetime: 43_200).duration == 43_200)
        #expect(throws: ExecutionError.self) { try Self.session(role, lifetime: 43_201) }
        #expect(try Self.session(role, name: "a b/ü").name == "a-b---")
        #expect(try Self.session(role, name: "x").name == "agentsafe")
        #expect(try Self.session(role, name: String(repeating: "a", count: 99)).name.utf8.count == 64)
        #expect(
            try Self.session(role, tags: [RoleSession.Tag("k", "a*b")]).tags == [RoleSession.Tag("k", "a-b")])
        #expect(
            try Self.session("arn:aws:iam::*:role/{{ params.name }}", locator: ["account": "123456789012"]).role
                == "arn:aws:iam::123456789012:role/n")
        for bad in [
            "arn:aws:iam::*:role/a", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:user/a", "arn:aws:sts::123456789012:role/a", "arn:x:iam::123456789012:role/a",
            "{{ params.name }}", "arn:aws:iam::123456789012:role/a b",
        ] {
            #expect(throws: ExecutionError.self, "\(bad)") { try Self.session(bad) }
        }
        // Threat 15: another account than the target's is not even asked.
        let error = #expect(throws: ExecutionError.self) {
            try Self.session(role, locator: ["account": "999999999999"])
        }
        #expect(error?.message.contains("nothing was asked") == true)
    }

    @Test(
        "what STS refuses is told with what to do, and keys that have ended, or never do, are not used",
        arguments: [
            ("AccessDenied", "not authorized", "sts:TagSession"),
            (
                "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                "`credentials.ttl`"
            ),
            ("PackedPolicyTooLarge", "Packed size 120", "tags: false"),
            ("MalformedPolicyDocument", "m", "MalformedPolicyDocument"),
        ])
    func refusals(_ code: String, _ message: String, _ advice: String) throws {
        let server = try AnswersServer([
            [
                "status": 400,
                "body":
                    "<ErrorResponse><Error><Code>\(code)</Code><Message>\(message)</Message></Error></ErrorResponse>",
            ]
        ])
        let wanted = try Self.session("arn:aws:iam::123456789012:role/a", tags: [RoleSession.Tag("k", "v")])
        let error = #expect(throws: ExecutionError.self) { _ = try executor(server).keys(of: wanted) }
        #expect(error?.code == .noCredential && error?.message.contains(advice) == true, "\(String(describing: error))")
        for end in ["2020-01-01T00:00:00Z", "soon"] {
            let lying = try AnswersServer([
                [
                    "body": .string(
                        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>hidden</SecretAccessKey>"
                            + "<SessionToken>t</SessionToken><Expiration>\(end)</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
                    )
                ]
            ])
            let refusal = #expect(throws: ExecutionError.self) { _ = try executor(lying).keys(of: wanted) }
            #expect(refusal?.message.contains("hidden") == false)
        }
    }

    private func executor(_ server: AnswersServer) -> AWSExecutor {
        AWSExecutor(
            plan: .environment(AccessKey(id: "a", secret: "b")), endpoints: server.endpoints, host: .forAWS(),
            evidenceKey: EvidenceKey(Array(repeating: 7, count: 32)), convergenceTimeout: 0)
    }

    @Test("keys are taken in the form of a credential process alone, of the type aws, and never shown")
    func use() throws {
        let server = try AnswersServer([["status": 403, "body": "<ErrorResponse/>"]])
        let executor = executor(server)
        func credential(_ text: String, type: String = "aws") -> Credential {
            Credential(CredentialRecord(backend: "b", type: type, scope: [:]), secret: SecretValue(Array(text.utf8)))
        }
        let good =
            "{\"Version\":1,\"AccessKeyId\":\"ASIAGOOD\",\"SecretAccessKey\":\"hidden-secret\",\"SessionToken\":\"hidden-token\"}"
        for bad in ["hidden-secret", "{}", good.replacing("1,", with: "2,"), good.replacing("ASIAGOOD", with: "")] {
            let error = #expect(throws: ExecutionError.self) { try executor.use(credential(bad)) }
            #expect(error?.message.contains("hidden") == false)
        }
        #expect(throws: ExecutionError.self) { try executor.use(credential(good, type: "kubernetes")) }
        let keys = try #require(SessionKeys(SecretValue(Array(good.utf8))))
        #expect(keys.parts.map(\.text) == ["hidden-secret", "hidden-token"])
        try executor.use(credential(good))
        _ = try? executor.session.client("eu-west-1").send(.query(.iam, "X", version: "1", [], .read))
        executor.forgetCredential()
        _ = try? executor.session.client("eu-west-1").send(.query(.iam, "X", version: "1", [], .read))
        let requests = try server.requests()
        #expect(requests.first?.at("headers", "authorization")?.stringValue?.contains("Credential=ASIAGOOD/") == true)
        #expect(requests.first?.at("headers", "x-amz-security-token") == "hidden-token")
        #expect(requests.last?.at("headers", "authorization")?.stringValue?.contains("Credential=a/") == true)
        #expect(requests.last?.at("headers", "x-amz-security-token") == nil)
    }
}
