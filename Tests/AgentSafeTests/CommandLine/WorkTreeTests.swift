import OperatingSystem
import Testing

@Suite("Uncommitted work")
struct WorkTreeTests {
    private static func add(_ governance: Governance) -> [String] {
        ["identity", "add", "zed", "--kind", "agent", "--key-file", governance.key("stranger") + ".pub", "--push"]
    }

    @Test("edits that a trust commit would overwrite stop it before anything is pushed")
    func conflicting() throws {
        let governance = try Governance()
        try governance.settle("alice")
        try governance.write("alice", "identities.yaml", try governance.read("alice", "identities.yaml") + "# mine\n")
        try governance.refuse(
            1, "alice", Self.add(governance), saying: "your uncommitted edits are in the way", "identities.yaml",
            "commit, stash or restore")
        try governance.git("alice", "add", "identities.yaml")
        try governance.refuse(1, "alice", Self.add(governance), saying: "your uncommitted edits are in the way")
        try governance.git("alice", "reset", "-q", "--hard")
        // A file that git does not know yet is somebody's work as well.
        let version = try governance.expect(0, "alice", ["identity", "list", "--output", "json"]).json["trust_version"]?
            .integerValue
        try governance.write("alice", "trust/\(try #require(version) + 1)/alice.sig", "mine")
        try governance.refuse(
            1, "alice", Self.add(governance), saying: "your uncommitted edits are in the way", "alice.sig")
    }

    @Test("edits elsewhere stay as they are, staged or not")
    func harmless() throws {
        let governance = try Governance()
        try governance.write("alice", "inventory.yaml", try governance.read("alice", "inventory.yaml") + "# mine\n")
        try governance.write("alice", "docs/staged.md", "staged")
        try governance.write("alice", "docs/untracked.md", "untracked")
        try governance.git("alice", "add", "docs/staged.md")
        let before = try governance.git("alice", "status", "--porcelain")
        try governance.expect(0, "alice", Self.add(governance))
        #expect(try governance.git("alice", "status", "--porcelain") == before)
        #expect(try governance.read("alice", "inventory.yaml").hasSuffix("# mine\n"))
        #expect(try governance.git("alice", "rev-parse", "main") == governance.git("alice", "rev-parse", "origin/main"))
        try governance.expect(0, "alice", ["verify"])
    }

    @Test("local commits on main are never dropped, whether main is checked out or not", arguments: [true, false])
    func localCommits(isCheckedOut: Bool) throws {
        let governance = try Governance()
        try governance.settle("alice")
        try governance.write("alice", "docs/mine.md", "mine")
        try governance.git("alice", "add", "docs")
        try governance.git("alice", "commit", "-q", "-m", "Mine")
        if !isCheckedOut { try governance.git("alice", "checkout", "-q", "--detach") }
        try governance.refuse(
            1, "alice", Self.add(governance), saying: "the local branch `main` has commits", "try again")
    }

    @Test("main moves along where another branch is checked out, and stays where another work tree has it")
    func otherBranches() throws {
        let governance = try Governance()
        try governance.git("alice", "checkout", "-q", "-b", "side")
        let side = try governance.git("alice", "rev-parse", "side")
        try governance.expect(0, "alice", Self.add(governance))
        #expect(try governance.git("alice", "rev-parse", "main") == governance.git("alice", "rev-parse", "origin/main"))
        #expect(try governance.git("alice", "rev-parse", "HEAD") == side)

        let linked = "\(governance.directory.path)/linked"
        try governance.git("alice", "worktree", "add", "-q", linked, "main")
        let main = try governance.git("alice", "rev-parse", "main")
        let words = ["identity", "add", "zed", "--kind", "agent", "--role", "deployer", "--push", "--key-file"]
        let key = governance.directory.file("second.key")
        try governance.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        let result = try governance.expect(0, "alice", words + [key + ".pub"])
        #expect(
            result.errors
                == "warning: `main` is checked out in another work tree and stays behind; run `git pull` there")
        #expect(try governance.git("alice", "rev-parse", "main") == main)
        #expect(try governance.run(["git", "-C", linked, "status", "--porcelain"]).isEmpty)
    }

    @Test("`trust commit` takes exactly the work tree's edits, and refuses what nobody may sign")
    func trustCommit() throws {
        let governance = try Governance()
        try governance.settle("alice")
        let commit = ["trust", "commit", "-m", "Edit", "--push"]
        try governance.refuse(1, "alice", commit, saying: "the work tree has no edits to sign")
        let inventory = try governance.read("alice", "inventory.yaml")
        try governance.write("alice", "inventory.yaml", inventory + "  - id: bad\n")
        let bad = governance.agentsafe("alice", commit)
        #expect(bad.status == 1 && bad.errors.hasPrefix("agentsafe: inventory.yaml:"), "\(bad)")
        #expect(try governance.read("alice", "inventory.yaml") == inventory + "  - id: bad\n")
        try governance.git("alice", "restore", "inventory.yaml")
        try governance.write("alice", "changes/x", "x")
        try governance.refuse(1, "alice", commit, saying: "`changes/x` is recorded and may not be edited")
        try governance.run(["rm", "-r", governance.clone("alice") + "/changes"])
        try governance.git("alice", "checkout", "-q", "--detach")
        try governance.refuse(1, "alice", commit, saying: "not at main's newest commit", "git switch main")
        try governance.git("alice", "checkout", "-q", "main")
        try governance.write("alice", "inventory.yaml", inventory + "# edited\n")
        try governance.write("alice", "docs/new.md", "new")
        try governance.refuse(
            20, "alice", commit, saying: "`bob` is no admin", adding: ["AGENTSAFE_KEY": governance.key("bob")])
        let files = try governance.expect(0, "alice", commit + ["--output", "json"]).json["files"]?.arrayValue
        #expect(Set((files ?? []).compactMap(\.stringValue)).isSuperset(of: ["inventory.yaml", "docs/new.md"]))
        #expect(try governance.git("alice", "status", "--porcelain").isEmpty)
        #expect(try governance.read("alice", "inventory.yaml").hasSuffix("# edited\n"))
    }

    @Test("`propose` never touches the work tree, whatever state it is in")
    func proposing() throws {
        let governance = try Governance()
        try governance.write("agent", "agentsafe.yaml", "not: [valid")
        try governance.write("agent", "policies/loose.yaml", "rules: []")
        try governance.git("agent", "rm", "-q", "--cached", "identities.yaml")
        let before = try governance.git("agent", "status", "--porcelain")
        _ = try governance.propose()
        #expect(try governance.git("agent", "status", "--porcelain") == before)
    }
}
