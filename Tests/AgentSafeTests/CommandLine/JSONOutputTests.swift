import ChangeModel
import OperatingSystem
import Testing

@Suite("JSON for programs")
struct JSONOutputTests {
    /// Runs with `--output json` and compares the names of the top members.
    private static func keys(
        _ governance: Governance, _ actor: String, _ arguments: [String], status: Int32 = 0, _ expected: Set<String>,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> JSONValue {
        let result = try governance.expect(
            status, actor, arguments + ["--output", "json"], sourceLocation: sourceLocation)
        let json = try result.json
        let keys = names(of: json)
        #expect(keys == expected, "agentsafe \(arguments): \(result)", sourceLocation: sourceLocation)
        return json
    }

    static let decision: Set<String> = [
        "result", "code", "rule", "location", "reason", "risk_class", "effective_risk", "warnings",
    ]

    @Test("questions about the policy answer with the same members whatever the answer is")
    func policy() throws {
        let governance = try Governance()
        let check = ["check", "scale-deployment", "--target", "staging/api-server", "--as", "deploy-agent-01"]
        _ = try Self.keys(governance, "sam", check + ["--param", "replicas=6"], Self.decision)
        _ = try Self.keys(governance, "sam", check, status: 20, Self.decision.union(["errors"]))
        _ = try Self.keys(
            governance, "sam",
            ["check", "scale-deployment", "--target", "prod/api-server", "--as", "sam", "--param", "replicas=6"],
            status: 10, Self.decision.union(["approvals"]))
        _ = try Self.keys(
            governance, "sam", ["check", "scale-deployment", "--target", "prod/api-server", "--param", "replicas=6"],
            status: 20, Self.decision.union(["nearest"]))
        _ = try Self.keys(
            governance, "sam", ["validate"],
            ["result", "actions", "rules", "targets", "identities", "policy_tests", "targets_without_locator"])
        let explanation = try Self.keys(
            governance, "sam", ["explain", "scale-deployment", "--target", "prod/api-server", "--param", "replicas=6"],
            status: 20, ["decision", "asks_rules", "rules", "freezes"])
        #expect(explanation["rules"]?.arrayValue?.count == 14)
        for rule in explanation["rules"]?.arrayValue ?? [] {
            #expect(names(of: rule) == ["rule", "location", "priority", "decision", "standing", "missed"])
        }
        let actions = try Self.keys(governance, "sam", ["actions"], ["actions"])
        #expect(
            names(of: actions["actions"]?.arrayValue?.first)
                == ["name", "version", "description", "risk_class", "target_types", "reversible", "params"])
        let mine = try Self.keys(
            governance, "sam", ["actions", "--as", "deploy-agent-01", "--target", "prod/api-server"],
            ["target", "caller", "actions"])
        for entry in mine["actions"]?.arrayValue ?? [] {
            #expect(
                names(of: entry)
                    == ["action", "result", "rule", "code", "reason", "risk_class", "effective_risk", "approvals"])
        }
        let targets = try Self.keys(governance, "sam", ["targets"], ["targets"])
        #expect(targets["targets"]?.arrayValue?.count == 18)
        _ = try Self.keys(governance, "sam", ["version"], ["version", "engine", "protocol"])
    }

    @Test("every step of a change answers with stable members")
    func steps() throws {
        let governance = try Governance()
        let cluster = try governance.cluster()
        let words = [
            "propose", "scale-deployment", "--target", "prod/api-server", "--param", "replicas=6", "--reason", "x",
            "--push",
        ]
        let written: Set<String> = [
            "id", "action", "target", "params", "decision", "plan", "written", "digest", "branch", "commit", "pushed",
            "expires", "next",
        ]
        let proposal = try Self.keys(governance, "agent", words, written)
        let id = try #require(proposal["id"]?.stringValue)
        _ = try Self.keys(
            governance, "agent", words + ["--param", "namespace=dev"], status: 20,
            written.subtracting(["digest", "branch", "commit", "pushed"]))
        let gate = try Self.keys(
            governance, "agent", ["gate", "--head", "change/\(id)"], status: 10, ["base", "head", "result", "changes"])
        #expect(gate["result"]?.stringValue == "require_approval")
        let judged: Set<String> = [
            "id", "digest", "proposer", "action", "target", "params", "reason", "expires", "result", "decision", "plan",
            "missing", "votes",
            "approved_by",
        ]
        #expect(names(of: gate["changes"]?.arrayValue?.first) == judged)
        let status: Set<String> = ["id", "state", "final", "landed", "detail", "change", "events"]
        _ = try Self.keys(governance, "agent", ["status", id], status: 10, status)
        _ = try Self.keys(
            governance, "bob", ["approve", id, "--merge", "--yes"], ["id", "verdict", "by", "branch", "plan", "merged"])
        let runs = try Self.keys(governance, "runner", ["run"] + cluster, ["runs"])
        #expect(
            names(of: runs["runs"]?.arrayValue?.first)
                == ["id", "summary", "status", "detail", "diff"])
        try governance.git("agent", "fetch", "-q")
        _ = try Self.keys(governance, "agent", ["status", id], status)
        _ = try Self.keys(governance, "agent", ["show", id], status)
        _ = try Self.keys(governance, "agent", ["rollback", id], written)
        let log = try Self.keys(governance, "agent", ["log"], ["complete", "events"])
        #expect(log["events"]?.arrayValue?.allSatisfy { $0["commit"]?.stringValue?.count == 40 } == true)
        _ = try Self.keys(
            governance, "agent", ["verify"],
            [
                "result", "genesis", "main", "ledger", "signatures", "milliseconds", "admins", "admin_threshold",
                "broken_glasses", "open_reviews",
            ])
    }

    @Test("setting up answers with stable members")
    func settingUp() throws {
        let governance = try Governance()
        let made = try Self.keys(
            governance, "alice", ["init", governance.directory.file("new"), "--admin", "alice"],
            ["directory", "repository", "admin", "genesis", "pushed"])
        #expect(made["genesis"]?.stringValue?.count == 40)
        _ = try Self.keys(governance, "agent", ["setup"], ["genesis", "main", "ledger", "height", "identity"])
        _ = try Self.keys(
            governance, "agent", ["identity", "list"], ["trust_version", "admin_threshold", "identities"])
        _ = try Self.keys(
            governance, "alice",
            ["identity", "add", "zed", "--kind", "agent", "--key-file", governance.key("stranger") + ".pub", "--push"],
            ["trust_version", "commit", "files", "pushed"])
    }

    @Test("an error is words on standard error, and never JSON on standard output")
    func errors() throws {
        let governance = try Governance()
        for command in [
            ["status", "chg-20261122-7f3k9q2m4x"], ["run"], ["gate", "--head", "nope"], ["propose", "x"],
        ] {
            let result = governance.agentsafe("agent", command + ["--output", "json"])
            #expect(result.status != 0 && result.output.isEmpty && result.errors.hasPrefix("agentsafe: "), "\(result)")
        }
    }
}
