import ChangeModel
import Documents
import Testing

@Suite("Threat 36: a rejection disappears, or an approval comes back")
struct ThreatVanishedRejection {
    /// The policy allows it; a rejection is all that stops it.
    private func rejected(by actor: String = "carol", recorded: Bool = false) throws -> (Governance, ChangeID) {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.expect(0, actor, ["reject", id.text, "--yes"])
        governance.clock.advance(60)
        if recorded {
            try governance.land(id)
            try governance.expect(20, "runner", ["run"] + governance.cluster())
            try deleteVotes(id, in: governance)
        }
        return (governance, id)
    }

    /// As somebody whom the forge lets.
    private func deleteVotes(_ id: ChangeID, in governance: Governance) throws {
        for branch in try governance.voteBranches(id) {
            try governance.run(["git", "-C", governance.remote, "update-ref", "-d", "refs/heads/\(branch)"])
        }
        for actor in ["sam", "runner"] { try governance.git(actor, "fetch", "-q", "--prune") }
    }

    private func expectRejected(
        _ id: ChangeID, in governance: Governance, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        #expect(try governance.state(of: id) == "rejected", sourceLocation: sourceLocation)
        _ = try governance.cluster()
        let before = try governance.replicas()
        try governance.expect(
            20, "runner", ["run", id.text] + governance.cluster(), sourceLocation: sourceLocation)
        #expect(try governance.replicas() == before, sourceLocation: sourceLocation)
    }

    // MARK: - The agent's branch

    enum Rewrite: String, CaseIterable {
        case forcePushed, edited, deletedAndPushedAgain
    }

    @Test("what becomes of the change's branch takes nothing from the rejection", arguments: Rewrite.allCases)
    func branchRewritten(_ rewrite: Rewrite) throws {
        let (governance, id) = try rejected()
        try governance.git("agent", "fetch", "-q")
        switch rewrite {
        case .forcePushed: try governance.rewrite(id) { $0 }
        case .edited: try governance.rewrite(id) { $0.replacing("replicas: 6", with: "replicas: 7") }
        case .deletedAndPushedAgain:
            let tip = try governance.tip(id.branch)
            try governance.git("agent", "push", "-q", "origin", ":refs/heads/\(id.branch)")
            try governance.git("sam", "fetch", "-q", "--prune")
            try governance.push("agent", tip, to: id.branch)
        }
        let gate = try governance.gate(id)
        #expect(gate.status == 20, "\(gate)")
        #expect(gate.judged?.at("decision", "code")?.stringValue == "rejected", "\(gate)")
        try governance.land(id)
        try expectRejected(id, in: governance)
        // Recorded by that run, it needs no branch any more.
        try deleteVotes(id, in: governance)
        try expectRejected(id, in: governance)
        try governance.verifyEverywhere(0)
    }

