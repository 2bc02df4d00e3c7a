import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

@Suite("Threat 38: a key ends between a landing and its first event")
struct ThreatExpiredBetween {
    /// A change whose proposer's key, valid when it landed, ends before the ledger first speaks of it.
    private func landed(_ end: Governance.KeyState) throws -> (Governance, ChangeID) {
        let governance = try Governance()
        if end == .expired {
            try governance.limitKey(of: "agent", ["valid_before: \(governance.clock.timestamp + .seconds(600))"])
        }
        let id = try governance.propose()
        try governance.land(id)
        governance.clock.advance(601)
        if end == .revoked { try governance.limitKey(of: "agent", to: .revoked) }
        return (governance, id)
    }

    @Test(
        "history goes on and verifies, and the change does not run", arguments: [Governance.KeyState.expired, .revoked])
    func proposer(_ end: Governance.KeyState) throws {
        let (governance, id) = try landed(end)
        try governance.verifyEverywhere(0)
        // The first event after the landing is about another change.
        let other = try governance.propose("sam", target: "dev/api-server", ["replicas=2"])
        try governance.land(other)
        let run = try governance.expect(20, "runner", ["run"] + governance.cluster())
        #expect(run.output.contains("denied  \(id)") && run.output.contains("executed  \(other)"), "\(run)")
        try governance.verifyEverywhere(0)
        // And then there are events about the change itself.
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        let gate = try LedgerDesk(governance, as: "gate")
        let branch = try #require(try governance.voteBranches(id).first)
        let tip = try #require(try gate.repository.reference("refs/remotes/origin/\(branch)"))
        let vote = EventDraft(
            kind: .vote, change: try gate.change(id),
            body: RecordedVote.body(try VoteBranch.read(tip, in: gate.repository)), headline: "bob says reject")
        try gate.append(try gate.decision(id), vote)
        try gate.push()
        #expect(try governance.record(of: id).events.map(\.kind) == [.decision, .vote])
        try governance.verifyEverywhere(0)
        #expect(try governance.state(of: id) == "denied")
    }

    @Test("so with the key of the merge that landed it, which approves nothing any more")
    func merger() throws {
        let governance = try Governance()
        try governance.limitKey(of: "bob", ["valid_before: \(governance.clock.timestamp + .seconds(600))"])
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.mergeBySignature(id, as: "bob")
        governance.clock.advance(601)
        try governance.runRefused(10, id)
        // Recorded with somebody else's approval, the merge is not among the votes.
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        #expect(try governance.record(of: id).votes.count == 1)
        try governance.verifyEverywhere(0)
    }

    @Test("so with the key of the admin whose trust commit has no event yet")
    func admin() throws {
        let governance = try Governance()
        try governance.limitKey(of: "alice", ["valid_before: \(governance.clock.timestamp + .seconds(600))"])
        try governance.trustCommit(["policies/default.yaml": { $0 + "# later\n" }])
        governance.clock.advance(601)
        try governance.execute()
        try governance.verifyEverywhere(0)
        try governance.update("alice")
        try governance.write("alice", "policies/default.yaml", "rules: []\n")
        let late = try governance.expect(1, "alice", ["trust", "commit", "-m", "Too late", "--push"])
        #expect(late.errors.contains("is revoked or not valid now"), "\(late)")
    }

    @Test(
        "a runner's key that ends in the middle of a run leaves a change that people resolve, and a ledger that verifies"
    )
    func runner() throws {
        let governance = try Governance()
        try governance.limitKey(of: "runner", ["valid_before: \(governance.clock.timestamp + .seconds(600))"])
        let id = try governance.propose()
        try governance.land(id)
        let run = try governance.agentsafe(
            "runner", ["run", id.text] + governance.cluster(), sleepingAt: "prepared: before-state"
        ) { governance.clock.advance(599) }
        // Valid to its last second.
        #expect(run.status == 0, "\(run)")
        let second = try governance.propose("agent", ["replicas=4"])
        try governance.land(second)
        let cut = try governance.agentsafe(
            "runner", ["run", second.text] + governance.cluster(), sleepingAt: "prepared: before-state"
        ) { governance.clock.advance(2) }
        #expect(cut.status != 0, "\(cut)")
        try governance.verifyEverywhere(0)
        governance.clock.advance(901)
        #expect(try governance.state(of: second) == "unknown")
        try governance.expect(
            0, "bob", ["resolve", second.text, "--outcome", "applied", "--reason", "4 replicas run", "--yes"])
        try governance.verifyEverywhere(0)
    }
}

extension Governance {
    /// A run that executes nothing, whatever it records.
    func runRecordsOnly(
        _ status: Int32, _ id: ChangeID, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        _ = try cluster()
        let before = try Files.read(clusterFile)
        try expect(status, "runner", ["run", id.text] + cluster(), sourceLocation: sourceLocation)
        #expect(try Files.read(clusterFile) == before, sourceLocation: sourceLocation)
    }
}
