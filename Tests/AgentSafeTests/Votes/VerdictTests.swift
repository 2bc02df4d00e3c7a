import ChangeModel
import OperatingSystem
import Testing

@testable import Ledger

/// What stops a change, before it has landed and after. That an agent withdraws its own is in `WithdrawalTests`.
@Suite("Rejecting, cancelling, withdrawing, expiring")
struct VerdictTests {
    struct Stop: Sendable, CustomTestStringConvertible {
        let actor: String
        let verdict: String
        let state: String
        var proposer = "agent"
        var testDescription: String { "\(actor) says \(verdict)" }

        static let all = [
            Stop(actor: "bob", verdict: "reject", state: "rejected"),
            Stop(actor: "bob", verdict: "cancel", state: "withdrawn"),
            Stop(actor: "alice", verdict: "cancel", state: "withdrawn"),
            Stop(actor: "sam", verdict: "withdraw", state: "withdrawn", proposer: "sam"),
            Stop(actor: "alice", verdict: "cancel", state: "withdrawn", proposer: "alice"),
        ]
    }

    @Test(
        "a verdict stops the change before and after landing, is copied into the ledger, and needs no branch then",
        arguments: Stop.all, [false, true])
    func stops(_ stop: Stop, afterLanding: Bool) throws {
        let governance = try Governance()
        let target = stop.proposer == "alice" ? "prod/api-server" : "staging/api-server"
        let id = try governance.propose(stop.proposer, target: target)
        if afterLanding { try governance.land(id) }
        try governance.expect(0, stop.actor, [stop.verdict, id.text, "--yes"])
        #expect(try governance.state(of: id) == stop.state)
        if !afterLanding {
            #expect(try governance.gate(id).status == 20)
            try governance.land(id)
        }
        for _ in 0..<2 {
            try governance.runRecordsOnly(20, id)
            #expect(try governance.state(of: id) == stop.state)
            let recorded = try governance.record(of: id)
            #expect(recorded.events.map(\.kind) == [.decision, .vote])
            guard case .statement(let signed)? = recorded.votes.first?.form else {
                Issue.record("the vote is not recorded")
                return
            }
            #expect(signed.statement.kind.rawValue == stop.verdict)
            for branch in try governance.voteBranches(id) {
                try governance.git(stop.actor, "push", "-q", "origin", ":refs/heads/\(branch)")
            }
        }
        try governance.verifyEverywhere(0)
    }

