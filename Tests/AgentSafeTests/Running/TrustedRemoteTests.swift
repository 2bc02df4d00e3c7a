import ChangeModel
import OperatingSystem
import Testing

@Suite("A machine that remembers nothing")
struct TrustedRemoteTests {
    @Test("takes the remote at its word when told so, says so, and says so in its claim")
    func claimTells() throws {
        let governance = try Governance()
        try governance.execute()
        let id = try governance.propose("agent", ["replicas=4"])
        try governance.land(id)
        let fresh = ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/none"]
        let run = try governance.expect(
            0, "runner", ["run", id.text, "--trust-remote"] + governance.cluster(), adding: fresh)
        #expect(run.errors.contains("the remote is trusted"))
        try governance.git("sam", "fetch", "-q")
        let claim = try #require(try governance.record(of: id).last(.claim))
        #expect(claim.body["trust_remote"] == .bool(true))
        // Nobody may build on what the remote alone vouched for.
        #expect(Files.kind("\(governance.directory.path)/none") == nil)
        try governance.verifyEverywhere(0)
    }

    @Test("marks that are there go before, and the claim says nothing")
    func marksGoBefore() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text, "--trust-remote"] + governance.cluster())
        try governance.git("sam", "fetch", "-q")
        #expect(try governance.record(of: id).last(.claim)?.body["trust_remote"] == nil)
        let accepted = try governance.tip("ledger")
        try governance.git("runner", "push", "-q", "--force", "origin", "\(accepted)~2:refs/heads/ledger")
        let second = try governance.propose("agent", ["replicas=4"])
        try governance.land(second)
        let words = ["run", second.text, "--trust-remote"] + (try governance.cluster())
        #expect(try governance.expect(30, "runner", words).errors.contains("accepted before"))
    }

    @Test("another repository under the same address is refused all the same")
    func otherRepository() throws {
        let governance = try Governance()
        let (folder, bare) = ("\(governance.directory.path)/other", "\(governance.directory.path)/other.git")
        try governance.expect(
            0, "alice", ["init", folder, "--admin", "alice", "--key", governance.key("alice")],
            in: governance.directory.path)
        try governance.run(["git", "clone", "-q", "--bare", folder, bare])
        try governance.git("runner", "remote", "set-url", "origin", bare)
        let fresh = ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/none"]
        let run = try governance.expect(
            30, "runner", ["run", "--trust-remote"] + governance.cluster(), adding: fresh)
        #expect(run.errors.contains("not at the pinned genesis"))
    }

    @Test("a commit that somebody put on top of the ledger is verified all the same")
    func unsignedTip() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.land(id)
        try governance.expect(10, "runner", ["run", id.text] + governance.cluster())
        try governance.git("stranger", "fetch", "-q")
        let tree = try governance.tree("stranger", "origin/ledger", ["\(id.folder)/000099-vote.json": "{}"])
        let message = try governance.git("stranger", "log", "-1", "--format=%B", "origin/ledger")
        for signer in [nil, "stranger", "bob"] {
            let commit = try governance.commit(
                "stranger", tree: tree, parents: ["origin/ledger"], message: message, signedBy: signer)
            try governance.push("stranger", commit, to: "ledger")
            let fresh = ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/none"]
            try governance.expect(30, "runner", ["run", "--trust-remote"] + governance.cluster(), adding: fresh)
        }
    }

    @Test(
        "a well-formed event on top vouches for nothing when no service has signed it",
        arguments: ["stranger", "bob", "agent"])
    func forgedTip(signer: String) throws {
        let governance = try Governance()
        try governance.execute()
        let forgery = try LedgerForgery(governance)
        try forgery.append(copying: try forgery.newest("execution")) { _ in }
        try forgery.publish(from: forgery.entries.count - 1) { _ in .key(signer) }
        let fresh = ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/none"]
        try governance.expect(30, "runner", ["run", "--trust-remote"] + governance.cluster(), adding: fresh)
    }

    @Test("without marks and without that word nothing is run")
    func forgetful() throws {
        let governance = try Governance()
        try governance.execute()
        let fresh = ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/none"]
        let run = try governance.expect(1, "runner", ["run"] + governance.cluster(), adding: fresh)
        #expect(run.errors.contains("no high-water marks"))
    }
}
