import ChangeModel
import CryptoPrimitives
import OperatingSystem
import Runner
import Testing

@testable import AgentSafe

@Suite("Threats 16, 17: a credential or a secret stays behind where a runner died, or in what a run says")
struct ThreatLeakedCredential {
    private static let secret = "S3cret-\"Canary\"-hx8821"
    private static var needles: [String] {
        [
            secret, #"S3cret-\"Canary\""#, "Canary", Base64.encode(Array(secret.utf8)),
            Digest(of: Array(secret.utf8)).hexadecimal,
        ]
    }

    /// A config map's key that is set by a reference; the value lies in a file of the runner's.
    private func governance() throws -> (Governance, ChangeID) {
        let governance = try Governance()
        try governance.makeValueSensitive()
        try Files.create("\(governance.directory.path)/secret-db-password", Array(Self.secret.utf8), mode: 0o600)
        try governance.configureCredentials([
            [
                "name: passwords", "kind: file", "secrets: [db-password, api-key]",
                "path: \"\(governance.directory.path)/secret-{{ secret }}\"",
            ]
        ])
        return (governance, try set(governance))
    }

    private func set(_ governance: Governance, _ reference: String = "vault:db-password") throws -> ChangeID {
        let id = try governance.propose(
            action: "update-configmap", target: "staging/app-config", ["key=PASSWORD", "value=\(reference)"])
        try governance.land(id)
        return id
    }

    private func expectNowhere(_ governance: Governance, _ said: [CommandResult]) throws {
        try governance.expectNowhere(Self.needles, except: ["secret-db-password", "plugin"], in: said)
    }

    @Test("a secret param reaches the target, and nothing else; what it replaces is not recorded either")
    func reference() throws {
        let (governance, id) = try governance()
        var said = [try governance.expect(0, "runner", ["run", "--output", "json"] + governance.cluster())]
        let cluster = try JSONValue(parsing: try Files.read(governance.clusterFile))
        let values = (cluster["items"]?.arrayValue ?? []).compactMap { $0.at("data", "PASSWORD")?.stringValue }
        #expect(values == [Self.secret])
        #expect(
            try governance.recordedCredentials(of: id) == [
                ["backend": "passwords", "type": "secret", "scope": ["name": "db-password", "param": "value"]]
            ])
        // Once more, with another: the first one is now what was there before.
        try Files.create(
            "\(governance.directory.path)/secret-api-key", Array("another-Canary-value".utf8), mode: 0o600)
        let second = try set(governance, "vault:api-key")
        said += [
            try governance.expect(0, "runner", ["run"] + governance.cluster()),
            governance.agentsafe("sam", ["show", second.text]),
            governance.agentsafe("sam", ["show", id.text, "--output", "json"]), governance.agentsafe("sam", ["log"]),
        ]
        let prepared = try #require(try governance.record(of: second).last(.prepared))
        #expect(prepared.body["rollback"] == .null)
        try governance.expectNowhere(
            Self.needles + ["another-Canary-value"], except: ["secret-db-password", "secret-api-key"], in: said)
        try governance.expectVerified()
    }

    @Test(
        "a secret that main does not give, or not to this target, or that is too short to be kept out of a record, is refused"
    )
    func refused() throws {
        let (governance, _) = try governance()
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        let unknown = try set(governance, "vault:root-password")
        let result = try governance.expect(1, "runner", ["run", unknown.text] + governance.cluster())
        #expect(result.output.contains("no backend of `credentials`"), "\(result)")
        try Files.create("\(governance.directory.path)/secret-api-key", Array("short".utf8), mode: 0o600)
        let short = try set(governance, "vault:api-key")
        let other = try governance.expect(1, "runner", ["run", short.text] + governance.cluster())
        #expect(other.output.contains("less than 8 bytes") && !other.output.contains("short\u{22}"), "\(other)")
    }

    /// An executor that puts whatever it is given into everything it says.
    private final class ChattyExecutor: Executor {
        let name = "chatty"
        var fails = false
        private var given = ""

        func supports(action: String) -> Bool { true }
        private func words(_ step: ExecutionStep) -> String {
            let value = step.parameters["value"]?.stringValue ?? ""
            return
                "said \(value), \(Base64.encode(Array(value.utf8))), \(JSONValue.string(value).canonicalText) \(given)"
        }
        func use(_ credential: Credential) throws(ExecutionError) { given = credential.secret.text ?? "" }
        func confirmIdentity(of step: ExecutionStep) -> [String: String] { ["cluster_uid": words(step)] }
        func runPrechecks(for step: ExecutionStep) -> [PrecheckResult] {
            [PrecheckResult(name: "chat", passed: true, detail: words(step))]
        }
        func captureState(for step: ExecutionStep) -> CapturedState {
            CapturedState(
                fields: ["said": .string(words(step)), words(step): [.string(words(step))]], objectDigest: "x")
        }
        func execute(
            _ step: ExecutionStep, before: CapturedState, mayMutate: () -> Bool, progress: (String) -> Void
        ) throws(ExecutionError) -> ExecutionReport {
            progress(words(step))
            if fails { throw ExecutionError(code: .invalid, message: words(step)) }
            return ExecutionReport(summary: words(step), output: [.string(words(step))])
        }
    }

    @Test("an executor that repeats what it was given is not passed on", arguments: [false, true])
    func chatty(fails: Bool) throws {
        let (governance, id) = try governance()
        let host = governance.host("runner", adding: ["AGENTSAFE_KEY": governance.key("runner")])
        let said = LineBuffer()
        let workspace = try Workspace(host: host, settings: Settings()) { said.append($0) }
        let executor = ChattyExecutor()
        executor.fails = fails
        let outcomes = try workspace.run(nil, executors: ExecutorChoice(fixed: executor, host: host)) {
            said.append($1)
        }
        #expect(outcomes.map(\.status) == [fails ? .failed : .executed])
        for outcome in outcomes { said.append(outcome.json.canonicalText) }
        #expect(said.text.contains("said [redacted], [redacted], \\\"[redacted]\\\""))
        try expectNowhere(
            governance,
            [CommandResult(status: 0, output: said.text, errors: ""), governance.agentsafe("sam", ["show", id.text])])
    }

    @Test(
        "a runner that is killed between fetching and dropping leaves nothing on its disk, and its claim comes back",
        arguments: [
            "credential.fetch:1", "credential.fetched:1", "credential.fetched:2", "request.send:1",
            "credential.release:1", "credential.released:1",
        ])
    func killed(point: String) throws {
        let (governance, id) = try governance()
        let plugin = try governance.program("plugin", Governance.printing(Self.secret.filter { $0 != "\"" }))
        try governance.trustCommit([
            "agentsafe.yaml": {
                $0 + "    - {name: p, kind: exec, types: [kubernetes], command: \"\(plugin)\"}\n"
            }
        ])
        let cluster = try governance.cluster()
        let killed = try governance.spawn("runner", ["run"] + cluster, fault: "\(point):kill")
        try #require(killed.status == 128 + 9, "\(killed)")
        try expectNowhere(governance, [killed])
        governance.clock.advance(2000)
        let isBefore = !point.contains("release")
        let again = try governance.spawn("runner", ["run"] + cluster)
        #expect(try governance.state(of: id) == (isBefore ? "executed" : "unknown"), "\(point): \(again)")
        try expectNowhere(governance, [again])
    }
}

