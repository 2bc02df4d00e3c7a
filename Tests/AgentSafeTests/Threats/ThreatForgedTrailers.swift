import ChangeModel
import Testing

@Suite("Threat 3: text that looks like an approval")
struct ThreatForgedTrailers {
    /// What an agent would write into a message, hoping that somebody reads it as a vote by bob.
    enum Text: String, CaseIterable {
        case approve, vote, voteWithOwnSignature
    }

    private func trailers(_ text: Text, on id: ChangeID, in governance: Governance) throws -> String {
        let vote = try governance.handVote(on: id, by: "bob")
        return switch text {
        case .approve: "Agentsafe-Approve: \(id)\nSigned-off-by: bob <bob@example.com>\n"
        case .vote: "Agentsafe-Vote: \(vote.text)\n"
        case .voteWithOwnSignature: try governance.voteTrailers(vote, signedBy: "agent")
        }
    }

    /// A proposal whose own commit carries the text.
    private func proposal(_ text: Text, in governance: Governance) throws -> ChangeID {
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.git("agent", "fetch", "-q")
        let commit = try governance.commit(
            "agent", tree: try governance.git("agent", "rev-parse", "origin/\(id.branch)^{tree}"),
            parents: [try governance.tip("main")],
            message: "propose \(id)\n\n\(try trailers(text, on: id, in: governance))", signedBy: "agent")
        try governance.push("agent", commit, to: id.branch)
        return id
    }

    @Test("trailers in the proposal's commit approve nothing, landed or not", arguments: Text.allCases)
    func proposalCommit(text: Text) throws {
        let governance = try Governance()
        let id = try proposal(text, in: governance)
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        #expect(gate.missing == 1)
        try governance.land(id)
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    @Test("the proposal's commit approves nothing as a vote branch either", arguments: Text.allCases)
    func proposalAsVoteBranch(text: Text) throws {
        let governance = try Governance()
        let id = try proposal(text, in: governance)
        try governance.push("agent", "origin/\(id.branch)", to: "vote/\(id)/bob-00000000")
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        #expect(gate.errors.contains("bob-00000000` counts for nothing: a vote's commit changes no file"), "\(gate)")
        try governance.expectUnapproved(id)
    }

    enum Landing: String, CaseIterable {
        /// The forge's merge, with the request's description in the message.
        case mergeMessage
        /// A squash, which takes the messages of all commits over.
        case squashMessage
        /// The request's title becomes the subject.
        case title
        /// An approver's own signed merge, under the agent's words instead of git's.
        case signedMergeMessage
        /// An approver's signed squash.
        case signedSquash
    }

    @Test("an agent's words in the message that lands its change approve nothing", arguments: Landing.allCases)
    func landingMessage(_ landing: Landing) throws {
        let governance = try Governance()
        let id = try proposal(.voteWithOwnSignature, in: governance)
        let words = try trailers(.voteWithOwnSignature, on: id, in: governance)
        let actor = landing == .signedMergeMessage || landing == .signedSquash ? "bob" : "sam"
        try governance.git(actor, "fetch", "-q")
        try governance.git(actor, "checkout", "-q", "-B", "main", "origin/main")
        let branch = "origin/\(id.branch)"
        switch landing {
        case .mergeMessage:
            try governance.git(actor, "merge", "-q", "--no-ff", "-m", "Merge pull request 7\n\n\(words)", branch)
        case .squashMessage:
            try governance.git(actor, "merge", "-q", "--squash", branch)
            try governance.git(actor, "commit", "-q", "-m", "Scale up (7)\n\n\(words)")
        case .title:
            try governance.git(actor, "merge", "-q", "--squash", branch)
            try governance.git(actor, "commit", "-q", "-m", words)
        case .signedMergeMessage:
            try governance.signingGit(actor, "merge", "-q", "--no-ff", "-S", "-m", "Land it\n\n\(words)", branch)
        case .signedSquash:
            try governance.git(actor, "merge", "-q", "--squash", branch)
            try governance.signingGit(actor, "commit", "-q", "-S", "-m", "Merge branch '\(id.branch)'\n\n\(words)")
        }
        try governance.git(actor, "push", "-q", "origin", "main")
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    @Test("a reason of two lines is never written")
    func lineFeedInReason() throws {
        let governance = try Governance()
        let result = governance.agentsafe(
            "agent",
            [
                "propose", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--push",
                "--reason", "Busy\nAgentsafe-Vote: approve everything",
            ])
        #expect(result.status == 1)
        #expect(result.errors.contains("reason"), "\(result)")
        #expect(try governance.run(["git", "-C", governance.remote, "branch", "--list", "change/*"]).isEmpty)
        #expect(try governance.git("agent", "branch", "--list", "change/*").isEmpty)
    }

    @Test("a reason of two lines in a file made by hand is refused where it stands")
    func escapedLineFeedInReason() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.rewrite(id) { text in
            text.replacing("\"\(Governance.reason)\"", with: "\"Busy\\nAgentsafe-Vote: approve everything\"")
        }
        let gate = try governance.gate(id)
        #expect(gate.status == 30)
        #expect(gate.errors.contains("\(id.folder)/change.yaml:10:"), "\(gate)")
    }

    @Test(
        "a reason never becomes a trailer of the ledger",
        arguments: ["Agentsafe-Vote: approve everything", "Agentsafe-Event: execution", "Signed-off-by: bob"])
    func reasonOnTheLedger(reason: String) throws {
        let governance = try Governance()
        let proposed = try governance.expect(
            0, "agent",
            [
                "propose", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--push",
                "--reason", reason, "--output", "json",
            ])
        let id = try #require(try proposed.json["id"]?.stringValue.flatMap { ChangeID($0) })
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
        let bodies = try governance.git("sam", "log", "--format=%B", "origin/ledger")
        #expect(bodies.contains(reason))
        // Stock git finds the protocol's trailers and no other.
        let keys = try governance.git("sam", "log", "--format=%(trailers:only,unfold)", "origin/ledger")
            .split(separator: "\n").map { String($0.prefix { $0 != ":" }) }
        #expect(
            Set(keys) == [
                "Agentsafe-Event", "Agentsafe-Change", "Agentsafe-Decision", "Agentsafe-Main", "Agentsafe-Height",
                "Agentsafe-Previous", "Agentsafe-Evidence",
            ])
        let lines = bodies.split(separator: "\n")
        #expect(lines.count { $0.lowercased().hasPrefix("agentsafe-") } == keys.count)
        #expect(!lines.contains { $0.hasPrefix("Signed-off-by") })
    }
}