    @Test(
        "so with a withdrawal and a cancellation: an edit of the proposal brings nothing back",
        arguments: ["withdraw", "cancel"])
    func edited(verdict: String) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.expect(0, verdict == "cancel" ? "bob" : "agent", [verdict, id.text, "--yes"])
        try governance.rewrite(id) { $0.replacing("replicas: 6", with: "replicas: 7") }
        #expect(try governance.gate(id).status == 20)
        try governance.land(id)
        try governance.expect(20, "runner", ["run", id.text] + governance.cluster())
        #expect(try governance.state(of: id) == "withdrawn")
    }

    @Test("an approval does not carry over to the edited proposal, as a rejection does")
    func approvalOfTheUnedited() throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        try governance.rewrite(id) { $0.replacing("replicas: 5", with: "replicas: 7") }
        let gate = try governance.gate(id)
        #expect(gate.status == 10 && gate.errors.contains("an edited one"), "\(gate)")
    }

    // MARK: - Old approvals

    enum Change: String, CaseIterable {
        case rejected, cancelled, takenBack
        var command: String { self == .rejected ? "reject" : self == .cancelled ? "cancel" : "withdraw" }
    }

    @Test(
        "an approval that its author has taken back stays taken back, however often it is pushed again",
        arguments: Change.allCases, [false, true])
    func replayedApproval(_ change: Change, recorded: Bool) throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        let approval = try governance.tip(try #require(try governance.voteBranches(id).first))
        try governance.git("agent", "fetch", "-q")
        try governance.land(id)
        governance.clock.advance(60)
        try governance.expect(0, "bob", [change.command, id.text, "--yes"])
        governance.clock.advance(60)
        let status: Int32 = change == .takenBack ? 10 : 20
        if recorded {
            try governance.expect(status, "runner", ["run"] + governance.cluster())
            // What was only taken back stops nobody else, and so waits on its branch.
            if change != .takenBack { try deleteVotes(id, in: governance) }
        }
        for leaf in ["bob-00000000", "bob-zzzzzzzz"] {
            try governance.push("agent", approval, to: "vote/\(id)/\(leaf)")
        }
        try governance.expect(status, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
        // A new one is another matter.
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    // MARK: - The rejector

    enum Fate: String, CaseIterable {
        case revoked, expired, stripped
    }

    @Test("a recorded rejection outlives its author's key and role", arguments: Fate.allCases)
    func rejectorGone(_ fate: Fate) throws {
        let (governance, id) = try rejected(recorded: true)
        switch fate {
        case .revoked: try governance.limitKey(of: "carol", to: .revoked)
        case .expired: try governance.limitKey(of: "carol", to: .expired)
        case .stripped:
            try governance.trustCommit([
                "identities.yaml": {
                    $0.replacing(
                        "- id: carol\n    kind: person\n    roles: [approver]",
                        with: "- id: carol\n    kind: person\n    roles: []")
                }
            ])
        }
        try expectRejected(id, in: governance)
        try governance.verifyEverywhere(0)
        // Whoever may not speak any more cannot take it back either; an admin can.
        if fate != .stripped { try governance.expect(1, "carol", ["withdraw", id.text, "--yes"]) }
        try governance.expect(0, "alice", ["withdraw", id.text, "--of", "carol", "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("no commit takes the rejector out of the identities")
    func rejectorRemoved() throws {
        let (governance, id) = try rejected(recorded: true)
        let text = try governance.text("identities.yaml", at: "origin/main", seenBy: "alice")
        var registry = try governance.registry(text)
        registry.identities.removeAll { $0.id == "carol" }
        let without = String(decoding: IdentitiesDocument.emit(registry, header: ""), as: UTF8.self)
        let commit = try governance.trustByHand(
            "alice", ["identities.yaml": without], signedBy: ["alice": "alice"])
        let main = try governance.tip("main")
        try governance.push("alice", commit, to: "main")
        try governance.expectForeign(at: commit, "it removes a key of `carol`")
        try governance.push("alice", main, to: "main")
        try expectRejected(id, in: governance)
    }

    @Test("no commit makes somebody with a key another kind of identity", arguments: [IdentityKind.agent, .service])
    func otherKind(kind: IdentityKind) throws {
        let (governance, id) = try rejected(recorded: true)
        var registry = try governance.registry(
            try governance.text("identities.yaml", at: "origin/main", seenBy: "alice"))
        let place = try #require(registry.identities.firstIndex { $0.id == "carol" })
        registry.identities[place].kind = kind
        registry.identities[place].roles = []
        let other = String(decoding: IdentitiesDocument.emit(registry, header: ""), as: UTF8.self)
        let commit = try governance.trustByHand("alice", ["identities.yaml": other], signedBy: ["alice": "alice"])
        let main = try governance.tip("main")
        try governance.push("alice", commit, to: "main")
        try governance.expectForeign(at: commit, "it makes `carol`, who has a key, \(kind.rawValue)")
        try governance.push("alice", main, to: "main")
        try expectRejected(id, in: governance)
    }
}
