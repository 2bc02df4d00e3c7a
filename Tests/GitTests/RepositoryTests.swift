import Git
import OperatingSystem
import TestSupport
import Testing

@Suite("Opening repositories")
struct RepositoryTests {
    /// A repository `work` with one commit.
    private func source() throws -> Sandbox {
        let sandbox = try Sandbox()
        _ = try sandbox.repository()
        try Files.create(sandbox.path("work/file"), bytes("x"))
        try sandbox.git(["add", "file"])
        try sandbox.commit("one")
        try sandbox.commit("two")
        return sandbox
    }

    private func refusal(_ sandbox: Sandbox, _ name: String) -> GitError? {
        #expect(throws: GitError.self) { try Repository(containing: sandbox.path(name)) }
    }

    @Test("a shallow clone is refused, with the way out")
    func shallow() throws {
        let sandbox = try source()
        try sandbox.git(
            ["clone", "-q", "--depth", "1", "file://\(sandbox.path("work"))", sandbox.path("clone")], in: nil)
        let error = refusal(sandbox, "clone")
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("git fetch --unshallow") == true)
        try sandbox.git(["fetch", "-q", "--unshallow"], in: "clone")
        _ = try Repository(containing: sandbox.path("clone"))
    }

    @Test("a partial clone is refused, with the way out")
    func partial() throws {
        let sandbox = try source()
        try sandbox.git(
            ["clone", "-q", "--filter=blob:none", "file://\(sandbox.path("work"))", sandbox.path("clone")], in: nil)
        let error = refusal(sandbox, "clone")
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("clone again without `--filter`") == true)
    }

    @Test("a SHA-256 repository is refused, with the way out")
    func sha256() throws {
        let sandbox = try Sandbox()
        try sandbox.git(["init", "-q", "--object-format=sha256", sandbox.path("work")], in: nil)
        let error = refusal(sandbox, "work")
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("--object-format=sha1") == true)
    }

    @Test("worktrees with relative paths are refused, with the way out")
    func relativeWorktrees() throws {
        let sandbox = try source()
        try sandbox.git(["config", "core.repositoryFormatVersion", "1"])
        try sandbox.git(["config", "extensions.relativeWorktrees", "true"])
        let error = refusal(sandbox, "work")
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("git worktree repair") == true)
    }

    @Test("no repository is told apart from one that cannot be read")
    func none() throws {
        let sandbox = try Sandbox()
        #expect(refusal(sandbox, "nowhere")?.code == .noRepository)
        #expect(refusal(sandbox, "nowhere")?.message.contains("agentsafe init") == true)
    }

    private static let mayChangeOwners =
        (try? Program.run(["id", "-u"], environment: Host.real().environment).outputText) == "0\n"

    @Test("a repository of somebody else is refused as git refuses it, with the way out", .enabled(if: mayChangeOwners))
    func foreignOwner() throws {
        let sandbox = try source()
        _ = try Program.run(["chown", "-R", "12345", sandbox.path("work")], environment: sandbox.environment)
        #expect(try sandbox.tryGit(["status"]).errorText.contains("safe.directory"))
        let error = refusal(sandbox, "work")
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("git config --global --add safe.directory") == true)
    }

    @Test("a bare repository, a worktree and a folder far below one are opened")
    func kinds() throws {
        let sandbox = try source()
        try sandbox.git(["clone", "-q", "--bare", sandbox.path("work"), sandbox.path("bare.git")], in: nil)
        let bare = try Repository(containing: sandbox.path("bare.git"))
        #expect(bare.workTree == nil && bare.commandDirectory == bare.gitDirectory)
        try sandbox.git(["worktree", "add", "-q", sandbox.path("second"), "-b", "second"])
        #expect(try Repository(containing: sandbox.path("second")).headBranch() == "refs/heads/second")
        try Files.createDirectory(sandbox.path("work/a/b/c"))
        let below = try Repository(containing: sandbox.path("work/a/b/c"))
        #expect(try below.reference("refs/heads/main") == sandbox.id("HEAD"))
        try sandbox.git(["checkout", "-q", "--detach"])
        #expect(try below.headBranch() == nil)
    }

    @Test("a reference moves only from where it was seen")
    func compareAndSwap() throws {
        let sandbox = try source()
        let repository = try Repository(containing: sandbox.path("work"))
        let (one, two) = (try sandbox.id("HEAD~1"), try sandbox.id("HEAD"))
        try repository.setReference("refs/heads/x", to: one, from: nil, message: "test")
        #expect(throws: GitError.self) {
            try repository.setReference("refs/heads/x", to: two, from: nil, message: "test")
        }
        #expect(throws: GitError.self) {
            try repository.setReference("refs/heads/x", to: two, from: two, message: "test")
        }
        #expect(try repository.reference("refs/heads/x") == one)
        try repository.setReference("refs/heads/x", to: two, from: one, message: "test")
        #expect(try sandbox.id("refs/heads/x") == two)
    }

    @Test("a name resolves as git resolves it, and is never an option or another kind of object")
    func resolving() throws {
        let sandbox = try source()
        let repository = try Repository(containing: sandbox.path("work"))
        try sandbox.git(["tag", "-a", "-m", "a tag", "v1", "HEAD~1"])
        for name in ["HEAD", "main", "refs/heads/main", "HEAD~1", "v1"] {
            #expect(try repository.resolve(name) == sandbox.id("\(name)^{commit}"), "\(name)")
        }
        for name in ["--all", "-1", "", "nowhere", "HEAD:file", "HEAD^{tree}", "a b", "refs/heads/../main"] {
            #expect(try repository.resolve(name) == nil, "\(name)")
        }
    }

    @Test("every setting that rewrites addresses is seen, however its name is written")
    func rewrites() throws {
        let sandbox = try source()
        try sandbox.git(["config", "url.https://evil.example/.insteadOf", "https://good.example/"])
        try sandbox.git(["config", "URL.ssh://evil.example/.PUSHINSTEADOF", "ssh://good.example/"])
        let repository = try Repository(containing: sandbox.path("work"))
        let found = try repository.configurations(matching: "^url\\..*\\.(push)?insteadof$")
        // The settings of whoever runs the tests may add others.
        #expect(Set(found.map(\.value)).isSuperset(of: ["https://good.example/", "ssh://good.example/"]))
        #expect(try repository.configuration("user.nobody") == nil)
        try repository.setConfiguration("agentsafe.genesis", "x")
        #expect(try sandbox.line(["config", "--local", "agentsafe.genesis"]) == "x")
    }
}
