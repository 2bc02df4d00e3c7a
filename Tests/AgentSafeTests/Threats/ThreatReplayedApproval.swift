import ChangeModel
import Testing

@Suite("Threat 6: an approval is replayed")
struct ThreatReplayedApproval {
    enum Replay: String, CaseIterable {
        /// The approving commit itself, pushed again under the other change's name.
        case renamedBranch
        /// Its message on a new commit.
        case cherryPicked
        /// The other change's id and digest in the text, the old signature below.
        case rewrittenText
        /// The right text, signed by the approver for another repository.
        case otherRepository
        /// The right text, signed by the approver as something other than a vote.
        case otherNamespace

        var reason: String {
            switch self {
            case .renamedBranch, .cherryPicked: "the vote is for another change"
            case .rewrittenText, .otherNamespace: "the signature does not hold"
            case .otherRepository: "the vote is for repository"
            }
        }
    }

    /// Two changes in production, of which bob approved the first; the vote is brought to the second.
    private func replay(_ replay: Replay, in governance: Governance) throws -> ChangeID {
        let approved = try governance.approvedInProduction()
        let other = try governance.propose(target: "prod/api-server", ["replicas=50"])
        let branch = try #require(try governance.voteBranches(approved).first)
        let leaf = try #require(branch.split(separator: "/").last.map(String.init))
        try governance.git("agent", "fetch", "-q")
        let old = try governance.handVote(on: approved, by: "bob")
        var new = try governance.handVote(on: other, by: "bob")
        switch replay {
        case .renamedBranch: try governance.push("agent", "origin/\(branch)", to: "vote/\(other)/\(leaf)")
        case .cherryPicked:
            try governance.git("agent", "checkout", "-q", "--detach", "origin/main")
            try governance.git("agent", "cherry-pick", "--allow-empty", "origin/\(branch)")
            try governance.push("agent", "HEAD", to: "vote/\(other)/\(leaf)")
        case .rewrittenText:
            let trailers = try governance.voteTrailers(new, signedBy: "bob", over: old.text)
            try governance.castByHand(trailers, on: other, leaf: leaf, pushedBy: "agent")
        case .otherRepository:
            new.repository = String(repeating: "0", count: 26)
            let trailers = try governance.voteTrailers(new, signedBy: "bob")
            try governance.castByHand(trailers, on: other, leaf: leaf, pushedBy: "agent")
        case .otherNamespace:
            let trailers = try governance.voteTrailers(new, signedBy: "bob", namespace: "git")
            try governance.castByHand(trailers, on: other, leaf: leaf, pushedBy: "agent")
        }
        return other
    }

    @Test("an approval counts for its own change alone", arguments: Replay.allCases)
    func replayed(_ replay: Replay) throws {
        let governance = try Governance()
        let other = try self.replay(replay, in: governance)
        let gate = try governance.gate(other)
        #expect(gate.status == 10)
        #expect(gate.missing == 1)
        #expect(gate.errors.contains(replay.reason), "\(gate)")
        try governance.expectUnapproved(other)
    }

    @Test("the same vote by hand, with nothing wrong in it, counts")
    func control() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let vote = try governance.handVote(on: id, by: "bob")
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "bob"), on: id, leaf: "bob-00000000", pushedBy: "bob")
        #expect(try governance.gate(id).status == 0)
    }

    @Test("one vote on two branches, one of them in another's name, is one vote")
    func copiedUnderAnotherName() throws {
        let governance = try Governance()
        let id = try governance.propose(
            action: "update-image", target: "prod/api-server",
            ["container=api", "image=registry.example/api-server:1.9.0"])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        let branch = try #require(try governance.voteBranches(id).first)
        try governance.git("agent", "fetch", "-q")
        for leaf in ["bob-00000001", "carol-00000000"] {
            try governance.push("agent", "origin/\(branch)", to: "vote/\(id)/\(leaf)")
        }
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        #expect(gate.missing == 1)
        #expect(
            gate.errors.contains("carol-00000000` counts for nothing: the branch does not bear the voter's name"),
            "\(gate)")
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        #expect(try governance.gate(id).status == 0)
    }
}