    @Test("a change that expired runs no more, whether it has landed or not, and leaves the list of what waits")
    func expiry() throws {
        let governance = try Governance()
        let landed = try governance.propose("agent", options: ["--expires", "1h"])
        try governance.land(landed)
        let proposed = try governance.propose(target: "prod/api-server", ["replicas=5"], options: ["--expires", "1h"])
        try governance.expect(0, "bob", ["approve", proposed.text, "--yes"])
        governance.clock.advance(3600)
        // Its last second is its own.
        #expect(try governance.state(of: landed) == "landed")
        governance.clock.advance(1)
        for id in [landed, proposed] { #expect(try governance.state(of: id) == "expired") }
        #expect(try governance.gate(proposed).status == 20)
        try governance.runRefused(20, landed)
        try governance.land(proposed)
        try governance.runRefused(20, proposed)
        // An event after their hour drops them from the state, and nothing brings them back.
        governance.clock.advance(3600)
        let other = try governance.propose("sam", target: "dev/api-server", ["replicas=2"])
        try governance.land(other)
        for status in [Int32(20), 0] { try governance.expect(status, "runner", ["run"] + governance.cluster()) }
        let desk = try LedgerDesk(governance)
        #expect(try desk.history.currentState().pending().isEmpty)
        for id in [landed, proposed] { #expect(try governance.state(of: id) == "expired") }
        try governance.verifyEverywhere(0)
    }

    // MARK: - Taking back

    @Test("a vote taken back counts neither for nor against, and the change goes on without it")
    func takenBack() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        for (actor, verdict, state) in [
            ("bob", "approve", "approved"), ("carol", "reject", "rejected"), ("carol", "withdraw", "approved"),
            ("bob", "withdraw", "awaiting_approval"), ("bob", "cancel", "withdrawn"),
            ("bob", "withdraw", "awaiting_approval"), ("carol", "approve", "approved"),
        ] {
            try governance.expect(0, actor, [verdict, id.text, "--yes"])
            #expect(try governance.state(of: id) == state, "after \(actor) said \(verdict)")
            governance.clock.advance(60)
        }
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        // All are copied, not only those that made the difference.
        #expect(try governance.record(of: id).votes.count == 7)
        try governance.verifyEverywhere(0)
    }

    @Test("an admin takes back somebody's rejection, which stands again when it is given again")
    func byAnAdmin() throws {
        let governance = try Governance()
        let id = try governance.propose()
        for (actor, words, state) in [
            ("carol", ["reject"], "rejected"), ("bob", ["reject"], "rejected"),
            ("alice", ["withdraw", "--of", "carol"], "rejected"), ("alice", ["withdraw", "--of", "bob"], "proposed"),
            ("carol", ["reject"], "rejected"), ("alice", ["withdraw", "--of", "carol"], "proposed"),
        ] {
            try governance.expect(0, actor, [words[0], id.text, "--yes"] + words.dropFirst())
            #expect(try governance.state(of: id) == state, "after \(actor): \(words)")
            governance.clock.advance(60)
        }
        let votes = try governance.gate(id).judged?["votes"]?.arrayValue ?? []
        #expect(votes.compactMap { $0["of"]?.stringValue } == ["carol", "bob", "carol"])
        // Her own vote is another matter, and stays.
        try governance.expect(0, "alice", ["reject", id.text, "--yes"])
        governance.clock.advance(60)
        try governance.refuse(
            20, "alice", ["withdraw", id.text, "--yes", "--of", "alice"], saying: "has no right to take back")
        #expect(try governance.state(of: id) == "rejected")
        try governance.expect(0, "alice", ["withdraw", id.text, "--yes"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test(
        "nobody else does: not the proposer, not another approver, not an agent; and there must be something to take back"
    )
    func rights() throws {
        let governance = try Governance()
        let id = try governance.propose()
        let own = try governance.propose("alice", target: "prod/api-server", ["replicas=5"])
        for change in [id, own] { try governance.expect(0, "carol", ["reject", change.text, "--yes"]) }
        governance.clock.advance(60)
        for (actor, change) in [("bob", id), ("sam", id), ("agent", id), ("runner", id), ("alice", own)] {
            try governance.git(actor, "fetch", "-q")
            try governance.refuse(
                20, actor, ["withdraw", change.text, "--of", "carol", "--yes"], saying: "has no right to take back")
        }
        for (actor, words) in [("sam", "no vote to take back"), ("bob", "no vote to take back")] {
            try governance.git(actor, "fetch", "-q")
            try governance.refuse(20, actor, ["withdraw", id.text, "--yes"], saying: words)
        }
        try governance.git("alice", "fetch", "-q")
        try governance.refuse(
            1, "alice", ["withdraw", id.text, "--of", "bob", "--yes"], saying: "`bob` does not reject \(id)")
        #expect(try governance.state(of: id) == "rejected")
    }

    @Test(
        "signed by hand, such a withdrawal is judged by the same rules",
        arguments: [
            ("bob", "bob", false), ("alice", "alice", true), ("bob", "alice", false),
            ("agent", "deploy-agent-01", false),
        ])
    func byHand(signer: String, name: String, counts: Bool) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.expect(0, "carol", ["reject", id.text, "--yes"])
        governance.clock.advance(60)
        var vote = try governance.handVote(on: id, by: name)
        vote.verdict = "withdraw"
        vote.repository += " of=carol"
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: signer), on: id, leaf: "\(name)-00000000", pushedBy: signer)
        #expect(try governance.state(of: id) == (counts ? "proposed" : "rejected"))
    }

    @Test("what takes a rejection back lasts no longer than the key that signed it")
    func takenBackByAKeyThatEnds() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.expect(0, "carol", ["reject", id.text, "--yes"])
        governance.clock.advance(60)
        try governance.expect(0, "carol", ["withdraw", id.text, "--yes"])
        #expect(try governance.state(of: id) == "proposed")
        // Somebody else's rejection makes the run record them all.
        try governance.land(id)
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        try governance.runRecordsOnly(20, id)
        governance.clock.advance(60)
        try governance.expect(0, "bob", ["withdraw", id.text, "--yes"])
        #expect(try governance.state(of: id) == "landed")
        try governance.limitKey(of: "carol", to: .revoked)
        #expect(try governance.state(of: id) == "rejected")
        try governance.runRecordsOnly(20, id)
        try governance.verifyEverywhere(0)
    }
}
