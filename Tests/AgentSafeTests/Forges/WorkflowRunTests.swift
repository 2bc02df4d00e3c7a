import ChangeModel
import Git
import OperatingSystem
import Testing

/// Every `run:` step of the workflows, executed with real git against a bare remote.
@Suite("The workflows at work")
struct WorkflowRunTests {
    /// The first job on a request; and the second one where GitHub would start it.
    private func judge(
        _ governance: Governance, _ branch: String, changing: [String: String] = [:]
    ) throws -> (status: Int32, runner: HostedRunner) {
        let runner = try HostedRunner(
            governance, expressions: try governance.openRequest(branch).merging(changing) { $1 })
        return (try runner.run(try Workflow("gate"), job: "gate"), runner)
    }

    private func record(
        _ governance: Governance, _ branch: String, changing: [String: String] = [:]
    ) throws -> (status: Int32, runner: HostedRunner) {
        let runner = try HostedRunner(
            governance, expressions: try governance.openRequest(branch).merging(changing) { $1 })
        return (try runner.run(try Workflow("gate"), job: "record"), runner)
    }

    @Test("a request is judged from main, and the verdict is the check's exit code, output and page")
    func request() throws {
        let governance = try Governance.withWorkflows()
        let allowed = try governance.propose()
        let waiting = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let denied = try governance.propose("rogue", target: "dev/api-server", options: ["--anyway"])
        for (id, status, result) in [
            (allowed, Int32(0), "allow"), (waiting, 10, "require_approval"), (denied, 20, "deny"),
        ] {
            let (code, runner) = try judge(governance, id.branch)
            #expect(code == status && runner.outputs["result"] == result, "\(runner.log)")
            #expect(runner.outputs["ids"] == id.text)
            #expect(runner.summary.contains("agentsafe gate: \(result)"))
            // Objects only: the work tree and its branch are main's.
            let head = try governance.run(["git", "-C", runner.workspace, "rev-parse", "HEAD"])
            #expect(head == (try governance.tip("main")))
            #expect(try governance.run(["git", "-C", runner.workspace, "status", "--porcelain"]).isEmpty)
            #expect(Files.kind("\(runner.workspace)/\(id.folder)") == nil)
        }
        try governance.expect(0, "bob", ["approve", waiting.text, "--yes"])
        #expect(try judge(governance, waiting.branch).status == 0, "a vote turns the re-run check green")
    }

    @Test("an edit of the policy shows those who sign what it would flip, and other requests show nothing of it")
    func impact() throws {
        let governance = try Governance.withWorkflows()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.land(id)
        _ = governance.agentsafe("gate", ["gate", "--record"])
        try governance.update("alice")
        try governance.write("alice", "policies/zz-loose.yaml", ThreatBranchPolicy.loose)
        let words = ["trust", "propose", "-m", "Loosen", "--push", "--output", "json"]
        let branch = try #require(try governance.expect(0, "alice", words).json["branch"]?.stringValue)
        let (status, runner) = try judge(governance, branch)
        #expect(status == 10 && runner.outputs["impact"] == "softer", "\(runner.log)")
        #expect(runner.outputs["result"] == "require_approval" && runner.summary.contains("agentsafe impact: softer"))
        let other = try governance.propose()
        #expect(try judge(governance, other.branch).runner.outputs["impact"] == nil)
    }

    @Test("a request that touches what gives power fails the check, its own workflow included")
    func foreignRequest() throws {
        let governance = try Governance.withWorkflows()
        let id = try governance.propose()
        try governance.addToBranch(
            id.branch, as: "agent",
            [".github/workflows/gate.yml": "on: push\n", ".github/agentsafe/setup.sh": "exit 0\n"])
        let (status, runner) = try judge(governance, id.branch)
        #expect(status == 30 && runner.outputs["result"] == "not_authentic", "\(runner.log)")
        #expect(runner.log.contains("::error title=not authentic::"))
    }

