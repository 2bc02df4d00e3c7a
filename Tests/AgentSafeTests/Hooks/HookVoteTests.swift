import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("Hook: votes")
struct HookVoteTests {
    /// A change in production that waits for votes.
    private final class Ballot {
        let governance: Governance
        let id: ChangeID

        init() throws {
            governance = try HookedServer.governance()
            id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        }

        func reference(_ leaf: String) -> String { "refs/heads/vote/\(id)/\(leaf)" }

        /// A commit that carries a vote's trailers, on main.
        func commit(
            _ trailers: String, edits: [String: String?] = [:], parents: [String] = ["origin/main"],
            by actor: String = "bob"
        ) throws -> String {
            try governance.git(actor, "fetch", "-q")
            return try governance.commit(
                actor, tree: try governance.tree(actor, "origin/main", edits), parents: parents,
                message: "approve \(id): by hand\n\n\(trailers)", signedBy: actor)
        }

        /// What `signer` says in `voter`'s name.
        func trailers(
            _ verdict: String = "approve", by voter: String = "bob", signedBy signer: String? = nil,
            namespace: String = "vote@agentsafe", edit: (inout HandVote) -> Void = { _ in }
        ) throws -> String {
            var vote = try governance.handVote(on: id, by: voter)
            vote.verdict = verdict
            edit(&vote)
            return try governance.voteTrailers(vote, signedBy: signer ?? voter, namespace: namespace)
        }

        func refused(
            _ commit: String, _ words: String, on leaf: String = "bob-1", as actor: String = "bob",
            sourceLocation: Testing.SourceLocation = #_sourceLocation
        ) throws {
            try governance.refused(
                actor, "\(commit):\(reference(leaf))", because: words, reference: reference(leaf),
                sourceLocation: sourceLocation)
        }
    }

    @Test("votes of every kind are taken, by `agentsafe` and by hand")
    func legal() throws {
        let ballot = try Ballot()
        let governance = ballot.governance
        try governance.git("bob", "fetch", "-q")
        try governance.expect(0, "bob", ["reject", ballot.id.text, "--yes"])
        try governance.accepted("bob", "\(try ballot.commit(try ballot.trailers())):\(ballot.reference("bob-hand1"))")
        try governance.git("carol", "fetch", "-q")
        try governance.expect(0, "carol", ["cancel", ballot.id.text, "--yes"])
        try governance.git("agent", "fetch", "-q")
        try governance.expect(0, "agent", ["withdraw", ballot.id.text, "--yes"])
        // For whom it counts, and whether the policy knows it, is judged where it is counted.
        let glass = try ballot.trailers("break-glass", by: "sam") { $0.repository += " reason=\"Checkout is down\"" }
        try governance.accepted("sam", "\(try ballot.commit(glass, by: "sam")):\(ballot.reference("sam-hand2"))")
        let byAgent = try ballot.trailers("break-glass", by: "deploy-agent-01", signedBy: "agent") {
            $0.repository += " reason=\"Checkout is down\""
        }
        try ballot.refused(
            try ballot.commit(byAgent, by: "agent"), "votes of people lie on `vote/<id>/", on: "deploy-agent-01-1",
            as: "agent")
        #expect(try governance.voteBranches(ballot.id).count == 4)
        #expect(try governance.onServer("for-each-ref", "refs/heads/change/withdrawn/\(ballot.id)").isEmpty == false)
    }

    @Test("a vote's branch names its change and its voter")
    func names() throws {
        let ballot = try Ballot()
        let commit = try ballot.commit(try ballot.trailers())
        try ballot.refused(commit, "the vote is by `bob`, and the branch says `carol`", on: "carol-1")
        try ballot.refused(commit, "and the branch says `bob-jones`", on: "bob-jones-1")
        for leaf in ["bob", "bob-", "bob-A1", "bob-1/2", "bob-\(String(repeating: "x", count: 41))", "-1", "b\u{E9}-1"]
        {
            try ballot.refused(commit, "a vote's branch is `vote/<id>/<voter>-<random>`", on: leaf)
        }
        let other = try ballot.governance.propose(target: "prod/api-server", ["replicas=6"])
        let reference = "refs/heads/vote/\(other)/bob-1"
        try ballot.governance.refused(
            "bob", "\(commit):\(reference)", because: "the vote is for \(ballot.id)", reference: reference)
    }

    @Test("a vote's commit has one parent, no file, and one statement that can be read")
    func shape() throws {
        let ballot = try Ballot()
        let trailers = try ballot.trailers()
        try ballot.refused(try ballot.commit(trailers, edits: ["docs/x.md": "x\n"]), "changes no file")
        try ballot.refused(try ballot.commit(trailers, parents: []), "has one parent")
        try ballot.refused(try ballot.commit(trailers, parents: ["origin/main", "origin/main~1"]), "has one parent")
        try ballot.refused(try ballot.commit("No vote at all.\n"), "carries no vote")
        try ballot.refused(try ballot.commit(trailers + trailers), "stands there twice")
        try ballot.refused(try ballot.commit(trailers.replacing(" by=bob", with: "  by=bob")), "carries no vote")
        try ballot.refused(try ballot.commit("Agentsafe-Event: claim\n" + trailers), "is not known")
    }

