import ChangeModel
import OperatingSystem
import Runner
import TestSupport
import Testing

@testable import AWSExecutor

/// Answers as nobody should give them, on the wire. Each is an error of one line that quotes nothing.
@Suite("Bad answers of a service")
struct BadAnswerTests {
    private static let canary = "hidden-content"

    private func executor(_ server: AnswersServer, key: AccessKey = AccessKey(id: "a", secret: "b")) -> AWSExecutor {
        AWSExecutor(
            plan: .environment(key), endpoints: server.endpoints, host: .forAWS(),
            evidenceKey: EvidenceKey(Array(repeating: 7, count: 32)), convergenceTimeout: 0)
    }

    private func step(_ action: String, _ parameters: [String: JSONValue]) throws -> ExecutionStep {
        let definition = try #require(try AWSScene.catalogue.get().actions[action])
        return ExecutionStep(
            action: definition,
            target: TargetEntry(
                id: "x", type: definition.targetTypes[0], environment: .dev, sensitivity: .internal,
                location: SourceLocation(file: "inventory.yaml", line: 1)),
            parameters: parameters.merging(["region": "eu-central-1"]) { $1 })
    }

    private static let instance: [String: JSONValue] = ["instance_id": "i-0a1b2c3d4e5f60718"]
    private static let service: [String: JSONValue] = ["cluster": "c", "service": "s", "desired_count": 2]

    /// Each a beginning, and what comes after it so many times.
    static let bombs: [(prefix: String, piece: String, times: Int)] =
        plain.map { ($0, "", 1) } + [
            ("", "<a>", 100_000), ("<r>", "<a/>", 510_000), ("<r ", "a='1' ", 100_000), ("", "[", 100_000),
            ("", "{\"a\":", 100_000), ("{\"services\":[", "{},", 100_000), ("<a>", "&#65;", 100_000),
        ]

    private static let plain: [String] = [
        // A billion laughs, and what it is made of.
        "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"\(canary)\">"
            + (0..<10).map { "<!ENTITY a\($0) \"&a\($0 == 0 ? "" : "\($0 - 1)");&a\($0 == 0 ? "" : "\($0 - 1)");\">" }
            .joined()
            + "]><l>&a9;</l>",
        "<!DOCTYPE l SYSTEM \"http://127.0.0.1:1/\"><l/>",
        "<!DOCTYPE l [<!ENTITY % p SYSTEM \"file:///etc/passwd\">%p;]><l/>",
        "", canary, "<\(canary)", "{\"\(canary)\"", "null", "[]",
    ]

    @Test("bombs, in XML and JSON, are refused, and nothing of them is told on", arguments: bombs.indices)
    func refused(_ index: Int) throws {
        let bomb = Self.bombs[index]
        for (action, parameters) in [
            ("ec2-stop-instance", Self.instance), ("ecs-scale-service", Self.service),
            ("iam-attach-role-policy", ["role_name": "r", "policy_arn": "arn:aws:iam::aws:policy/ReadOnly"]),
        ] {
            // The large ones once, in the form that they are a bomb in.
            for status in bomb.times == 1 ? [200, 400, 500] : [200] {
                if bomb.times > 1, (action == "ecs-scale-service") == (bomb.prefix + bomb.piece).hasPrefix("<") {
                    continue
                }
                let server = try AnswersServer([
                    [
                        "status": .integer(Int64(status)), "prefix": .string(bomb.prefix), "body": .string(bomb.piece),
                        "repeat": .integer(Int64(bomb.times)),
                    ]
                ])
                let step = try step(action, parameters)
                let error = #expect(throws: ExecutionError.self) { try executor(server).captureState(for: step) }
                #expect(error?.mayHaveBeenApplied == false && (error?.message.utf8.count ?? 999) < 400, "\(index)")
                #expect(error?.message.contains(Self.canary) == false)
            }
        }
    }