    @Test("the second job records, whatever the verdict, and lands when it is told to")
    func secondJob() throws {
        let governance = try Governance.withWorkflows()
        let denied = try governance.propose("rogue", target: "dev/api-server", options: ["--anyway"])
        let (status, runner) = try record(governance, denied.branch)
        #expect(status == 0, "\(runner.log)")
        #expect(try governance.recorded(denied) == ["decision"])
        let wrong = ["secrets.AGENTSAFE_GATE_KEY": try HostedRunner.key("sam", governance)]
        #expect(try record(governance, denied.branch, changing: wrong).status == 1, "a wrong key is no verdict")
        let allowed = try governance.propose()
        #expect(try record(governance, allowed.branch).status == 0)
        #expect(try governance.tip("main") != governance.tip(allowed.branch))
        let landing = try record(governance, allowed.branch, changing: ["vars.AGENTSAFE_LAND": "true"])
        #expect(landing.status == 0, "\(landing.runner.log)")
        #expect(try governance.tip("main") == governance.tip(allowed.branch))
        #expect(try governance.recorded(allowed) == ["decision"])
        // No key lies where the next job could read it.
        let mode = try governance.run(["find", runner.workspace + "/..", "-name", "signing", "-perm", "/077"])
        #expect(mode.isEmpty)
        try governance.verifyEverywhere(0)
    }

    @Test("a verdict counts for the commit of its event, not for one that was pushed meanwhile")
    func movedHead() throws {
        let governance = try Governance.withWorkflows()
        let denied = try governance.propose("rogue", target: "dev/api-server", options: ["--anyway"])
        let allowed = try governance.propose()
        let (bad, good) = (try governance.tip(denied.branch), try governance.tip(allowed.branch))
        // The event was about the denied head; the request shows the allowed one by now.
        var event = try governance.openRequest(allowed.branch)
        for (key, value) in event where value == good { event[key] = bad }
        let (status, runner) = try judge(governance, allowed.branch, changing: event)
        #expect(status == 20, "\(runner.log)")
        // And where that commit is gone, nothing is judged in its place.
        let gone = String(repeating: "1", count: 40)
        for (key, value) in event where value == bad { event[key] = gone }
        let (other, second) = try judge(governance, allowed.branch, changing: event)
        #expect(other == 1 && second.outputs["result"] == nil, "\(second.log)")
        for value in ["$(id)", "", "main"] {
            for (key, _) in event where key.contains("head.sha") { event[key] = value }
            #expect(try judge(governance, allowed.branch, changing: event).status == 1)
        }
    }

    @Test("two pins that differ stop everything")
    func pins() throws {
        let governance = try Governance.withWorkflows()
        let id = try governance.propose()
        let (status, runner) = try judge(
            governance, id.branch, changing: ["vars.AGENTSAFE_GENESIS": String(repeating: "2", count: 40)])
        #expect(status == 30 && runner.log.contains("AGENTSAFE_GENESIS is not the genesis"), "\(runner.log)")
    }

    @Test("a merge queue's branch is judged as main would become", arguments: ForgeMerge.allCases)
    func mergeQueue(style: ForgeMerge) throws {
        let governance = try Governance.withWorkflows()
        let id = try governance.propose()
        let head = try governance.forgeMerge(style, id)
        _ = try governance.queue(head)
        let runner = try HostedRunner(
            governance,
            expressions: [
                "github.event_name": "merge_group", "github.event.pull_request.number": "",
                "github.event.pull_request.head.sha || github.event.merge_group.head_sha": head,
            ])
        #expect(try runner.run(try Workflow("gate"), job: "gate") == 0, "\(runner.log)")
        #expect(runner.outputs["ids"] == id.text)
    }

