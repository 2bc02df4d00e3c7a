import ChangeModel
import Testing

@Suite("Approving by merge")
struct ApprovalByMergeTests {
    /// Merges with stock git, signed by `actor`'s key.
    private func merge(_ governance: Governance, _ id: ChangeID, as actor: String) throws {
        try governance.git(actor, "fetch", "-q")
        try governance.git(actor, "checkout", "-q", "-B", "main", "origin/main")
        try governance.git(actor, "checkout", "-q", "-B", id.branch, "origin/\(id.branch)")
        try governance.git(actor, "checkout", "-q", "main")
        try governance.git(actor, "merge", "-q", "--no-ff", "-S", "--no-edit", id.branch)
        try governance.git(actor, "push", "-q", "origin", "main")
    }

    @Test("stock git's signed merge by an approver is an approval")
    func stockMerge() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try merge(governance, id, as: "bob")
        let outcome = try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(outcome.output.hasPrefix("executed"))
        try governance.git("sam", "fetch", "-q")
        try governance.expect(0, "sam", ["verify"])
    }

    @Test(
        "a merge gives way to a later rejection by the same person, and the change does not run",
        arguments: [true, false])
    func rejectedAfterMerging(byCommand: Bool) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        if byCommand {
            try governance.expect(0, "bob", ["approve", id.text, "--merge", "--yes"])
        } else {
            try merge(governance, id, as: "bob")
        }
        governance.clock.advance(60)
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        governance.clock.advance(60)
        try governance.expect(20, "runner", ["run"] + governance.cluster())
        #expect(try governance.state(of: id) == "rejected")
    }

    @Test("a rejection that a run met is recorded, so that deleting its branch changes nothing")
    func rejectionOutlivesItsBranch() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "bob", ["reject", id.text, "--yes"])
        try governance.expect(20, "runner", ["run"] + governance.cluster())
        let branches = try governance.git("bob", "ls-remote", "--heads", "origin", "vote/*")
        let name = try #require(branches.split(separator: "\t").last.map(String.init))
        try governance.git("bob", "push", "-q", "origin", ":\(name)")
        try governance.git("runner", "fetch", "-q", "--prune")
        try governance.expect(20, "runner", ["run"] + governance.cluster())
        #expect(try governance.state(of: id) == "rejected")
        try governance.expect(0, "sam", ["verify"])
    }

    @Test("a key that has expired approves nothing by merging")
    func expiredKey() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "merge", "-q", "--ff-only", "origin/main")
        let identities = try governance.read("alice", "identities.yaml")
        let key = try governance.git("bob", "config", "user.signingkey")
        let public64 = try governance.run(["ssh-keygen", "-y", "-f", key]).split(separator: " ")[1]
        let lines = identities.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
            line.contains(public64) ? [String(line), "        valid_before: 2026-01-01T00:00:00Z"] : [String(line)]
        }
        try governance.write("alice", "identities.yaml", lines.joined(separator: "\n"))
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Bob's key has expired", "--push"])
        try merge(governance, id, as: "bob")
        try governance.expect(10, "runner", ["run"] + governance.cluster())
        #expect(try governance.state(of: id) == "awaiting_approval")
    }

    @Test("a pull that happens to be signed lands, and approves nothing")
    func pull() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.git("bob", "fetch", "-q")
        try governance.git("bob", "checkout", "-q", "-B", "main", "origin/main")
        try governance.git(
            "bob", "-c", "commit.gpgsign=true", "pull", "-q", "--no-rebase", "--no-ff", "--no-edit", "origin", id.branch
        )
        try governance.git("bob", "push", "-q", "origin", "main")
        try governance.expect(10, "runner", ["run"] + governance.cluster())
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run"] + governance.cluster())
    }
}
