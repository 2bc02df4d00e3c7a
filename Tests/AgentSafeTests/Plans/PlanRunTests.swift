import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

@Suite("Plans of several steps")
struct PlanRunTests {
    @Test("run in order under one claim, each step prepared before its target is touched, and everybody can verify it")
    func succeeds() throws {
        let governance = try Governance()
        let id = try governance.proposePlan(Governance.threeSteps)
        let judged = try #require(try governance.gate(id).json["changes"]?.arrayValue?.first)
        #expect(judged["result"] == "allow" && judged["action"] == nil)
        #expect(judged.ofSteps("target") == ["staging/api-server", "dev/api-server", "staging/api-server"])
        let rules = ["dev-and-staging-are-open", "dev-and-staging-are-open", "reads-are-free"]
        #expect(judged["decision"]?.ofSteps("rule") == rules)

        let run = try governance.carryOut(id)
        #expect(run["status"] == "executed" && run.ofSteps("outcome") == Array(repeating: "succeeded", count: 3))
        #expect(run["steps"]?.arrayValue?[2].at("output", "available_replicas") == 4)
        #expect(try governance.replicas() == 4 && governance.replicas(in: "dev") == 3)

        let record = try governance.record(of: id)
        #expect(record.events.map(\.kind) == [.decision, .claim, .prepared, .prepared, .prepared, .execution])
        let claim = try #require(record.last(.claim))
        #expect(claim.locks.count == 2 && claim.stepLocks.count == 3 && claim.stepLocks[0] == claim.stepLocks[2])
        let prepared = record.events.filter { $0.kind == .prepared }
        #expect(prepared.map { $0.body["step"] } == [1, 2, 3])
        #expect(prepared.map { $0.body.at("done", "summary") != nil } == [false, true, true])
        let execution = try #require(record.last(.execution))
        #expect(execution.body["steps"]?.arrayValue?[0] == prepared[1].body["done"])
        #expect(execution.body["steps"]?.arrayValue?.map { $0["changed"] } == [true, true, false])
        // The state after each step is recorded with what follows it.
        #expect(
            prepared.map { event in event.files.keys.contains { $0.hasSuffix("-after.json") } } == [false, true, true])
        #expect(execution.files.count == 1)
        #expect(try governance.lastExecution(on: "staging/api-server") == id)
        #expect(try governance.lastExecution(on: "dev/api-server") == id)
        #expect(try governance.state(of: id) == "executed")
        let shown = try governance.expect(0, "sam", ["show", id.text]).output
        for words in ["step 2", "scaled deployment `dev/api-server`", "undone by"] { #expect(shown.contains(words)) }
        try governance.verifyEverywhere(0)
        #expect(try governance.expect(1, "runner", ["run", id.text]).errors.contains("a change runs once"))
    }

    @Test("stop at the step that fails: what was done is recorded, the rest is left alone")
    func fails() throws {
        let governance = try Governance()
        let id = try governance.proposePlan(Governance.failsAtTwo)
        let run = try governance.carryOut(id, expecting: 1)
        #expect(run["status"] == "failed" && run.ofSteps("outcome") == ["succeeded", "failed", "not_run"])
        let detail = try #require(run["detail"]?.stringValue)
        #expect(detail.hasPrefix("step 2 of 3 failed: "))
        #expect(detail.contains("agentsafe propose --resume \(id)") && detail.contains("agentsafe rollback \(id)"))
        #expect(try governance.replicas() == 4)
        #expect(try governance.state(of: id) == "failed")
        #expect(try governance.record(of: id).events.filter { $0.kind == .prepared }.count == 2)
        #expect(try governance.lastExecution(on: "staging/api-server") == id)
        #expect(try governance.lastExecution(on: "dev/api-server") == id, "its image was changed all the same")
        try governance.verifyEverywhere(0)
    }