    @Test("a vote is signed by its voter, as a vote, for this repository")
    func signatures() throws {
        let ballot = try Ballot()
        try ballot.refused(try ballot.commit(try ballot.trailers(signedBy: "carol")), "but `carol` signed it")
        try ballot.refused(try ballot.commit(try ballot.trailers(namespace: "git")), "the signature does not hold")
        let edited = try ballot.trailers("reject").replacing("-Vote: reject", with: "-Vote: approve")
        try ballot.refused(try ballot.commit(edited), "the signature does not hold")
        let foreign = try ballot.trailers { $0.repository = "51t4bdacbn17p35b5604fjp1nc" }
        try ballot.refused(try ballot.commit(foreign), "the vote is for repository")
        let stranger = try ballot.trailers(by: "stranger")
        try ballot.refused(
            try ballot.commit(stranger, by: "stranger"), "belongs to no identity", on: "stranger-1", as: "stranger")
    }

    @Test("who never may say such a thing does not fill the server with it")
    func rights() throws {
        let ballot = try Ballot()
        for (actor, verdict, words) in [
            ("agent", "approve", "votes of people lie on"), ("rogue", "withdraw", "votes of people lie on"),
            ("sam", "approve", "has no right to approve"), ("sam", "cancel", "has no right to cancel"),
            ("runner", "approve", "has no right to approve"), ("gate", "reject", "has no right to reject"),
        ] {
            let name = Governance.identity(actor)
            let trailers = try ballot.trailers(
                verdict, by: name, signedBy: actor,
                namespace: actor == "rogue" ? "change@agentsafe" : "vote@agentsafe")
            try ballot.refused(try ballot.commit(trailers, by: actor), words, on: "\(name)-1", as: actor)
        }
    }

    @Test("an agent takes back what is there and its own, where agents may push, and says nothing else there")
    func withdrawals() throws {
        let ballot = try Ballot()
        let governance = ballot.governance
        func refused(
            _ verdict: String = "withdraw", by actor: String, of id: String? = nil,
            namespace: String = "change@agentsafe",
            _ words: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
        ) throws {
            let name = Governance.identity(actor)
            let trailers = try ballot.trailers(verdict, by: name, signedBy: actor, namespace: namespace) {
                if let id { $0.id = id }
            }
            let reference = "refs/heads/change/withdrawn/\(id ?? ballot.id.text)/\(name)-1"
            try governance.refused(
                actor, "\(try ballot.commit(trailers, by: actor)):\(reference)", because: words, reference: reference,
                sourceLocation: sourceLocation)
        }
        try refused(by: "rogue", "`rogue` has no right to withdraw")
        try refused("approve", by: "agent", "the signature does not hold")
        try refused("cancel", by: "agent", namespace: "vote@agentsafe", "has no right to cancel")
        try refused(by: "agent", namespace: "vote@agentsafe", "the signature does not hold")
        try refused(by: "agent", of: "chg-20261122-7f3k9q2m4x", "there is no proposal chg-20261122-7f3k9q2m4x here")
        try refused("reject", by: "bob", namespace: "vote@agentsafe", "votes of people lie on")
        let trailers = try ballot.trailers(
            "withdraw", by: "deploy-agent-01", signedBy: "agent", namespace: "change@agentsafe")
        let commit = try ballot.commit(trailers, by: "agent")
        let reference = "refs/heads/change/withdrawn/\(ballot.id)/deploy-agent-01-1"
        try governance.accepted("agent", "\(commit):\(reference)")
        #expect(try governance.state(of: ballot.id) == "withdrawn")
        try governance.refused("agent", ":\(reference)", because: "the ledger does not hold this vote yet")
        try governance.refused("agent", "+origin/main:\(reference)", because: "never rewritten")
        try governance.gateRun(20, ["--record"], head: ballot.id)
        try governance.accepted("agent", ":\(reference)")
        #expect(try governance.state(of: ballot.id) == "withdrawn")
    }

    @Test("what stops a change may come after its author's key was taken back, if it was said before")
    func afterRevocation() throws {
        let ballot = try Ballot()
        let governance = ballot.governance
        let (yes, no) = (try ballot.trailers(), try ballot.trailers("reject"))
        governance.clock.advance(60)
        let late = try ballot.trailers("reject") { $0.at = $0.at + .seconds(60) }
        try governance.revoke("bob")
        try ballot.refused(try ballot.commit(yes), "revoked key")
        try ballot.refused(try ballot.commit(late), "was not valid at")
        try governance.accepted("bob", "\(try ballot.commit(no)):\(ballot.reference("bob-1"))")
        #expect(try governance.state(of: ballot.id) == "rejected")
    }

