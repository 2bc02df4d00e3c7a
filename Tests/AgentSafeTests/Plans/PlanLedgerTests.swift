import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

@Suite("What the ledger takes of a plan")
struct PlanLedgerTests {
    private struct Setting {
        let governance: Governance
        let id: ChangeID
        let desk: LedgerDesk

        init() throws {
            governance = try Governance()
            id = try governance.proposePlan(Governance.threeSteps)
            try governance.land(id)
            desk = try LedgerDesk(governance)
            try desk.append(try desk.decision(id), try desk.claim(id))
        }

        func done(_ step: Int, _ outcome: String = "succeeded", changed: Bool = true) throws -> JSONValue {
            let change = try desk.change(id).change
            return [
                "action": .string(change.steps[step - 1].action), "target": .string(change.steps[step - 1].target),
                "outcome": .string(outcome), "changed": .bool(changed), "summary": "a test", "diff": [],
            ]
        }

        func prepared(
            _ step: Int, done: JSONValue? = nil, pair: JSONValue? = nil
        ) throws -> EventDraft {
            var draft = try desk.prepared(id) { body in
                body["step"] = .integer(Int64(step))
                if let done { body["done"] = done }
                if let pair { body["rollback"] = pair }
            }
            if pair != nil { draft.files["rollback.yaml"] = Array("action: x\n".utf8) }
            return draft
        }

        func execution(_ steps: [JSONValue], _ outcome: String = "failed", changed: Bool = true) throws -> EventDraft {
            var draft = try desk.execution(id, outcome: outcome)
            draft.body["steps"] = .array(steps)
            draft.body["changed"] = .bool(changed)
            return draft
        }

        func refused(_ words: String, _ draft: EventDraft, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
            let error = #expect(throws: LedgerError.self, sourceLocation: sourceLocation) { try desk.append(draft) }
            let isSaid = error?.description.contains(words) == true
            #expect(isSaid, "\(String(describing: error))", sourceLocation: sourceLocation)
        }
    }

    @Test("steps are prepared in order, each after the one before it has succeeded")
    func order() throws {
        let setting = try Setting()
        setting.refused("step 1 is the next", try setting.prepared(2, done: try setting.done(1)))
        setting.refused("step 1 is the next", try setting.desk.prepared(setting.id))
        setting.refused("nothing was done before", try setting.prepared(1, done: try setting.done(1)))
        try setting.desk.append(try setting.prepared(1))
        setting.refused("step 2 is the next", try setting.prepared(1))
        setting.refused("when the one before it has succeeded", try setting.prepared(2))
        setting.refused("has succeeded", try setting.prepared(2, done: try setting.done(1, "failed")))
        setting.refused("what became of that step", try setting.prepared(2, done: try setting.done(2)))
        try setting.desk.append(try setting.prepared(2, done: try setting.done(1)))
        try setting.desk.append(try setting.prepared(3, done: try setting.done(2)))
        setting.refused("all steps of the claim are prepared", try setting.prepared(3, done: try setting.done(3)))
        setting.refused("cannot be aborted", try setting.desk.aborted(setting.id))
        let claim = try #require(try setting.desk.history.state.claim(setting.id))
        #expect(claim.prepared == 3 && claim.changed == [true, true] && claim.place == "step 3 of 3")
    }

    @Test("an execution tells of each step what can have become of it, and what was recorded already")
    func execution() throws {
        let setting = try Setting()
        let (one, two) = (try setting.done(1), try setting.done(2))
        let left = try setting.done(3, "not_run", changed: false)
        try setting.desk.append(try setting.prepared(1))
        try setting.desk.append(try setting.prepared(2, done: one))
        setting.refused("does not speak of all steps", try setting.execution([one, two]))
        setting.refused(
            "in order until one fails",
            try setting.execution([one, try setting.done(2, "not_run", changed: false), try setting.done(3)]))
        setting.refused(
            "in order until one fails",
            try setting.execution([one, try setting.done(2, "failed"), try setting.done(3)]))
        setting.refused(
            "in order until one fails", try setting.execution([one, two, try setting.done(3)], "succeeded"))
        setting.refused("that of its steps", try setting.execution([one, two, left], "succeeded"))
        setting.refused("that of its steps", try setting.execution([one, two, left], changed: false))
        setting.refused("what became of that step", try setting.execution([two, one, left]))
        setting.refused("what became of that step", try setting.execution([one, two, try setting.done(3, "not_run")]))
        var other = one
        other["summary"] = "something else"
        setting.refused("not the one that was recorded", try setting.execution([other, two, left]))
        // Prepared, and never sent: the runner could not know that its preparation had arrived.
        let unsent = try setting.done(2, "not_run", changed: false)
        try setting.desk.append(try setting.execution([one, unsent, left]))
        try setting.desk.push()
        #expect(try setting.governance.lastExecution(on: "staging/api-server") == setting.id)
        #expect(try setting.governance.lastExecution(on: "dev/api-server") == nil)
        try setting.governance.verifyEverywhere(0)
    }

    @Test("a change of one step has no numbers for steps")
    func single() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id), try desk.claim(id))
        let error = #expect(throws: LedgerError.self) { try desk.append(try desk.prepared(id) { $0["step"] = 1 }) }
        #expect(error?.description.contains("one step has no numbers") == true)
    }

    @Test(
        "a runner that dies between two steps leaves an unknown that names the step, and a person says what became of it",
        arguments: [("applied", 2), ("partly_applied", 1), ("not_applied", 1)])
    func resolution(outcome: String, done: Int) throws {
        let setting = try Setting()
        let governance = setting.governance
        let pair: JSONValue = [
            "action": "scale-deployment", "target": "staging/api-server", "params": ["replicas": 2],
        ]
        let otherPair: JSONValue = [
            "action": "scale-deployment", "target": "dev/api-server", "params": ["replicas": 1],
        ]
        try setting.desk.append(try setting.prepared(1, pair: pair))
        try setting.desk.append(try setting.prepared(2, done: try setting.done(1), pair: otherPair))
        try setting.desk.push()
        governance.clock.advance(901)
        #expect(try governance.state(of: setting.id) == "unknown")
        let status = try governance.expect(1, "sam", ["status", setting.id.text])
        #expect(status.output.contains("`runner` prepared step 2 of 3 and recorded no execution"))
        let run = try governance.expect(1, "runner", ["run", setting.id.text] + governance.cluster())
        #expect(run.output.contains("step 2 of 3"))
        try governance.expect(
            0, "bob", ["resolve", setting.id.text, "--outcome", outcome, "--reason", "I looked at it", "--yes"])
        #expect(try governance.state(of: setting.id) == "failed", "its third step was never run")
        #expect(try governance.lastExecution(on: "staging/api-server") == setting.id)
        #expect(
            try governance.lastExecution(on: "dev/api-server") == (outcome == "not_applied" ? nil : setting.id))
        let back = try governance.expect(0, "agent", ["rollback", setting.id.text, "--push", "--output", "json"]).json
        if outcome == "not_applied" {
            #expect(back["target"] == "staging/api-server")
        } else {
            #expect(back.ofSteps("target") == ["dev/api-server", "staging/api-server"])
        }
        let rest = try governance.expect(
            0, "agent", ["propose", "--resume", setting.id.text, "--push", "--output", "json"]
        ).json
        #expect((rest["steps"]?.arrayValue?.count ?? 1) == 3 - done)
        try governance.verifyEverywhere(0)
    }
}