    @Test("bytes that are no UTF-8 are refused, in XML and in JSON, and in what STS says of keys")
    func encoding() throws {
        func hex(_ text: String) -> String {
            Array(text.utf8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        let cases: [(String, [String: JSONValue], String)] = [
            ("ec2-stop-instance", Self.instance, hex("<a>") + "ff" + hex("</a>")),
            ("ec2-stop-instance", Self.instance, "fffe3c0061003e00"),
            ("ec2-stop-instance", Self.instance, hex("<a>") + "eda080" + hex("</a>")),
            ("ecs-scale-service", Self.service, hex("{\"services\":[{\"serviceName\":\"") + "c0af" + hex("\"}]}")),
            ("ecs-scale-service", Self.service, "fffe7b007d00"),
        ]
        for (action, parameters, body) in cases {
            let server = try AnswersServer([["hex": .string(body)]])
            let step = try step(action, parameters)
            var error = #expect(throws: ExecutionError.self) { try executor(server).captureState(for: step) }
            #expect(error?.code == .unreachable, "\(String(describing: error))")
            error = #expect(throws: ExecutionError.self) { try executor(server).confirmIdentity(of: step) }
            #expect(error?.mayHaveBeenApplied == false)
        }
    }

    @Test("a hundred megabytes are not taken: the connection ends where the bound is, said or unsaid, packed or not")
    func large() throws {
        let piece = "<a>" + String(repeating: "\(Self.canary) ", count: 4000) + "</a>"
        let times = Int64((100 << 20) / piece.utf8.count + 1)
        for sign: Int64 in [1, -1] {
            for effect in [ServiceCall.Effect.read, .once] {
                let server = try AnswersServer([["body": .string(piece), "repeat": .integer(sign * times)]])
                let client = executor(server).session.client("eu-central-1")
                let error = #expect(throws: ServiceError.self) {
                    _ = try client.send(.query(.ec2, "StopInstances", version: "1", [], effect))
                }
                // What was sent may have been done; the answer is too long to say.
                #expect(error?.mayHaveBeenApplied == (effect == .once))
                #expect(error?.message.contains("larger than") == true && error?.message.contains(Self.canary) == false)
                let requests = try server.requests()
                // 16 MiB is the bound; a socket's buffers hold some more.
                #expect(requests.count == 1 && requests.allSatisfy { ($0["sent"]?.integerValue ?? .max) < 40 << 20 })
            }
        }
        // Forty megabytes of one letter, in forty kilobytes.
        let packed = try Program.asked(
            "import zlib, json; c = zlib.compressobj(9, zlib.DEFLATED, 31); b = c.compress(b'a' * (40 << 20)) + c.flush(); "
                + "print(json.dumps(b.hex()))", .null)
        let bomb = try AnswersServer([["hex": packed, "headers": ["Content-Encoding": "gzip"]]])
        let error = #expect(throws: ServiceError.self) {
            _ = try executor(bomb).session.client("eu-central-1").send(.query(.ec2, "X", version: "1", [], .read))
        }
        #expect(error?.message.contains("larger than") == true, "\(String(describing: error))")
        // A container's agent, and the like, are bounded more tightly.
        let agent = try AnswersServer([["body": .string(piece), "repeat": .integer(times)]])
        let keys = PlannedKeys(
            .container(ContainerEndpoint(url: agent.address)), region: "eu-central-1", endpoints: EndpointSettings(),
            host: .forAWS())
        #expect(throws: ServiceError.self) { try keys.key() }
        #expect(try agent.requests().allSatisfy { ($0["sent"]?.integerValue ?? .max) < 40 << 20 })
    }

    // MARK: - Keys that end

    private static let expired: JSONValue = [
        "status": 400,
        "body": "<Response><Errors><Error><Code>RequestExpired</Code><Message>m</Message></Error></Errors></Response>",
    ]

    private static func described(_ state: String) -> JSONValue {
        [
            "body": .string(
                "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-0a1b2c3d4e5f60718</instanceId>"
                    + "<instanceState><name>\(state)</name></instanceState></item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
            )
        ]
    }

    @Test("a step's keys that end before the mutation leave it undone, and while it is waited for leave it unknown")
    func expiry() throws {
        let (running, good): (JSONValue, JSONValue) = (Self.described("running"), ["body": "<StopInstancesResponse/>"])
        let cases: [(answers: [JSONValue], mayHaveBeenApplied: Bool, code: ExecutionError.Code, requests: Int)] = [
            ([running, Self.expired], false, .unreachable, 2),
            // Turned away at the door: it is not asked again, for there are no other keys.
            ([running, running, Self.expired], false, .unreachable, 3),
            ([running, running, good, Self.expired], true, .unreachable, 4),
        ]
        for item in cases {
            let server = try AnswersServer(item.answers)
            let executor = executor(server)
            let step = try step("ec2-stop-instance", Self.instance)
            let keys = SessionKeys(
                IssuedKey(
                    key: AccessKey(id: "ASIA", secret: "hidden-secret", sessionToken: "hidden-token"), expires: nil))
            try executor.use(
                Credential(CredentialRecord(backend: "b", type: "aws", scope: [:]), secret: keys.secret))
            let error = #expect(throws: ExecutionError.self) {
                let before = try executor.captureState(for: step)
                _ = try executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
            }
            #expect(
                error?.mayHaveBeenApplied == item.mayHaveBeenApplied && error?.code == item.code,
                "\(String(describing: error))")
            #expect(try server.requests().count == item.requests)
            #expect(error?.message.contains("hidden") == false)
        }
    }
}
