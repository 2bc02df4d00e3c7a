import ChangeModel
import OperatingSystem
import Testing

/// gitolite says who may push where; the hook says what is authentic. Together they are a server.
@Suite("Hook: gitolite")
struct GitoliteTests {
    /// The rules that `Servers.md` gives.
    private static func rules(genesis: String) -> String {
        """
        @agents      = agent rogue
        @people      = alice bob carol sam
        @recorders   = gate runner
        @maintainers = alice sam

        repo governance
            RW+CD  refs/heads/change/    = @agents @people
            RWCD   refs/heads/vote/      = @people
            RWC    refs/heads/ledger$    = @recorders @people
            RWC    refs/heads/main$      = @maintainers
            R                            = @all
            option hook.pre-receive      = agentsafe
            config agentsafe.genesis     = \(genesis)
            config receive.maxInputSize  = 67108864

        """
    }

    private func server() throws -> GitoliteServer {
        let server = try GitoliteServer(try HookedServer.governance())
        try server.configure(Self.rules(genesis: try server.governance.genesis))
        try server.succeed("alice", "remote", "set-url", "origin", GitoliteServer.address)
        try server.succeed("alice", "push", "-q", "origin", "main", "ledger")
        for actor in ["alice", "bob", "sam", "agent", "runner"] { try server.attach(actor) }
        return server
    }

    private func propose(_ server: GitoliteServer, _ words: String...) throws -> ChangeID {
        let result = server.governance.agentsafe(
            "agent", words + ["--reason", Governance.reason, "--push", "--output", "json"],
            adding: server.variables("agent"))
        return try #require((try? result.json)?["id"]?.stringValue.flatMap { ChangeID($0) }, "\(result)")
    }

    @Test("from the first push to the rollback, each with no more rights than they need")
    func story() throws {
        let server = try server()
        let cluster = try server.governance.cluster()
        let id = try propose(
            server, "propose", "scale-deployment", "--target", "prod/api-server", "--param", "replicas=5")
        try server.expect(0, "bob", ["approve", id.text, "--yes"])
        try server.succeed("sam", "fetch", "-q", "--prune")
        try server.succeed("sam", "checkout", "-q", "-B", "main", "origin/main")
        try server.succeed("sam", "merge", "-q", "--no-ff", "-m", "Land it", "origin/\(id.branch)")
        try server.succeed("sam", "push", "-q", "origin", "main")
        try server.expect(0, "runner", ["run", id.text] + cluster)
        let back = try propose(server, "rollback", id.text)
        try server.expect(0, "bob", ["approve", back.text, "--yes"])
        try server.succeed("sam", "fetch", "-q", "--prune")
        try server.succeed("sam", "merge", "-q", "--no-ff", "-m", "Land it", "origin/\(back.branch)")
        try server.succeed("sam", "push", "-q", "origin", "main")
        try server.expect(0, "runner", ["run", back.text] + cluster)
        try server.succeed("bob", "fetch", "-q", "--prune")
        try server.expect(0, "bob", ["verify"])
        let vote = try server.succeed(
            "bob", "for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin/vote/\(id)")
        try server.succeed("bob", "push", "-q", "origin", ":refs/heads/\(vote)")
        try server.succeed("agent", "push", "-q", "origin", ":refs/heads/\(id.branch)")
    }

    @Test("who may not push somewhere is stopped by gitolite, though what they push is authentic")
    func rights() throws {
        let server = try server()
        let id = try propose(
            server, "propose", "scale-deployment", "--target", "prod/api-server", "--param", "replicas=5")
        let trailers = try server.succeed("agent", "rev-parse", "origin/main")
        for (actor, spec) in [
            ("agent", "origin/\(id.branch):refs/heads/main"), ("agent", "\(trailers):refs/heads/wip"),
            ("bob", "origin/\(id.branch):refs/heads/main"), ("sam", "origin/ledger:refs/heads/ledger2"),
        ] {
            try server.succeed(actor, "fetch", "-q")
            let result = try server.git(actor, "push", "origin", spec)
            #expect(
                result.status == 1 && result.errorText.contains("DENIED by fallthru"), "\(spec): \(result.errorText)")
        }
        try server.expect(0, "agent", ["withdraw", id.text, "--yes"])
    }

    @Test("who may push somewhere is stopped by the hook when what they push is not authentic")
    func authenticity() throws {
        let server = try server()
        let governance = server.governance
        let id = try propose(
            server, "propose", "scale-deployment", "--target", "prod/api-server", "--param", "replicas=5")
        try server.succeed("sam", "fetch", "-q")
        let foreign = try governance.commit(
            "sam", tree: try governance.tree("sam", "origin/main", ["inventory.yaml": "targets: []\n"]),
            parents: ["origin/main"], message: "x", signedBy: "sam")
        let smuggled = try governance.commit(
            "agent", tree: try governance.tree("agent", "origin/\(id.branch)", ["policies/x.yaml": "rules: []\n"]),
            parents: ["origin/\(id.branch)"], message: "x", signedBy: "agent")
        let event = try governance.commit(
            "runner", tree: try governance.tree("runner", "origin/ledger", [:]), parents: ["origin/ledger"],
            message: "x",
            signedBy: "runner")
        let vote = "refs/heads/vote/\(id)/bob-1"
        try server.succeed("bob", "fetch", "-q")
        for (actor, spec, words) in [
            ("sam", "\(foreign):refs/heads/main", "a foreign commit"),
            ("alice", "+origin/main~1:refs/heads/main", "takes main back"),
            ("agent", "\(smuggled):refs/heads/\(id.branch)", "`policies/x.yaml`"),
            ("runner", "\(event):refs/heads/ledger", "it is no event"),
            ("bob", "origin/main:\(vote)", "changes no file"),
        ] {
            let before = try server.run("git", "-C", server.repository, "for-each-ref")
            let result = try server.git(actor, "push", "origin", spec)
            #expect(
                result.status == 1 && result.errorText.contains("remote: agentsafe: refused `refs/heads/")
                    && result.errorText.contains(words), "\(spec): \(result.errorText)")
            #expect(try server.run("git", "-C", server.repository, "for-each-ref") == before)
        }
    }
}
