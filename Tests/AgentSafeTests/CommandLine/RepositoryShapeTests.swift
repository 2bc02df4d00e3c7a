import OperatingSystem
import Testing

@Suite("Repositories of every shape")
struct RepositoryShapeTests {
    static let id = "chg-20261122-7f3k9q2m4x"
    /// Every command that needs a governance repository, as an innocent user calls it.
    static let commands: [[String]] = [
        Governance.proposal, ["gate"], ["approve", id, "--yes"], ["reject", id, "--yes"], ["withdraw", id, "--yes"],
        ["cancel", id, "--yes"], ["run"], ["rollback", id], ["status", id], ["show", id], ["log"], ["verify"],
        ["setup"],
        ["identity", "list"], ["trust", "commit", "-m", "x"],
    ]

    @Test("outside of a repository, every command says so and what to do")
    func nowhere() throws {
        let governance = try Governance()
        let folder = try governance.folder("nowhere")
        for command in Self.commands {
            try governance.refuse(
                1, "agent", command, saying: "no Git repository at `\(folder)`", "agentsafe init", in: folder)
        }
        for command in [
            ["validate"], ["actions"], ["targets"], ["check", "scale-deployment"], ["explain", "scale-deployment"],
        ] {
            try governance.refuse(
                1, "agent", command, saying: "no `agentsafe.yaml` here or above", "agentsafe init", in: folder)
        }
    }

    @Test("in a repository where `git init` was all, every command says what is missing")
    func empty() throws {
        let governance = try Governance()
        let folder = try governance.folder("empty")
        try governance.run(["git", "init", "-q", folder])
        for command in Self.commands {
            let needsRemote = ["run", "setup"].contains(command[0])
            try governance.refuse(
                1, "agent", command, saying: needsRemote ? "git remote add origin" : "no branch `main` and no remote",
                in: folder)
        }
    }

    @Test("a shallow clone is refused with the command that completes it, and works after that")
    func shallow() throws {
        let governance = try Governance()
        let folder = "\(governance.directory.path)/shallow"
        try governance.run([
            "git", "clone", "-q", "--depth", "1", "--no-single-branch", "file://\(governance.remote)", folder,
        ])
        for command in Self.commands {
            try governance.refuse(1, "agent", command, saying: "shallow", "git fetch --unshallow", in: folder)
        }
        try governance.run(["git", "-C", folder, "fetch", "-q", "--unshallow"])
        try governance.expect(
            0, "agent", ["setup", "--genesis", try governance.git("alice", "config", "agentsafe.genesis")], in: folder)
    }

    @Test("a partial clone is refused, whichever way git has marked it", arguments: [true, false])
    func partial(byExtension: Bool) throws {
        let governance = try Governance()
        let folder = "\(governance.directory.path)/partial"
        try governance.run(["git", "-C", governance.remote, "config", "uploadpack.allowFilter", "true"])
        try governance.run(["git", "clone", "-q", "--filter=blob:none", "file://\(governance.remote)", folder])
        if byExtension {
            try governance.run(["git", "-C", folder, "config", "core.repositoryformatversion", "1"])
            try governance.run(["git", "-C", folder, "config", "extensions.partialClone", "origin"])
            try governance.run(["git", "-C", folder, "config", "--unset", "remote.origin.promisor"])
        }
        for command in Self.commands {
            try governance.refuse(1, "agent", command, saying: "partial", "clone again without `--filter`", in: folder)
        }
    }

    @Test("a SHA-256 repository, and one with relative worktrees, are refused with a way out")
    func unreadable() throws {
        let governance = try Governance()
        let sha256 = "\(governance.directory.path)/sha256"
        try governance.run(["git", "init", "-q", "--object-format=sha256", sha256])
        try governance.refuse(1, "agent", ["verify"], saying: "SHA-256", "--object-format=sha1", in: sha256)
        try governance.git("agent", "config", "core.repositoryformatversion", "1")
        try governance.git("agent", "config", "extensions.relativeWorktrees", "true")
        try governance.refuse(1, "agent", ["verify"], saying: "git config --unset extensions.relativeWorktrees")
        // git before 2.48 refuses as well, so the file is edited from outside.
        let file = "\(governance.clone("agent"))/.git/config"
        try governance.run(["git", "config", "--file", file, "--unset", "extensions.relativeWorktrees"])
        try governance.expect(0, "agent", ["verify"])
    }

