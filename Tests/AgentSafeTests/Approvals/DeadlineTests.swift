import ChangeModel
import Testing

@Suite("Deadlines of approvals")
struct DeadlineTests {
    @Test("an approval that is recorded in the last second of `review_by` counts, and one a second later does not")
    func lastSecond() throws {
        for (late, isInTime) in [(Int64(0), true), (1, false)] {
            let governance = try TimedGovernance.copy()
            let id = try governance.decided(land: true)
            governance.clock.advance(4 * Governance.hour + late)
            if isInTime {
                try governance.expect(0, "bob", ["approve", id.text, "--yes"])
                let json = try governance.execute(id).json
                #expect(json["runs"]?.arrayValue?.first?["status"]?.stringValue == "executed")
            } else {
                let status = try governance.expect(20, "sam", ["status", id.text, "--output", "json"])
                #expect(try status.json.at("change", "decision", "code")?.stringValue == "review_overdue")
                try governance.expect(0, "bob", ["approve", id.text, "--yes"])
                #expect(try governance.code(of: id) == "review_overdue")
                let run = try governance.runRefused(20, id)
                #expect(run.output.contains("was to be approved by"), "\(run)")
            }
            try governance.verifyEverywhere(0)
        }
    }

    @Test("what was approved in time and recorded then runs after `review_by`, while the approval is fresh")
    func approvedInTime() throws {
        let governance = try TimedGovernance.copy()
        let id = try governance.decided(land: true)
        governance.clock.advance(4 * Governance.hour - 600)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.recordVotes()
        governance.clock.advance(1200)
        #expect(try governance.state(of: id) == "landed")
        _ = try governance.execute(id)
        try governance.verifyEverywhere(0)
    }

    @Test("no time runs before a decision is recorded")
    func unrecorded() throws {
        let governance = try TimedGovernance.copy()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.land(id)
        governance.clock.advance(9 * Governance.hour)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        _ = try governance.execute(id)
        try governance.verifyEverywhere(0)
    }

    @Test("an approval grows old after `execute_within`, and the same person's new word makes it young again")
    func executionOverdue() throws {
        let governance = try TimedGovernance.copy()
        let id = try governance.decided(land: true)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.settle("bob")
        try governance.refuse(1, "bob", ["approve", id.text, "--yes"], saying: "once is enough")
        try governance.recordVotes()
        let shown = try governance.expect(0, "bob", ["status", id.text, "--output", "json"]).json
        let end = governance.clock.timestamp + .seconds(30 * Governance.minute)
        #expect(shown.at("change", "execute_by")?.stringValue == end.description)
        governance.clock.advance(30 * Governance.minute)
        #expect(try governance.state(of: id) == "landed")
        governance.clock.advance(1)
        #expect(try governance.code(of: id) == "execution_overdue")
        try governance.runRefused(20, id)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        _ = try governance.execute(id)
        let record = try governance.record(of: id)
        #expect(record.votes.count == 2)
        #expect(record.last(.claim)?.body["approved_by"] == ["bob"])
        try governance.verifyEverywhere(0)
    }

    @Test("an approval that waited on its branch is as old as it says, whenever it is recorded")
    func recordedLate() throws {
        let governance = try TimedGovernance.copy()
        let id = try governance.decided(land: true)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        governance.clock.advance(31 * Governance.minute)
        #expect(try governance.code(of: id) == "execution_overdue")
        try governance.recordVotes()
        #expect(try governance.code(of: id) == "execution_overdue")
        try governance.runRefused(20, id)
    }

    @Test("an approval by merge counts from its recording on")
    func merge() throws {
        let governance = try TimedGovernance.copy()
        let id = try governance.decided()
        try governance.mergeBySignature(id, as: "bob")
        try governance.recordVotes()
        governance.clock.advance(31 * Governance.minute)
        #expect(try governance.code(of: id) == "execution_overdue")
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        _ = try governance.execute(id)
        try governance.verifyEverywhere(0)
    }

    @Test("a claim that is not prepared before the approvals grow old is given back")
    func preparedTooLate() throws {
        let governance = try TimedGovernance.copy()
        let id = try governance.decided(land: true)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        governance.clock.advance(25 * Governance.minute)
        let clock = governance.clock
        let result = try governance.agentsafe(
            "runner", ["run", id.text] + governance.cluster(), sleepingAt: "claimed until"
        ) { clock.advance(6 * Governance.minute) }
        #expect(result.status == 1, "\(result)")
        #expect(try governance.recorded(id).suffix(2) == ["claim", "aborted"])
        #expect(try governance.code(of: id) == "execution_overdue")
        try governance.verifyEverywhere(0)
    }

    @Test("a preparation that comes too late is refused by every reader")
    func forgedPreparation() throws {
        let governance = try TimedGovernance.copy()
        let id = try governance.decided(land: true)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.recordVotes()
        governance.clock.advance(29 * Governance.minute)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.claim(id) { $0["approved_by"] = ["bob"] })
        governance.clock.advance(2 * Governance.minute)
        #expect(throws: (any Error).self) { try desk.append(try desk.prepared(id)) }
        governance.clock.advance(-2 * Governance.minute)
        #expect(throws: Never.self) { try desk.append(try desk.prepared(id)) }
    }

    @Test(
        "today's policy decides about the time: one that allows less stops what was approved before, and more frees it")
    func policyChanges() throws {
        let governance = try TimedGovernance.copy()
        let id = try governance.decided(land: true)
        governance.clock.advance(2 * Governance.hour)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.recordVotes()
        try governance.setTerms(["review_by: 1h"])
        #expect(try governance.code(of: id) == "review_overdue")
        try governance.runRefused(20, id)
        governance.clock.advance(Governance.hour)
        try governance.setTerms(["review_by: 5h"])
        #expect(try governance.state(of: id) == "landed")
        _ = try governance.execute(id)
        try governance.verifyEverywhere(0)
    }

    @Test("an approval whose key is taken back after `review_by` cannot be replaced any more")
    func keyTakenBack() throws {
        let governance = try TimedGovernance.copy(["review_by: 4h"])
        let id = try governance.decided(land: true)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.recordVotes()
        governance.clock.advance(5 * Governance.hour)
        #expect(try governance.state(of: id) == "landed")
        try governance.limitKey(of: "bob", to: .revoked)
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        #expect(try governance.code(of: id) == "review_overdue")
        try governance.runRefused(20, id)
        try governance.verifyEverywhere(0)
    }

    @Test("the repository's defaults hold where a rule says nothing")
    func defaults() throws {
        let governance = try Governance()
        try governance.trustCommit([
            "agentsafe.yaml": { $0.replacing("approvals:\n", with: "approvals:\n  review_by: 1h\n") }
        ])
        let id = try governance.decided(land: true)
        governance.clock.advance(Governance.hour + 1)
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        #expect(try governance.code(of: id) == "review_overdue")
    }
}