    @Test("the round records every open proposal and every vote, lands what may run, and minds no bad branch")
    func round() throws {
        let governance = try Governance.withWorkflows()
        let waiting = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let allowed = try governance.propose()
        let withdrawn = try governance.propose(target: "dev/api-server", ["replicas=2"])
        try governance.expect(0, "agent", ["withdraw", withdrawn.text, "--yes"])
        let foreign = try governance.propose(target: "dev/api-server", ["replicas=3"])
        try governance.addToBranch(foreign.branch, as: "agent", ["policies/mine.yaml": "rules: []\n"])
        try governance.expect(0, "bob", ["approve", waiting.text, "--yes"])
        let runner = try HostedRunner(governance)
        #expect(try runner.run(try Workflow("record"), job: "record") == 0, "\(runner.log)")
        #expect(runner.log.contains("exit 30 for refs/remotes/origin/\(foreign.branch)"))
        #expect(try governance.recorded(waiting) == ["decision", "vote"])
        #expect(try governance.recorded(allowed) == ["decision"])
        #expect(try governance.recorded(withdrawn) == ["decision", "vote"])
        #expect(try governance.recorded(foreign).isEmpty)
        let wrong = try HostedRunner(
            governance, expressions: ["secrets.AGENTSAFE_GATE_KEY": try HostedRunner.key("sam", governance)])
        #expect(try wrong.run(try Workflow("record"), job: "record") == 1, "a wrong key is no verdict")
        let landing = try HostedRunner(governance, expressions: ["vars.AGENTSAFE_LAND": "true"])
        #expect(try landing.run(try Workflow("record"), job: "record") == 0, "\(landing.log)")
        try governance.git("sam", "fetch", "-q")
        let landed = try governance.files("sam", "origin/main", "changes")
        #expect(landed.count == 4, "\(landed)")
        try governance.verifyEverywhere(0)
    }

    @Test("what landed is executed once; what waits or is denied is no failure")
    func running() throws {
        let governance = try Governance.withWorkflows()
        _ = try governance.cluster()
        let id = try governance.propose()
        try governance.land(id)
        for (count, word) in [(1, "executed"), (1, "nothing waits")] {
            let runner = try HostedRunner(governance)
            #expect(try runner.run(try Workflow("run"), job: "run") == 0, "\(runner.log)")
            #expect(runner.log.contains(word), "\(runner.log)")
            #expect(try governance.recorded(id).filter { $0 == "execution" }.count == count)
        }
        let waiting = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.mergeUnsigned(waiting)
        let runner = try HostedRunner(governance)
        #expect(try runner.run(try Workflow("run"), job: "run") == 0, "\(runner.log)")
        #expect(runner.log.contains("::notice title=agentsafe run::"), "\(runner.log)")
        let wrong = try HostedRunner(governance, expressions: ["secrets.AGENTSAFE_RUNNER_KEY": ""])
        #expect(try wrong.run(try Workflow("run"), job: "run") == 1)
        let notMine = try HostedRunner(
            governance, expressions: ["secrets.AGENTSAFE_RUNNER_KEY": try HostedRunner.key("sam", governance)])
        #expect(try notMine.run(try Workflow("run"), job: "run") == 1, "a wrong key is no verdict")
        let unreachable = try HostedRunner(
            governance, expressions: ["vars.AGENTSAFE_REMOTE_URL": "/nowhere/remote.git"])
        #expect(try unreachable.run(try Workflow("run"), job: "run") == 1)
    }

    @Test("the night's verification passes, and turns red when the ledger was rewritten")
    func verification() throws {
        let governance = try Governance.withWorkflows()
        try governance.execute()
        let runner = try HostedRunner(governance)
        #expect(try runner.run(try Workflow("verify"), job: "verify") == 0, "\(runner.log)")
        #expect(runner.summary.contains("authentic from genesis"))
        try governance.git("sam", "fetch", "-q")
        let ledger = try governance.git("sam", "rev-parse", "origin/ledger^")
        let forged = try governance.commit(
            "sam", tree: try governance.tree("sam", ledger, ["state/summary.json": "{}\n"]), parents: [ledger],
            message: try governance.git("sam", "log", "-1", "--format=%B", "origin/ledger"), signedBy: "runner")
        try governance.push("sam", forged, to: "ledger")
        let second = try HostedRunner(governance)
        #expect(try second.run(try Workflow("verify"), job: "verify") == 30, "\(second.log)")
    }
}
