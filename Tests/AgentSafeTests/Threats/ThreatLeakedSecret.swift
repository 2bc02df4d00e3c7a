import ChangeModel
import CryptoPrimitives
import EmbeddedCluster
import HTTP
import KubernetesExecutor
import OperatingSystem
import Runner
import TestSupport
import Testing

@testable import AgentSafe

@Suite("Threat 17: a secret is read into a state, a diff, an error message or a log")
struct ThreatLeakedSecret {
    /// What nobody but the cluster may hold.
    private static let canary = "Canary-hunter2-Zx91"
    private static var encoded: String { Base64.encode(Array(canary.utf8)) }

    /// A cluster that holds the canary wherever secrets are found in practice, and a policy that lets the agent do anything.
    private func governance() throws -> Governance {
        let governance = try Governance()
        try governance.trustCommit(["policies/zz-open.yaml": { _ in ThreatBranchPolicy.loose }])
        _ = try governance.cluster()
        let cluster = try JSONValue(parsing: try Files.read(governance.clusterFile))
        try Files.writeAtomically(governance.clusterFile, Array(plant(cluster).canonicalText.utf8))
        return governance
    }

    private func plant(_ cluster: JSONValue) -> JSONValue {
        let canary = JSONValue.string(Self.canary)
        var items = (cluster["items"]?.arrayValue ?? []).map { item in
            var item = item.setting(["metadata", "annotations", "note"], canary)
            switch item["kind"]?.stringValue {
            case "ConfigMap":
                item = item.setting(["data", "PASSWORD"], canary).setting(
                    ["binaryData", "blob"], .string(Self.encoded))
            case "Deployment", "ReplicaSet":
                let template = ["spec", "template"]
                let containers = item.at("spec", "template", "spec", "containers")?.arrayValue ?? []
                item = item.setting(
                    template + ["spec", "containers"],
                    .array(
                        containers.map {
                            $0.setting(["env"], [["name": "PASSWORD", "value": canary]])
                                .setting(["args"], ["--password", canary])
                        }))
                item = item.setting(
                    template + ["metadata", "annotations", "kubectl.kubernetes.io/restartedAt"], canary)
                item = item.setting(
                    ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"], canary)
            case "Pod", "Node": item = item.setting(["status", "message"], canary)
            default: break
            }
            return item
        }
        items.append([
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": ["name": "db-credentials", "namespace": "staging", "uid": "5a", "resourceVersion": "18999"],
            "data": ["password": .string(Self.encoded)],
        ])
        return cluster.setting(["items"], .array(items))
    }

    /// Lands any number of proposals by one commit, and returns their identifiers.
    private func land(_ proposals: [[String]], in governance: Governance) throws -> [ChangeID] {
        var files: [String: String?] = [:]
        var ids: [ChangeID] = []
        for words in proposals {
            let result = try governance.expect(
                0, "agent", ["propose"] + words + ["--reason", "As agreed", "--output", "json"])
            let id = try #require(try result.json["id"]?.stringValue.flatMap { ChangeID($0) })
            for name in ["change.yaml", "change.yaml.sig"] {
                files["\(id.folder)/\(name)"] = try governance.text(
                    "\(id.folder)/\(name)", at: id.branch, seenBy: "agent")
            }
            ids.append(id)
        }
        try governance.pushToMain("agent", files)
        return ids
    }

    // MARK: - Looking everywhere

    private func expectNowhere(
        _ said: [CommandResult], in governance: Governance, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let guessable = Digest(of: Array(Self.canary.utf8)).hexadecimal
        let needles = [Self.canary, Self.encoded, guessable]
        let found = try governance.lines(with: needles)
        #expect(found.isEmpty, "\(found)", sourceLocation: sourceLocation)
        for result in said {
            #expect(
                !needles.contains { "\(result)".contains($0) }, "\(result)", sourceLocation: sourceLocation)
        }
    }

    /// What people and programs read of a change afterwards.
    private func stories(of ids: [ChangeID], in governance: Governance) throws -> [CommandResult] {
        try governance.git("sam", "fetch", "-q")
        return ids.flatMap { id in
            [["status", id.text, "--output", "json"], ["show", id.text]].map { governance.agentsafe("sam", $0) }
        } + [["log"], ["verify"]].map { governance.agentsafe("sam", $0) }
    }

    // MARK: - Tests

    static let mutations = [
        ["restart-deployment", "--target", "staging/api-server"],
        ["scale-deployment", "--target", "staging/api-server", "--param", "replicas=3"],
        [
            "update-image", "--target", "staging/api-server", "--param", "container=api", "--param",
            "image=registry.example/api-server:1.9.0",
        ],
        ["cordon-node", "--target", "staging/node-1"],
        ["update-configmap", "--target", "staging/app-config", "--param", "key=LOG_LEVEL", "--param", "value=loud"],
    ]
    /// What undoes some of them.
    static let reversals = [
        ["rollout-undo", "--target", "staging/api-server"], ["uncordon-node", "--target", "staging/node-1"],
    ]

    @Test("no action that changes something records or prints a value that it did not change")
    func mutations() throws {
        let governance = try governance()
        var (ids, said) = ([ChangeID](), [CommandResult]())
        for (proposals, output) in [(Self.mutations, "json"), (Self.reversals, "text")] {
            ids += try land(proposals, in: governance)
            said.append(try governance.expect(0, "runner", ["run", "--output", output] + governance.cluster()))
            #expect(said[said.count - 1].output.components(of: "executed") == proposals.count, "\(said)")
        }
        try expectNowhere(said + stories(of: ids, in: governance), in: governance)
        // The search is not blind: the value that was set is found where it belongs.
        let known = try governance.lines(with: ["\"value\": \"loud\"", "value: \"loud\""])
        #expect(known[governance.remote] ?? 0 > 0)
    }

