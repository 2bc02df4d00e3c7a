import ChangeModel
import OperatingSystem
import Testing

/// What people, agents and services do all day, with the hook between them and the repository.
@Suite("Hook: the whole story")
struct HookStoryTests {
    @Test("init, push, and everything from propose to rollback, through the hook from the first push on")
    func everything() throws {
        let governance = try HookedServer.governance()
        let cluster = try governance.cluster()
        // What the policy allows.
        let staging = try governance.execute()
        #expect(try governance.state(of: staging) == "executed")
        // What needs approval: by vote, landed by somebody else.
        let voted = try governance.propose(target: "prod/api-server", ["replicas=5"])
        #expect(try governance.gate(voted).status == 10)
        try governance.expect(0, "bob", ["approve", voted.text, "--yes"])
        #expect(try governance.gate(voted).status == 0)
        try governance.land(voted)
        try governance.expect(0, "runner", ["run", voted.text] + cluster)
        // By `approve --merge`, which pushes main and the vote at once.
        let merged = try governance.propose(target: "prod/api-server", ["replicas=6"])
        try governance.git("carol", "fetch", "-q")
        try governance.expect(0, "carol", ["approve", merged.text, "--yes", "--merge"])
        try governance.expect(0, "runner", ["run", merged.text] + cluster)
        // The way back.
        let result = try governance.expect(
            0, "agent", ["rollback", merged.text, "--reason", "Too many", "--push", "--output", "json"])
        let back = try #require(try result.json["id"]?.stringValue.flatMap { ChangeID($0) })
        try governance.expect(0, "bob", ["approve", back.text, "--yes", "--merge"])
        try governance.expect(0, "runner", ["run", back.text] + cluster)
        for id in [staging, voted, merged, back] { #expect(try governance.state(of: id) == "executed") }
        // Branches that did their duty go away.
        for id in [voted, merged, back] {
            for branch in try governance.voteBranches(id) { try governance.accepted("bob", ":refs/heads/\(branch)") }
            try governance.accepted("agent", ":refs/heads/\(id.branch)")
        }
        try governance.verifyEverywhere(0)
    }

    @Test("rejection, withdrawal and cancellation")
    func verdicts() throws {
        let governance = try HookedServer.governance()
        for (actor, verdict, state) in [
            ("bob", "reject", "rejected"), ("agent", "withdraw", "withdrawn"), ("alice", "cancel", "withdrawn"),
        ] {
            let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
            try governance.git(actor, "fetch", "-q")
            try governance.expect(0, actor, [verdict, id.text, "--yes"])
            #expect(try governance.state(of: id) == state)
        }
    }

    @Test("a stock merge that approves, new identities, keys that are taken back")
    func people() throws {
        let governance = try HookedServer.governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.git("bob", "config", "gpg.format", "ssh")
        try governance.mergeBySignature(id, as: "bob")
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.enlist("dora", as: ["--kind", "person", "--role", "approver"])
        let other = try governance.propose(target: "prod/api-server", ["replicas=6"])
        try governance.expect(0, "dora", ["approve", other.text, "--yes", "--merge"])
        try governance.update("alice")
        let policy = try governance.read("alice", "policies/default.yaml")
        try governance.write("alice", "policies/default.yaml", policy + "# Quieter.\n")
        try governance.expect(0, "alice", ["trust", "propose", "-m", "Say less", "--push"])
        try governance.expect(0, "alice", ["trust", "sign", "--yes", "--land"])
        try governance.revoke("rogue")
        try governance.expect(0, "runner", ["run", other.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("`agentsafe init` pushes to a server that has hook and pin, and not to one without a pin")
    func initialisation() throws {
        let governance = try HookedServer.governance()
        let (server, root) = ("\(governance.directory.path)/server.git", try governance.folder("root"))
        try governance.run(["git", "init", "-q", "--bare", "-b", "main", server])
        let program = try InstalledProgram.path()
        try governance.expect(0, "alice", ["hook", "install", "--repository", server, "--program", program])
        let words = ["--admin", "alice", "--key", governance.key("alice"), "--remote", server]
        let early = try governance.expect(1, "alice", ["init", "early"] + words + ["--push"], in: root)
        #expect(early.errors.contains("this server pins no genesis"), "\(early)")
        let result = try governance.expect(0, "alice", ["init", "later", "--output", "json"] + words, in: root)
        let genesis = try #require(try result.json["genesis"]?.stringValue)
        try governance.expect(
            0, "alice", ["hook", "install", "--repository", server, "--program", program, "--genesis", genesis])
        // Another repository is not this one.
        let foreign = try governance.run([
            "sh", "-c", "git -C \"$1\" push origin main 2>&1 || true", "sh", "\(root)/early",
        ])
        #expect(foreign.contains("not at the pinned genesis"), "\(foreign)")
        try governance.run(["git", "-C", "\(root)/later", "push", "-q", "origin", "main", "ledger"])
        try governance.run(["git", "clone", "-q", server, "\(root)/clone"])
        try governance.expect(0, "sam", ["setup", "--genesis", genesis], in: "\(root)/clone")
    }
}
