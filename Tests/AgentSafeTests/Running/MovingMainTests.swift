import ChangeModel
import Testing

@testable import Ledger

@Suite("Trust commits while something runs")
struct MovingMainTests {
    @Test("a runner with nothing to do records a trust commit all the same, so that a revocation is in force at once")
    func idleRun() throws {
        let governance = try Governance()
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        try governance.expect(0, "alice", ["identity", "revoke", "bob", "--push"])
        let before = try governance.tip("ledger")
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(try governance.tip("ledger") != before)
        let after = try governance.tip("ledger")
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(try governance.tip("ledger") == after)
        try governance.verifyEverywhere(0)
    }

    @Test("what main does not allow any more is not prepared, however it was claimed")
    func preparedLate() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id), try desk.claim(id))
        try desk.push()
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        try governance.write(
            "alice", "policies/freeze.yaml",
            """
            rules:
              - name: frozen
                priority: 1000
                match:
                  actions: ["*"]
                decision: deny
                reason: Nothing moves today.

            """)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Freeze", "--push"])
        let late = try LedgerDesk(governance)
        try late.recordTrust()
        #expect(throws: LedgerError.self) { try late.append(try late.prepared(id)) }
        // What is given back is given back under any policy.
        #expect(throws: Never.self) { try late.append(try late.aborted(id)) }
    }

    @Test("a preparation without its before-state, or with a failed precheck, is refused")
    func incomplete() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id), try desk.claim(id))
        var bare = try desk.prepared(id)
        bare.files = [:]
        #expect(throws: LedgerError.self) { try desk.append(bare) }
        let failed: JSONValue = [["name": "deployment-exists", "passed": false, "detail": "it is gone"]]
        #expect(throws: LedgerError.self) { try desk.append(try desk.prepared(id) { $0["prechecks"] = failed }) }
        #expect(throws: Never.self) { try desk.append(try desk.prepared(id)) }
    }

    @Test("a read is no execution that a rollback could stumble over")
    func reads() throws {
        let governance = try Governance()
        let id = try governance.execute()
        let desk = try LedgerDesk(governance)
        let lock = try #require(
            try Judgement(desk.change(id), main: desk.main, now: desk.now).plan?.locks.first)
        #expect(try desk.history.state.lastExecution(lock)?.change == id)
        let read = try governance.propose(action: "rollout-status", [])
        try governance.land(read)
        try governance.expect(0, "runner", ["run", read.text] + governance.cluster())
        #expect(try LedgerDesk(governance).history.state.lastExecution(lock)?.change == id)
    }
}
