import ChangeModel
import OperatingSystem
import Runner
import Testing

@testable import AgentSafe
@testable import Ledger

@Suite("What a change would do")
struct PreviewTests {
    private func waiting(_ governance: Governance) throws -> ChangeID {
        try governance.propose(target: "prod/api-server", ["replicas=5"])
    }

    private func ledgerTip(_ governance: Governance) throws -> String {
        try governance.run(["git", "--git-dir=\(governance.remote)", "rev-parse", "ledger"])
    }

    @Test("is shown by a dry run, to anybody with credentials, and nothing is changed, claimed or recorded")
    func dryRun() throws {
        let governance = try Governance()
        let id = try waiting(governance)
        let cluster = try governance.cluster()
        let (before, tip) = (try Files.read(governance.clusterFile), try ledgerTip(governance))
        let text = try governance.expect(0, "sam", ["run", "--dry-run", id.text] + cluster)
        #expect(text.output.contains("predicted") && text.output.contains("replicas: "), "\(text)")
        let json = try governance.expect(0, "sam", ["run", "--dry-run", id.text, "--output", "json"] + cluster).json
        let outcome = try #require(json["dry_runs"]?.arrayValue?.first)
        #expect(outcome["status"] == "predicted")
        let step = try #require(outcome["steps"]?.arrayValue?.first)
        #expect(step["changes"] == true && step["outcome"] == "predicted" && step["action"] == "scale-deployment")
        #expect(step["diff"]?.arrayValue?.contains { $0["field"] == "replicas" && $0["after"] == 5 } == true)
        #expect(step.at("before", "fields", "replicas") != nil && step.at("identity", "cluster_uid") != nil)
        #expect(try Files.read(governance.clusterFile) == before)
        #expect(try ledgerTip(governance) == tip)
        // Of all that wait: nothing has landed.
        let none = try governance.expect(0, "sam", ["run", "--dry-run"] + cluster)
        #expect(none.output.contains("nothing waits"))
        // What is denied is not asked about.
        let denied = try governance.propose("agent", ["replicas=7"])
        try governance.expect(0, "bob", ["reject", denied.text, "--yes"])
        try governance.expect(20, "sam", ["run", "--dry-run", denied.text] + cluster)
    }

    /// An executor whose server knows no dry run.
    private final class OldServer: Executor {
        let name = "old"
        func supports(action: String) -> Bool { true }
        func confirmIdentity(of step: ExecutionStep) -> [String: String] { [:] }
        func runPrechecks(for step: ExecutionStep) -> [PrecheckResult] { [] }
        func captureState(for step: ExecutionStep) -> CapturedState {
            CapturedState(fields: ["replicas": 2], objectDigest: "x")
        }
        func execute(
            _ step: ExecutionStep, before: CapturedState, mayMutate: () -> Bool, progress: (String) -> Void
        ) throws(ExecutionError) -> ExecutionReport { ExecutionReport(summary: "done") }
    }

    @Test("is `unavailable` where the server cannot tell, and never said to be nothing")
    func unavailable() throws {
        let governance = try Governance()
        let id = try waiting(governance)
        let workspace = try Workspace(host: governance.host("sam"), settings: Settings())
        let choice = ExecutorChoice(fixed: OldServer(), host: governance.host("sam"))
        let outcomes = try workspace.dryRun(id, executors: choice)
        #expect(outcomes.map(\.status) == [.unavailable] && outcomes[0].exitCode == 1)
        let step = try #require(outcomes[0].json["steps"]?.arrayValue?.first)
        #expect(step["changes"] == nil && step["diff"] == nil && step["reason"] != nil)
        #expect(!outcomes[0].json.canonicalText.contains("nothing would"))
    }