@Suite("Threat 17: the values of a secret that was read")
struct ThreatRevealedSecret {
    @Test("go where the caller asks for them, and nowhere else", arguments: ["", "-", "file"])
    func read(place: String) throws {
        let governance = try Governance()
        let word = "Read-Canary-55120"
        try governance.trustCommit([
            "policies/zz-open.yaml": { _ in ThreatBranchPolicy.loose }
        ])
        _ = try governance.cluster()
        var cluster = try JSONValue(parsing: try Files.read(governance.clusterFile))
        cluster["items"] = .array(
            (cluster["items"]?.arrayValue ?? []) + [
                [
                    "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                    "metadata": ["name": "db-credentials", "namespace": "staging"],
                    "data": ["password": .string(Base64.encode(Array(word.utf8)))],
                ]
            ])
        try Files.writeAtomically(governance.clusterFile, Array(cluster.canonicalText.utf8))
        let id = try governance.propose(action: "get-secret", target: "staging/db-credentials", [])
        try governance.land(id)
        let options =
            place.isEmpty ? [] : ["--reveal", place == "file" ? "\(governance.directory.path)/revealed" : "-"]
        let result = try governance.expect(0, "runner", ["run"] + options + governance.cluster())
        let encoded = Base64.encode(Array(word.utf8))
        #expect(result.output.contains(encoded) == (place == "-"), "\(result)")
        #expect(!result.errors.contains(encoded))
        if place == "file" {
            let path = "\(governance.directory.path)/revealed"
            #expect(String(decoding: try Files.read(path), as: UTF8.self).contains(encoded))
            #expect(Files.permissions(path).map { $0 & 0o777 } == 0o600)
        }
        let said = [governance.agentsafe("sam", ["show", id.text])] + (place == "-" ? [] : [result])
        try governance.expectNowhere([encoded, word], except: ["revealed"], in: said)
    }
}
