import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

@Suite("Rolling a plan back, and going on with it")
struct PlanRollbackTests {
    @Test("the recorded pairs of what was done are proposed in reverse order, as one plan, and bring everything back")
    func reverse() throws {
        let governance = try Governance()
        _ = try governance.cluster()
        let (staging, dev) = (try governance.replicas(), try governance.replicas(in: "dev"))
        let id = try governance.proposePlan(Governance.failsAtTwo)
        try governance.carryOut(id, expecting: 1)
        let result = try governance.expect(0, "agent", ["rollback", id.text, "--push", "--output", "json"])
        let json = try result.json
        #expect(json.ofSteps("action") == ["rollout-undo", "scale-deployment"])
        #expect(json.ofSteps("target") == ["dev/api-server", "staging/api-server"])
        let back = try governance.id(of: result)
        let run = try governance.carryOut(back)
        #expect(run["status"] == "executed", "\(run)")
        #expect(try governance.replicas() == staging && governance.replicas(in: "dev") == dev)
        let twice = try governance.expect(1, "agent", ["rollback", id.text])
        #expect(twice.errors.contains("was rolled back by \(back) already"))
        try governance.verifyEverywhere(0)
    }

    @Test("one step is rolled back by a plain change, and reads by nothing")
    func single() throws {
        let governance = try Governance()
        let reads = "- action: rollout-status\n  target: staging/api-server\n"
        let id = try governance.proposePlan(
            reads + "- action: scale-deployment\n  target: staging/api-server\n  params: {replicas: 5}\n" + reads)
        try governance.carryOut(id)
        let json = try governance.expect(0, "agent", ["rollback", id.text, "--push", "--output", "json"]).json
        #expect(json["action"] == "scale-deployment" && json["steps"] == nil)
        let looked = try governance.proposePlan(reads + reads)
        try governance.carryOut(looked)
        let nothing = try governance.expect(1, "agent", ["rollback", looked.text])
        #expect(nothing.errors.contains("no step of \(looked) changed anything"))
    }

    @Test("steps that nothing undoes are named and refused, unless the rest shall be undone without them")
    func partial() throws {
        let governance = try Governance()
        let id = try governance.proposePlan(
            """
            - action: scale-deployment
              target: dev/api-server
              params: {replicas: 3}
            - action: restart-deployment
              target: staging/api-server
            - action: scale-deployment
              target: staging/api-server
              params: {replicas: 5}
            """)
        try governance.carryOut(id)
        let refused = try governance.expect(1, "agent", ["rollback", id.text])
        #expect(refused.errors.contains("nothing undoes step 2 (restart-deployment on staging/api-server) of \(id)"))
        let result = try governance.expect(
            0, "agent", ["rollback", id.text, "--partial", "--push", "--output", "json"])
        #expect(result.errors.contains("what step 2 did stays as it is"))
        #expect(try result.json.ofSteps("target") == ["staging/api-server", "dev/api-server"])
        // What undoes a part is no recorded way back.
        let partial = try governance.id(of: result)
        try governance.land(partial)
        let desk = try LedgerDesk(governance)
        let change = try desk.change(partial).change
        #expect(try desk.history.state.isRollback(change, main: try desk.main) == false)
    }

    @Test(
        "a rule for rollbacks holds for exactly the reverse list of the latest execution, once, and for no part of it")
    func isRollback() throws {
        let governance = try Governance()
        try governance.trustCommit([
            "policies/default.yaml": { text in
                text.replacing(
                    "rules:\n",
                    with: """
                        rules:
                          - name: the-way-back-is-open
                            priority: 900
                            match:
                              targets:
                                environments: [prod]
                              callers:
                                roles: [deployer]
                              rollback: true
                            decision: allow
                            reason: Undoing the latest execution needs nobody.

                        """, maxReplacements: 1)
            }
        ])
        let id = try governance.proposePlan(
            """
            - action: scale-deployment
              target: prod/api-server
              params: {replicas: 5}
            - action: update-configmap
              target: prod/app-config
              params: {key: LOG_LEVEL, value: debug}
            """)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.carryOut(id)
        let back = try governance.id(
            of: try governance.expect(0, "agent", ["rollback", id.text, "--push", "--output", "json"]))
        let twice = try governance.id(
            of: try governance.expect(0, "agent", ["rollback", id.text, "--push", "--output", "json"]))
        #expect(try governance.gate(back).status == 0)
        #expect(try governance.file(of: back).contains("rollback_of: \(id)\n"))
        // The same pairs in another order, or one of them alone, are ordinary changes.
        for edit in [turned, shortened] {
            let other = try governance.id(
                of: try governance.expect(0, "agent", ["rollback", id.text, "--push", "--output", "json"]))
            try governance.rewrite(other, edit: edit)
            let gate = try governance.gate(other)
            #expect(gate.status == 10, "\(gate)")
        }
        try governance.carryOut(back)
        #expect(try governance.gate(twice).status == 10)
        try governance.verifyEverywhere(0)
    }

    private func steps(_ text: String) -> (head: Substring, steps: [String], tail: Substring) {
        let parts = text.split(separator: "steps:\n", maxSplits: 1)
        let end = parts[1].firstRange(of: "reason:")!.lowerBound
        let steps = parts[1][..<end].split(separator: "  - ").map { "  - \($0)" }
        return (parts[0], steps, parts[1][end...])
    }

    private func turned(_ text: String) -> String {
        let (head, steps, tail) = steps(text)
        return head + "steps:\n" + steps.reversed().joined() + tail
    }

    private func shortened(_ text: String) -> String {
        let (head, steps, tail) = steps(text)
        let lines = steps[0].split(separator: "\n").map { $0.dropFirst(4) }
        return head + lines.joined(separator: "\n") + "\n" + tail
    }

    @Test("what is left is proposed anew, from the step that failed on, and says what it goes on with")
    func resume() throws {
        let governance = try Governance()
        let id = try governance.proposePlan(Governance.failsAtTwo)
        let early = try governance.expect(1, "agent", ["propose", "--resume", id.text])
        #expect(early.errors.contains("was never executed"))
        try governance.carryOut(id, expecting: 1)
        let result = try governance.expect(
            0, "agent",
            ["propose", "--resume", id.text, "--reason", "The image is there now", "--push", "--output", "json"])
        #expect(try result.json.ofSteps("action") == ["update-image", "restart-deployment"])
        let rest = try governance.id(of: result)
        #expect(
            try governance.file(of: rest).contains(
                "reason: \"Resume \(id) with steps 2 to 3 of 3: The image is there now\"\n"))
        let look = "- action: rollout-status\n  target: staging/api-server\n"
        let done = try governance.proposePlan(look + look)
        try governance.carryOut(done)
        let nothing = try governance.expect(1, "agent", ["propose", "--resume", done.text])
        #expect(nothing.errors.contains("all 2 steps of \(done) are done"))
        let one = try governance.execute()
        #expect(try governance.expect(1, "agent", ["propose", "--resume", one.text]).errors.contains("has one step"))
    }
}