    @Test("what a read finds goes to its caller and nowhere else")
    func read() throws {
        let governance = try governance()
        let ids = try land([["get-configmap", "--target", "staging/app-config"]], in: governance)
        let run = try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(run.output.contains(Self.canary))
        #expect(!run.errors.contains(Self.canary))
        try expectNowhere(stories(of: ids, in: governance), in: governance)
    }

    @Test("a value that is replaced is recorded for the way back only where the action asks for it")
    func replacedValue() throws {
        let governance = try governance()
        try governance.trustCommit([
            "actions/update-configmap.yaml": { text in
                text.replacing("  value:\n    source: before_state.previous_value\n", with: "")
                    .replacing(
                        "  - name: previous_value\n    description: Value that the key had; null when it was not there.\n"
                            + "    type: string\n    required: false\n", with: "")
            }
        ])
        let ids = try land(
            [
                [
                    "update-configmap", "--target", "staging/app-config", "--param", "key=PASSWORD", "--param",
                    "value=new",
                ]
            ],
            in: governance)
        let run = try governance.expect(0, "runner", ["run"] + governance.cluster())
        try expectNowhere([run] + stories(of: ids, in: governance), in: governance)
    }

    @Test("a secret given as a param that takes a reference is refused without being repeated")
    func sensitiveParameter() throws {
        let governance = try governance()
        try governance.trustCommit([
            "actions/update-configmap.yaml": { text in
                text.replacing(
                    "    description: \"New value. It stays in history: no secrets.\"\n",
                    with: "    description: A reference.\n    sensitive: true\n")
            }
        ])
        let words = [
            "update-configmap", "--target", "staging/app-config", "--param", "key=PASSWORD", "--param",
            "value=\(Self.canary)",
        ]
        let results = [
            try governance.expect(20, "agent", ["propose"] + words + ["--reason", "x", "--push"]),
            try governance.expect(20, "agent", ["propose"] + words + ["--reason", "x", "--output", "json"]),
            try governance.expect(20, "agent", ["check"] + words),
        ]
        try expectNowhere(results, in: governance)
    }

    /// An API server that refuses every change, and like the real one quotes in its refusal all that it knows.
    private final class QuotingServer: HTTPTransport {
        private let cluster: EmbeddedCluster
        private var refusals: [Int]

        init(_ cluster: EmbeddedCluster, refusing codes: [Int]) {
            self.cluster = cluster
            refusals = codes
        }

        func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
            guard request.method != "GET" else { return try cluster.send(request) }
            let quote = cluster.objects.canonicalText
            let code = refusals.isEmpty ? 422 : refusals.removeFirst()
            if code == 0 {
                throw HTTPError(code: .timedOut, mayHaveBeenApplied: true, message: "the connection was lost")
            }
            if code == 200 { return HTTPResponse(status: 200, body: Array("<html>\(quote)".utf8)) }
            let status: JSONValue = [
                "kind": "Status", "status": "Failure", "reason": .string("Invalid value \(quote)"),
                "message": .string("cannot decode \(quote)"), "code": .integer(Int64(code)),
                "details": [
                    "causes": [
                        [
                            "reason": .string(quote), "message": .string(quote),
                            "field": .string("data[\(ThreatLeakedSecret.canary)] is wrong"),
                        ]
                    ]
                ],
            ]
            return HTTPResponse(status: code, body: status.canonicalBytes)
        }
    }

    @Test("an answer that quotes the object is not passed on, whatever its status")
    func quotedInErrors() throws {
        let governance = try governance()
        let codes = [400, 403, 409, 422, 500, 200]
        // Each on a target of its own: what is unknown stays locked.
        let ids = try land(
            [
                ["update-configmap", "--target", "prod/app-config", "--param", "key=A", "--param", "value=x"],
                ["update-configmap", "--target", "staging/app-config", "--param", "key=A", "--param", "value=x"],
                ["scale-deployment", "--target", "prod/payments", "--param", "replicas=4"],
                ["cordon-node", "--target", "prod/node-2"], ["restart-deployment", "--target", "staging/api-server"],
                ["scale-deployment", "--target", "dev/api-server", "--param", "replicas=2"],
            ], in: governance)
        let host = governance.host("runner", adding: ["AGENTSAFE_KEY": governance.key("runner")])
        let cluster = try EmbeddedCluster.open(path: governance.clusterFile, clock: host.now)
        let executor = KubernetesExecutor(
            transport: QuotingServer(cluster, refusing: codes), evidenceKey: EvidenceKey([7]), sleep: { _ in },
            now: { host.now() })
        let said = LineBuffer()
        let workspace = try Workspace(host: host, settings: Settings()) { said.append($0) }
        let outcomes = try workspace.run(nil, executors: ExecutorChoice(fixed: executor, host: host)) {
            said.append($1)
        }
        #expect(outcomes.count == ids.count)
        for outcome in outcomes {
            #expect([.failed, .unknown].contains(outcome.status), "\(outcome.json.canonicalText)")
            said.append(outcome.json.canonicalText)
        }
        let all = CommandResult(status: 0, output: said.text, errors: "")
        try expectNowhere([all] + stories(of: ids, in: governance), in: governance)
    }
}

extension JSONValue {
    /// The value with one member set, by its path; objects that are missing on the way are made.
    fileprivate func setting(_ path: [String], _ value: JSONValue) -> JSONValue {
        guard let name = path.first else { return value }
        var members = objectValue ?? [:]
        members[name] = (members[name] ?? [:]).setting(Array(path.dropFirst()), value)
        return .object(members)
    }
}