    /// Only root can give files away.
    private static let isRoot =
        (try? Program.run(["id", "-u"], environment: Host.real().environment))?.outputText == "0\n"

    @Test("somebody else's checkout is refused with git's own way out", .enabled(if: isRoot))
    func foreign() throws {
        let governance = try Governance()
        try governance.run(["chown", "-R", "12345", governance.clone("agent")])
        try governance.refuse(
            1, "agent", ["verify"], saying: "belongs to somebody else", "safe.directory \(governance.clone("agent"))")
    }

    @Test("a bare clone proposes, judges and verifies, and stock git checks signatures in it")
    func bare() throws {
        let governance = try Governance()
        let folder = "\(governance.directory.path)/bare.git"
        try governance.run(["git", "clone", "-q", "--bare", governance.remote, folder])
        let genesis = try governance.git("alice", "config", "agentsafe.genesis")
        try governance.expect(0, "agent", ["setup", "--genesis", genesis], in: folder)
        let id = try governance.expect(
            0, "agent", Governance.proposal + ["--push", "--output", "json"], in: folder
        ).json["id"]?.stringValue
        let branch = "change/\(try #require(id))"
        try governance.expect(0, "agent", ["gate", "--head", branch], in: folder)
        try governance.expect(0, "agent", ["verify"], in: folder)
        #expect(
            try governance.run(["git", "-C", folder, "log", "-1", "--format=%G?%GS", branch]) == "Gdeploy-agent-01")
        try governance.settle("alice")
        try governance.refuse(1, "alice", ["trust", "commit", "-m", "x"], saying: "no work tree", in: folder)
    }

    @Test("a linked work tree, a subfolder, a detached head and GIT_DIR are all the same clone", arguments: 0..<4)
    func elsewhere(_ place: Int) throws {
        let governance = try Governance()
        var folder: String?
        var variables: [String: String] = [:]
        switch place {
        case 0:
            folder = "\(governance.directory.path)/linked"
            try governance.git("agent", "worktree", "add", "-q", folder ?? "", "-b", "side")
        case 1:
            folder = governance.clone("agent") + "/docs/deep"
            try Files.createDirectory(folder ?? "")
        case 2: try governance.git("agent", "checkout", "-q", "--detach")
        default:
            folder = try governance.folder("elsewhere")
            variables = ["GIT_DIR": "../clones/agent/.git"]
        }
        let before = try governance.git("agent", "status", "--porcelain")
        let written = try governance.expect(
            0, "agent", Governance.proposal + ["--push", "--output", "json"], in: folder, adding: variables)
        let id = try #require(try written.json["id"]?.stringValue)
        try governance.expect(0, "agent", ["gate", "--head", "change/\(id)"], in: folder, adding: variables)
        try governance.expect(0, "agent", ["status", id], in: folder, adding: variables)
        try governance.expect(0, "agent", ["verify"], in: folder, adding: variables)
        #expect(try governance.git("agent", "rev-parse", "change/\(id)") == written.json["commit"]?.stringValue)
        #expect(try governance.git("agent", "status", "--porcelain") == before)
    }

    @Test("a GIT_DIR that leads nowhere is named")
    func wrongGitDirectory() throws {
        let governance = try Governance()
        try governance.refuse(
            1, "agent", ["verify"], saying: "no Git repository at `/nowhere`, which GIT_DIR names",
            adding: ["GIT_DIR": "/nowhere"])
    }

    @Test("nothing talks to a remote whose address git would rewrite", arguments: ["insteadOf", "pushInsteadOf"])
    func rewritten(_ key: String) throws {
        let governance = try Governance()
        for actor in ["agent", "runner", "alice"] {
            try governance.settle(actor)
            try governance.git(actor, "config", "url./elsewhere.git.\(key)", governance.remote)
        }
        for (actor, command) in [("runner", ["run"]), ("agent", ["setup"])] {
            try governance.refuse(1, actor, command, saying: "would rewrite `\(governance.remote)`", "remove it")
        }
        try governance.refuse(
            1, "agent", Governance.proposal + ["--push"], saying: "would rewrite `\(governance.remote)`", warnings: 1)
        let stranger = [
            "identity", "add", "zed", "--kind", "agent", "--key-file", governance.key("stranger") + ".pub", "--push",
        ]
        try governance.refuse(1, "alice", stranger, saying: "would rewrite `\(governance.remote)`", warnings: 1)
    }
}