    @Test("is recorded by the runner for those who hold no credentials: approve, gate and show tell of it")
    func preview() throws {
        let governance = try Governance()
        let id = try waiting(governance)
        let cluster = try governance.cluster()
        for actor in ["sam", "gate", "agent"] {
            try governance.expect(20, actor, ["run", "--preview", id.text] + cluster)
        }
        let before = try Files.read(governance.clusterFile)
        let result = try governance.expect(0, "runner", ["run", "--preview", id.text, "--output", "json"] + cluster)
        let outcome = try #require(try result.json["previews"]?.arrayValue?.first)
        #expect(outcome["height"]?.integerValue != nil)
        #expect(try Files.read(governance.clusterFile) == before)
        #expect(try governance.record(of: id).events.map(\.kind) == [.decision, .preview])
        try governance.git("bob", "fetch", "-q")
        try governance.git("sam", "fetch", "-q")
        let asked = try governance.expect(2, "bob", ["approve", id.text])
        #expect(asked.errors.contains("preview of ") && asked.errors.contains("replicas: "), "\(asked)")
        let gate = try governance.expect(10, "sam", ["gate", "--head", "origin/\(id.branch)"])
        #expect(gate.output.contains("preview of ") && gate.output.contains("replicas: "), "\(gate)")
        let judged = try governance.expect(10, "sam", ["gate", "--head", "origin/\(id.branch)", "--output", "json"])
            .json
        let preview = try #require(judged["changes"]?.arrayValue?.first?["preview"])
        #expect(preview["current"] == true && preview["by"] == "runner")
        #expect(preview.at("steps")?.arrayValue?.first?["changes"] == true)
        let shown = try governance.expect(0, "sam", ["show", id.text])
        #expect(shown.output.components(of: "preview of ") == 1, "\(shown)")
        // It binds nothing: the change is approved, lands and runs as without it.
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + cluster)
        try governance.expect(1, "runner", ["run", "--preview", id.text] + cluster)
        try governance.expectVerified()
    }

    @Test("is told of each step of a plan, as its target is now")
    func plan() throws {
        let governance = try Governance()
        let id = try governance.proposePlan(Governance.threeSteps)
        let result = governance.agentsafe(
            "runner", ["run", "--preview", id.text, "--output", "json"] + (try governance.cluster()))
        #expect(result.status == 0, "\(result)")
        let steps = try #require(try result.json["previews"]?.arrayValue?.first?["steps"]?.arrayValue)
        #expect(steps.count == 3 && steps.allSatisfy { $0["outcome"] == "predicted" })
        try governance.expectVerified()
    }

    @Test("fetches no secret that nobody has allowed yet")
    func secret() throws {
        let governance = try Governance()
        try governance.makeValueSensitive()
        let asked = "\(governance.directory.path)/asked"
        let plugin = try governance.program("plugin", "touch '\(asked)'\n\(Governance.printing("Secret-Canary-4711"))")
        try governance.configureCredentials([["name: p", "kind: exec", "secrets: [it]", "command: \"\(plugin)\""]])
        let id = try governance.propose(
            action: "update-configmap", target: "staging/app-config", ["key=PASSWORD", "value=vault:it"])
        let result = try governance.expect(1, "runner", ["run", "--preview", id.text] + governance.cluster())
        #expect(result.output.contains("unavailable") && Files.kind(asked) == nil, "\(result)")
    }

    @Test(
        "is recorded ten times at most, only of the plan that would run, only by a runner, and never of what is denied or under way"
    )
    func bounds() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        func draft(_ desk: LedgerDesk, _ id: ChangeID, edit: (inout JSONValue) -> Void = { _ in }) throws -> EventDraft
        {
            let change = try desk.change(id)
            let plan = try #require(try Judgement(change, main: try desk.main, now: desk.now).plan)
            var body: JSONValue = [
                "plan": .string(plan.digest.description), "executor": "none",
                "steps": [["outcome": "predicted", "changes": true]],
            ]
            edit(&body)
            return EventDraft(kind: .preview, change: change, body: body, headline: "preview")
        }
        let spoiled: [(inout JSONValue) -> Void] = [
            { $0["plan"] = .string(Digest(of: []).description) }, { $0["steps"] = [] }, { $0["executor"] = "a b" },
            { $0["steps"] = [["outcome": "unavailable", "changes": false]] },
            { $0["steps"] = [["outcome": "predicted"]] },
            { $0["steps"] = [["outcome": "perhaps"]] }, { $0["more"] = 1 },
            { $0["steps"] = [["outcome": "refused", "reason": .string(String(repeating: "x", count: 300_000))]] },
        ]
        for edit in spoiled {
            let desk = try LedgerDesk(governance)
            #expect(throws: LedgerError.self) { try desk.append(draft(desk, id, edit: edit)) }
        }
        let gate = try LedgerDesk(governance, as: "gate")
        #expect(throws: LedgerError.self) { try gate.append(draft(gate, id)) }
        let withFile = try LedgerDesk(governance)
        var loaded = try draft(withFile, id)
        loaded.files = ["before.json": Array("{}\n".utf8)]
        #expect(throws: LedgerError.self) { try withFile.append(loaded) }
        let claimed = try LedgerDesk(governance)
        try claimed.append(claimed.claim(id))
        #expect(throws: LedgerError.self) { try claimed.append(draft(claimed, id)) }

        let desk = try LedgerDesk(governance)
        for _ in 0..<10 { try desk.append(draft(desk, id)) }
        #expect(throws: LedgerError.self) { try desk.append(draft(desk, id)) }
        try desk.push()
        let refused = try governance.expect(1, "runner", ["run", "--preview", id.text] + governance.cluster())
        #expect(refused.errors.contains("10 recorded previews"), "\(refused)")
        // A dry run is still had, and the change runs.
        try governance.expect(0, "runner", ["run", "--dry-run", id.text] + governance.cluster())
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.expectVerified()

        let rejected = try governance.propose("agent", ["replicas=7"])
        try governance.expect(0, "bob", ["reject", rejected.text, "--yes"])
        try governance.land(rejected)
        try governance.expect(20, "runner", ["run", rejected.text] + governance.cluster())
        let late = try LedgerDesk(governance)
        #expect(throws: LedgerError.self) { try late.append(draft(late, rejected)) }
    }
}
