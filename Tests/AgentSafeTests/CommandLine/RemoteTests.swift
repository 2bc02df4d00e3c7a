import OperatingSystem
import Testing

@Suite("Without the remote")
struct RemoteTests {
    private static func loseRemote(_ governance: Governance) throws {
        try governance.run(["mv", governance.remote, governance.remote + ".gone"])
    }

    @Test("what reads goes on with what was fetched last, and does not even ask the network")
    func reading() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try Self.loseRemote(governance)
        let words =
            ["verify", "log", "gate"].map { [$0] } + [["status", id.text], ["show", id.text], ["identity", "list"]]
        for command in words {
            let result = try governance.expect(0, "agent", command)
            #expect(result.errors.isEmpty, "\(result)")
        }
    }

    @Test("proposing works offline, with a warning; a push that fails leaves the local branch and says so")
    func proposing() throws {
        let governance = try Governance()
        try Self.loseRemote(governance)
        let offline = try governance.expect(0, "agent", Governance.proposal + ["--output", "json"])
        #expect(offline.errors.hasPrefix("warning: cannot fetch from `\(governance.remote)`"), "\(offline)")
        #expect(offline.errors.hasSuffix("going on with what was fetched last"), "\(offline)")
        #expect(try offline.json["pushed"]?.boolValue == false)
        let before = try governance.git("agent", "branch", "--list", "change/*", "--format=%(refname:short)")
        let failed = governance.agentsafe("agent", Governance.proposal + ["--push"])
        #expect(failed.status == 1 && failed.output.isEmpty, "\(failed)")
        let after = try governance.git("agent", "branch", "--list", "change/*", "--format=%(refname:short)")
        let branch = try #require(after.split(separator: "\n").first { !before.contains($0) })
        #expect(failed.errors.contains("cannot push to `\(governance.remote)`"), "\(failed)")
        #expect(failed.errors.hasSuffix("the proposal is on the local branch `\(branch)`"), "\(failed)")
        // The very branch goes out when the network is back.
        try governance.run(["mv", governance.remote + ".gone", governance.remote])
        try governance.git("agent", "push", "-q", "origin", String(branch))
        #expect(try governance.state(of: #require(.init(branch.dropFirst("change/".count)))) == "proposed")
    }

    @Test("what must be pushed, or must be fresh, is refused without a trace")
    func writing() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server")
        try governance.git("bob", "fetch", "-q")
        try governance.settle("alice")
        try Self.loseRemote(governance)
        try governance.refuse(
            1, "runner", ["run"], saying: "cannot fetch from `\(governance.remote)`", "check the address")
        try governance.refuse(1, "agent", ["setup"], saying: "cannot fetch from")
        let add = [
            "identity", "add", "zed", "--kind", "agent", "--key-file", governance.key("stranger") + ".pub", "--push",
        ]
        try governance.refuse(1, "alice", add, saying: "cannot push to", "main is unchanged", warnings: 1)
        for options in [[], ["--merge"]] {
            let places = [governance.clone("bob"), governance.stateFolder("bob")]
            let before = try Fingerprint(places)
            let vote = governance.agentsafe("bob", ["approve", id.text, "--yes"] + options)
            #expect(vote.status == 1 && vote.output.isEmpty, "\(vote)")
            #expect(vote.errors.contains("cannot push to"), "\(vote)")
            #expect(vote.errors.hasSuffix("nothing was recorded; fetch and try again"), "\(vote)")
            #expect(try Fingerprint(places) == before)
        }
    }

    @Test("waiting without a network says so once, not with every try")
    func waiting() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try Self.loseRemote(governance)
        let result = try governance.expect(1, "agent", ["status", id.text, "--wait", "--timeout", "30s"])
        #expect(result.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }.count == 1, "\(result)")
    }

    @Test("a clone with no remote says how to add one; a name that is an option is no remote")
    func none() throws {
        let governance = try Governance()
        for actor in ["agent", "runner"] { try governance.git(actor, "remote", "rename", "origin", "upstream") }
        try governance.refuse(
            1, "runner", ["run"], saying: "there is no remote `origin`", "git remote add origin <address>")
        try governance.refuse(
            1, "agent", ["setup"], saying: "there is no remote `origin`", "git remote add origin <address>")
        try governance.expect(0, "agent", Governance.proposal + ["--remote", "upstream", "--push"])
        try governance.expect(0, "agent", ["verify"], adding: ["AGENTSAFE_REMOTE": "upstream"])
        for name in ["-x", "../x", "a b", ""] {
            try governance.refuse(2, "agent", ["verify", "--remote=\(name)"], saying: "is no name of a remote")
        }
    }

    @Test("a remote that is none of the repository's own addresses is a mirror, and gets nothing")
    func mirror() throws {
        let governance = try Governance()
        let folder = "\(governance.directory.path)/own"
        let real = "\(governance.directory.path)/real.git"
        try governance.run(["git", "init", "-q", "--bare", "-b", "main", real])
        try governance.expect(
            0, "alice", ["init", folder, "--admin", "alice", "--remote", real, "--push"], in: governance.directory.path)
        let mirror = "\(governance.directory.path)/mirror.git"
        try governance.run(["git", "clone", "-q", "--mirror", real, mirror])
        try governance.run(["git", "-C", folder, "remote", "set-url", "origin", mirror])
        let before = try Fingerprint([mirror])
        let result = governance.agentsafe("alice", Governance.proposal + ["--push"], in: folder)
        #expect(result.status == 1 && result.errors.contains("none of `ledger.urls`"), "\(result)")
        #expect(try Fingerprint([mirror]) == before)
    }
}