    @Test(
        "whether a vote counts is for later: an older proposal's, an early one's, one for a change that is not there yet"
    )
    func judgedLater() throws {
        let ballot = try Ballot()
        let early = try ballot.trailers { $0.at = $0.at + .seconds(7 * 24 * 3600) }
        let older = try ballot.trailers { $0.digest = "sha256:\(String(repeating: "0", count: 64))" }
        for (place, trailers) in [early, older].enumerated() {
            try ballot.governance.accepted("bob", "\(try ballot.commit(trailers)):\(ballot.reference("bob-\(place)"))")
        }
        let unknown = "chg-20261122-7f3k9q2m4x"
        let commit = try ballot.commit(try ballot.trailers { $0.id = unknown })
        try ballot.governance.accepted("bob", "\(commit):refs/heads/vote/\(unknown)/bob-1")
    }

    @Test("a vote is never rewritten, not even by another vote of the same person")
    func rewriting() throws {
        let ballot = try Ballot()
        try ballot.governance.accepted(
            "bob", "\(try ballot.commit(try ballot.trailers("reject"))):\(ballot.reference("bob-1"))")
        let other = try ballot.commit(try ballot.trailers())
        try ballot.governance.refused(
            "bob", "+\(other):\(ballot.reference("bob-1"))", because: "never rewritten",
            reference: ballot.reference("bob-1"))
        // A client that says it makes a new branch is not believed, neither is one that says it deletes another object.
        let zero = String(repeating: "0", count: 40)
        try ballot.governance.git("bob", "push", "-q", "origin", "\(other):refs/heads/wip")
        for line in [
            "\(zero) \(other) \(ballot.reference("bob-1"))", "\(other) \(zero) \(ballot.reference("bob-1"))",
            "\(String(repeating: "1", count: 40)) \(zero) \(ballot.reference("bob-1"))",
        ] {
            let result = try ballot.governance.callHook(line + "\n")
            #expect(result.status == 1 && result.errorText.contains("somebody was faster"), "\(result.errorText)")
        }
    }

    @Test("a vote goes away when the ledger holds it, and not before")
    func deletion() throws {
        let ballot = try Ballot()
        let governance = ballot.governance
        try governance.git("bob", "fetch", "-q")
        try governance.expect(0, "bob", ["approve", ballot.id.text, "--yes"])
        let branch = "refs/heads/" + (try #require(try governance.voteBranches(ballot.id).first))
        try governance.refused(
            "bob", ":\(branch)", because: "the ledger does not hold this vote yet", reference: branch)
        let later = try ballot.trailers("reject") { $0.at = $0.at + .seconds(60) }
        try governance.land(ballot.id)
        try governance.refused(
            "bob", ":\(branch)", because: "the ledger does not hold this vote yet", reference: branch)
        try governance.expect(0, "runner", ["run", ballot.id.text] + governance.cluster())
        // Another vote of the same person on the same change is another vote.
        try governance.accepted("bob", "\(try ballot.commit(later)):\(ballot.reference("bob-2"))")
        try governance.refused("bob", ":\(ballot.reference("bob-2"))", because: "does not hold this vote yet")
        try governance.accepted("bob", ":\(branch)")
        #expect(try governance.voteBranches(ballot.id) == ["vote/\(ballot.id)/bob-2"])
        try governance.verifyEverywhere(0)
    }

    @Test("what cannot be read as a vote is not deleted by a push either")
    func deletionOfNoVote() throws {
        let ballot = try Ballot()
        try ballot.governance.onServer("update-ref", ballot.reference("bob-1"), "refs/heads/main")
        try ballot.governance.git("bob", "fetch", "-q")
        try ballot.governance.refused(
            "bob", ":\(ballot.reference("bob-1"))", because: "it holds no vote that can be read")
    }

    @Test("a change gets as many vote branches as readers read, and no more")
    func flood() throws {
        let ballot = try Ballot()
        let governance = ballot.governance
        try governance.accepted("bob", "\(try ballot.commit(try ballot.trailers())):\(ballot.reference("bob-0"))")
        let lines = (1..<199).map { "create \(ballot.reference("bob-\($0)")) \(ballot.reference("bob-0"))" }
        try governance.onServer("update-ref", "--stdin", input: lines.joined(separator: "\n") + "\n")
        let commit = try ballot.commit(try ballot.trailers("reject"))
        try governance.refused(
            "bob", "\(commit):\(ballot.reference("bob-199"))", "\(commit):\(ballot.reference("bob-200"))",
            because: "has 200 vote branches")
        try governance.accepted("bob", "\(commit):\(ballot.reference("bob-199"))")
        try governance.refused("bob", "\(commit):\(ballot.reference("bob-200"))", because: "has 200 vote branches")
    }
}