    @Test("stop before a step whose prechecks fail, and are given back when that is the first one")
    func prechecks() throws {
        let governance = try Governance()
        let restart = "- action: restart-deployment\n  target: staging/api-server\n"
        let down = "- action: scale-deployment\n  target: staging/api-server\n  params: {replicas: 0}\n"
        let id = try governance.proposePlan(down + restart)
        let run = try governance.carryOut(id, expecting: 1)
        #expect(run.ofSteps("outcome") == ["succeeded", "not_run"])
        #expect(
            run["detail"]?.stringValue?.hasPrefix("stopped before step 2 of 2: precheck `minimum-replicas`") == true)
        #expect(try governance.replicas() == 0)
        #expect(try governance.record(of: id).events.map(\.kind) == [.decision, .claim, .prepared, .execution])
        let back = try governance.proposePlan(restart + down)
        let aborted = try governance.carryOut(back, expecting: 1)
        #expect(aborted["status"] == "aborted" && aborted["steps"] == nil)
        #expect(try governance.record(of: back).events.map(\.kind) == [.decision, .claim, .aborted])
        try governance.verifyEverywhere(0)
    }

    @Test("are denied as a whole when one step is, and approved as a whole, by a vote for exactly this plan")
    func decidedAsAWhole() throws {
        let governance = try Governance()
        let denied = governance.agentsafe(
            "rogue",
            ["propose", "--steps", try steps(governance, Governance.threeSteps), "--reason", "x", "--output", "json"])
        #expect(try denied.json.at("decision", "result") == "deny" && denied.status == 20)
        let plan =
            Governance.threeSteps + "\n- action: scale-deployment\n  target: prod/api-server\n  params: {replicas: 5}\n"
        let id = try governance.proposePlan(plan)
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        let decision = try #require(try gate.json["changes"]?.arrayValue?.first?["decision"])
        #expect(decision["reason"]?.stringValue?.hasPrefix("step 4, `scale-deployment on prod/api-server`: ") == true)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        #expect(try governance.gate(id).status == 0)
        let run = try governance.carryOut(id)
        #expect(run["status"] == "executed")
        try governance.verifyEverywhere(0)
    }

    @Test(
        "stop when a step's preparation cannot be pushed; what was done waits in the clone, and is recorded by the next run"
    )
    func cutOff() throws {
        let governance = try Governance()
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        let id = try governance.proposePlan(Governance.threeSteps)
        try governance.land(id)
        // The remote takes the claim and the first preparation, and nothing more.
        let hook = "\(governance.remote)/hooks/pre-receive"
        try Files.createDirectory(Files.parent(of: hook))
        try Files.create(
            hook,
            Array(
                "#!/bin/sh\nn=$(cat \"$0.n\" 2>/dev/null || echo 0)\nn=$((n+1))\necho $n > \"$0.n\"\n[ $n -le 2 ]\n"
                    .utf8))
        try governance.run(["chmod", "+x", hook])
        let cut = try governance.expect(1, "runner", ["run", id.text] + governance.cluster())
        #expect(cut.output.contains("record_failed") && cut.output.contains("stopped before step 2 of 3"), "\(cut)")
        #expect(try governance.record(of: id).events.map(\.kind) == [.decision, .claim, .prepared])
        try Files.remove(hook)
        let next = try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(next.errors.contains("recorded the execution of \(id), which had waited in the outbox"), "\(next)")
        #expect(try governance.state(of: id) == "failed")
        let execution = try #require(try governance.record(of: id).last(.execution))
        #expect(execution.body.ofSteps("outcome") == ["succeeded", "not_run", "not_run"])
        #expect(try governance.replicas() == 4 && governance.replicas(in: "dev") != 3)
        #expect(try governance.lastExecution(on: "dev/api-server") == nil)
        try governance.verifyEverywhere(0)
    }

    @Test("lock all of their targets or none")
    func locks() throws {
        let governance = try Governance()
        let held = try governance.propose(target: "dev/api-server", ["replicas=2"])
        let plan = try governance.proposePlan(Governance.threeSteps)
        let other = try governance.propose("agent", ["replicas=7"])
        for id in [held, plan, other] { try governance.land(id) }
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(held), try desk.claim(held))
        try desk.push()
        let cluster = try governance.cluster()
        let run = try governance.expect(1, "runner", ["run", plan.text] + cluster)
        #expect(run.output.contains("locked by \(held)"))
        // The plan's other target is nobody's.
        try governance.expect(0, "runner", ["run", other.text] + cluster)

        try desk.repositoryAfterOthers { desk in
            try desk.append(try desk.aborted(held))
            try desk.append(try desk.decision(plan), try desk.claim(plan))
            for target in ["staging/api-server", "dev/api-server"] {
                let lock = try #require(try desk.main.catalogue().targets[target]).lockKey
                #expect(try desk.history.state.lockHolder(lock) == plan)
            }
            let error = #expect(throws: LedgerError.self) { try desk.append(try desk.claim(held)) }
            #expect(error?.description.contains("locked by \(plan)") == true)
            let short = #expect(throws: LedgerError.self) {
                try desk.append(try desk.aborted(plan), try desk.claim(plan) { $0["locks"] = $0["locks"].map(first) })
            }
            #expect(short?.description.contains("locks are not those") == true)
        }
    }

    private func first(_ locks: JSONValue) -> JSONValue { .array(Array((locks.arrayValue ?? []).prefix(1))) }

    private func steps(_ governance: Governance, _ text: String) throws -> String {
        let path = governance.directory.file("other.yaml")
        try Files.writeAtomically(path, Array(text.utf8))
        return path
    }
}

extension LedgerDesk {
    /// A desk that has fetched what others recorded meanwhile.
    func repositoryAfterOthers(_ body: (LedgerDesk) throws -> Void) throws {
        try body(try LedgerDesk(governance, as: actor))
    }
}
