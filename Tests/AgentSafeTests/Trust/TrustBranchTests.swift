import AgentSafe
import AgentSafeCLI
import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("Trust branches: proposed by anybody, signed by admins")
struct TrustBranchTests {
    @Test("anybody proposes, admins sign one after the other, and the last one lands it")
    func story() throws {
        let governance = try TwoOfFour.copy()
        let version = try governance.trustVersion()
        let branch = try governance.proposeTrust("agent")
        #expect(branch == "trust/\(version + 1)")
        // The work tree is back at main, and the edit is on the branch.
        #expect(try governance.git("agent", "status", "--porcelain", "--branch") == "## main...origin/main")
        let path = try governance.policyFile("agent")
        #expect(try !governance.read("agent", path).contains("# proposed"))
        #expect(try governance.text(path, at: "origin/\(branch)", seenBy: "agent").contains("# proposed"))

        let open = try #require(try governance.trustStatus()["branches"]?.arrayValue?.first)
        #expect(open["branch"]?.stringValue == branch && open["signers"] == [] && open["missing"]?.integerValue == 2)
        #expect(open["candidates"] == ["alice", "bob", "carol", "sam"])

        let shown = try governance.signTrust("carol")
        #expect(shown.errors.contains("+# proposed") && shown.errors.contains("\(path)  +1 -0"), "\(shown)")
        #expect(shown.errors.contains("proposed by deploy-agent-01"), "\(shown)")
        #expect(try shown.json["missing"]?.integerValue == 1)
        // Too few to land, which is no fault.
        try governance.git("carol", "fetch", "-q")
        #expect(try governance.signTrust("carol", "--land", status: 10).json["landed"] == .null)
        let landed = try governance.signTrust("bob", "--land").json
        #expect(landed["landed"]?.stringValue == (try governance.tip("main")))
        #expect(landed["landed"] == landed["commit"], "fast-forward")
        #expect(try governance.trustVersion() == version + 1)
        try governance.verifyEverywhere(0)
        let newest = try #require(try governance.trustStatus()["commits"]?.arrayValue?.first)
        #expect(newest["signers"] == ["bob", "carol"] && newest["kind"]?.stringValue == "trust")
        #expect(try governance.trustStatus()["branches"] == [])
        // It stayed one commit, whose author is the one who proposed.
        #expect(try governance.git("sam", "log", "-1", "--format=%an %cn", "origin/main") == "deploy-agent-01 bob")
    }

    @Test(
        "because it is one commit it lands by every way with stock git, whoever signs that commit",
        arguments: Governance.Way.allCases, [true, false])
    func everyWay(_ way: Governance.Way, mainMovedOn: Bool) throws {
        if way == .fastForward, mainMovedOn { return }
        let governance = try TwoOfFour.copy()
        let version = try governance.trustVersion()
        let id = try governance.propose()
        let branch = try governance.proposeTrust("rogue")
        try governance.signTrust("alice")
        if mainMovedOn { try governance.land(id) }
        // Main moved on by a landing, and the second admin signs all the same.
        try governance.signTrust("sam")
        let commit = try governance.landStock(branch, by: way, settings: ["commit.gpgsign=false"])
        try governance.git("sam", "push", "-q", "origin", "\(commit):refs/heads/main")
        #expect(try governance.trustVersion() == version + 1)
        try governance.verifyEverywhere(0)
        if mainMovedOn { try governance.expect(0, "runner", ["run", id.text] + governance.cluster()) }
    }

    @Test("`--land` carries the difference over when main moved on by landings, and says so when the same file changed")
    func landsOnNewerMain() throws {
        let governance = try TwoOfFour.copy()
        let id = try governance.propose()
        let branch = try governance.proposeTrust("rogue")
        try governance.signTrust("alice")
        try governance.land(id)
        let landed = try #require(try governance.signTrust("bob", "--land").json["landed"]?.stringValue)
        #expect(try governance.git("bob", "rev-parse", "\(landed)~1^{tree}", "\(landed)~2") != "")
        try governance.verifyEverywhere(0)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())

        let next = try governance.proposeTrust("rogue", "# next")
        #expect(next != branch)
        try governance.pushToMain("sam", ["docs/a.md": "a"])
        try governance.signTrust("alice")
        // Somebody else's difference lands first: versions rise one by one.
        try governance.editPolicy("carol", "# mine")
        try governance.git("carol", "checkout", "-q", "-b", "mine")
        try governance.git("carol", "checkout", "-q", "main")
        let rival = try governance.expect(
            1, "carol", ["trust", "propose", "--push"])
        #expect(rival.errors.contains("`\(next)` waits for signatures already"), "\(rival)")
        try governance.git("carol", "checkout", "-q", "--", ".")
        try governance.signTrust("bob", "--land")
        #expect(
            try governance.expect(1, "carol", ["trust", "sign", next, "--yes"]).errors.contains("no branch `\(next)`"))
    }

    @Test("two admins who sign at once follow one another, and no signature is lost")
    func atOnce() throws {
        let governance = try TwoOfFour.copy()
        let branch = try governance.proposeTrust("agent")
        let asked = LineBuffer()
        // While alice is asked, bob signs; while she is asked again, if at all, nothing happens any more.
        let terminal = Terminal(
            write: { _ in }, say: { _ in },
            ask: { _ in
                asked.append("asked")
                return (try? governance.signTrust("bob")) != nil
            }, colors: false, showsProgress: false)
        let status = CommandLineTool.run(
            ["agentsafe", "trust", "sign"],
            host: governance.host("alice", adding: ["AGENTSAFE_KEY": governance.key("alice")]), terminal: terminal)
        #expect(status == 0)
        #expect(asked.text == "asked", "the same difference is shown once")
        let open = try #require(try governance.trustStatus()["branches"]?.arrayValue?.first)
        #expect(open["signers"] == ["alice", "bob"] && open["missing"]?.integerValue == 0)
        try governance.git("sam", "fetch", "-q")
        #expect(try governance.git("sam", "rev-list", "--count", "main..origin/\(branch)") == "1")
        try governance.signTrust("alice", "--land")
        try governance.verifyEverywhere(0)
    }

    @Test("another difference under the same name is shown and asked for anew")
    func exchangedMeanwhile() throws {
        let governance = try TwoOfFour.copy()
        let branch = try governance.proposeTrust("agent", "# harmless")
        let said = LineBuffer()
        let asked = LineBuffer()
        let terminal = Terminal(
            write: { _ in }, say: { said.append($0) },
            ask: { _ in
                asked.append("asked")
                guard asked.text == "asked" else { return false }
                _ = try? governance.git("rogue", "push", "-q", "origin", "--delete", branch)
                return (try? governance.proposeTrust("rogue", "# nasty")) != nil
            }, colors: false, showsProgress: false)
        let status = CommandLineTool.run(
            ["agentsafe", "trust", "sign"],
            host: governance.host("alice", adding: ["AGENTSAFE_KEY": governance.key("alice")]), terminal: terminal)
        #expect(status == 1)
        #expect(said.text.contains("+# harmless") && said.text.contains("+# nasty"))
        #expect(said.text.contains("nothing was signed"))
        #expect(try governance.trustStatus()["branches"]?.arrayValue?.first?["signers"] == [])
    }

    @Test("only admins sign, once each, and only what waits")
    func refusals() throws {
        let governance = try TwoOfFour.copy()
        for actor in ["agent", "alice", "runner"] { try governance.settle(actor) }
        let sign = ["trust", "sign", "--yes"]
        try governance.refuse(1, "alice", sign, saying: "no branch waits", "agentsafe trust propose")
        let branch = try governance.proposeTrust("rogue")
        for actor in ["agent", "alice", "runner"] { try governance.settle(actor) }
        for actor in ["agent", "runner"] {
            try governance.refuse(20, actor, sign, saying: "is no admin")
        }
        try governance.refuse(1, "alice", sign + ["trust/99"], saying: "no branch `trust/99`", "agentsafe trust status")
        try governance.refuse(1, "alice", sign + ["--", "--force"], saying: "no branch `trust/--force`")
        let quiet = governance.agentsafe("alice", ["trust", "sign"])
        #expect(quiet.status == 2 && quiet.errors.contains("add `--yes`"), "\(quiet)")
        try governance.signTrust("alice")
        #expect(try governance.expect(1, "alice", sign).errors.contains("signed `\(branch)` already"))
        // Two that wait for one version: the admin must say which.
        try governance.git("rogue", "fetch", "-q")
        try governance.push("rogue", "origin/\(branch)", to: "trust/another")
        #expect(try governance.expect(2, "bob", sign).errors.contains("name one of \(branch), trust/another"))
        try governance.expect(0, "bob", sign + [branch, "--land"])
        try governance.verifyEverywhere(0)
    }

    @Test(
        "with a threshold above one, every command that changes power puts its change on the branch and says who is needed"
    )
    func commandsUnderThreshold() throws {
        let governance = try TwoOfFour.copy()
        try governance.editPolicy("alice")
        let commit = try governance.expect(0, "alice", ["trust", "commit", "-m", "Say more", "--push"])
        #expect(commit.output.contains("waits on trust/"), "\(commit)")
        #expect(commit.output.contains("signed by alice; 1 more of bob, carol, sam must sign"), "\(commit)")
        #expect(try governance.git("alice", "status", "--porcelain", "--branch") == "## main...origin/main")
        try governance.signTrust("bob", "--land")

        let add = [
            "identity", "add", "zed", "--kind", "person", "--key-file", governance.key("stranger") + ".pub", "--push",
        ]
        let added = try governance.expect(0, "carol", add + ["--output", "json"]).json
        #expect(added["signers"] == ["carol"] && added["missing"]?.integerValue == 1)
        try governance.signTrust("sam", "--land")
        // Who is no admin proposes, and signs nothing.
        let revoked = try governance.expect(
            0, "runner", ["identity", "revoke", "zed", "--push", "--output", "json"]
        ).json
        #expect(revoked["signers"] == [] && revoked["missing"]?.integerValue == 2)
        for actor in ["alice", "sam"] { try governance.signTrust(actor) }
        try governance.signTrust("alice", "--land")
        try governance.verifyEverywhere(0)
        let zed = try governance.trustStatus()["identities"]?.arrayValue?.first { $0["id"]?.stringValue == "zed" }
        #expect(zed?["keys"]?.arrayValue?.first?["state"]?.stringValue == "revoked")
    }

    @Test("a statement about another difference than the branch's is refused before anything is signed")
    func lyingStatement() throws {
        let governance = try TwoOfFour.copy()
        let branch = try governance.proposeTrust("rogue", "# harmless")
        // The tree is exchanged under the statement.
        try governance.git("rogue", "fetch", "-q")
        let path = try governance.policyFile("rogue")
        let text = try governance.text(path, at: "origin/\(branch)", seenBy: "rogue")
        let tree = try governance.tree("rogue", "origin/\(branch)", [path: text + "# nasty\n"])
        let commit = try governance.commit(
            "rogue", tree: tree, parents: ["origin/main"], message: "Say more", signedBy: nil)
        try governance.push("rogue", commit, to: branch)
        try governance.settle("alice")
        try governance.refuse(
            30, "alice", ["trust", "sign", "--yes"], saying: "is about another difference",
            commit.prefix(12).description)
        let open = try #require(try governance.trustStatus()["branches"]?.arrayValue?.first)
        #expect(open["problem"]?.stringValue?.contains("another difference") == true)
        try governance.git("sam", "fetch", "-q")
        try governance.expect(30, "sam", ["gate", "--head", "origin/\(branch)"])
    }

    @Test("a trust branch is one commit on top of main, and of nothing else")
    func elsewhere() throws {
        let governance = try TwoOfFour.copy()
        let branch = try governance.proposeTrust("rogue")
        try governance.git("rogue", "fetch", "-q")
        let tree = try governance.git("rogue", "rev-parse", "origin/\(branch)^{tree}")
        // The same difference on top of a commit that nobody accepted, and as a merge of it.
        let loose = try governance.commit(
            "rogue", tree: try governance.tree("rogue", "origin/main", [:]), parents: ["origin/main"],
            message: "Nothing", signedBy: nil)
        for parents in [[loose], ["origin/main", loose]] {
            let commit = try governance.commit("rogue", tree: tree, parents: parents, message: "x", signedBy: nil)
            try governance.push("rogue", commit, to: branch)
            try governance.settle("alice")
            try governance.refuse(
                30, "alice", ["trust", "sign", "--yes"], saying: "`\(branch)`, commit \(commit.prefix(12))",
                parents.count == 1 ? "not one commit on top of main" : "2 parents")
        }
    }

    @Test("a file that main changed meanwhile, though anybody may, must be looked at anew")
    func sameFile() throws {
        let governance = try TwoOfFour.copy()
        try governance.editPolicy("rogue")
        try governance.write("rogue", "docs/notes.md", "mine\n")
        try governance.expect(0, "rogue", ["trust", "propose", "--push"])
        try governance.signTrust("alice")
        try governance.pushToMain("sam", ["docs/notes.md": "theirs\n"])
        try governance.settle("bob")
        try governance.refuse(
            30, "bob", ["trust", "sign", "--yes", "--land"], saying: "`docs/notes.md`", "main changed the file since",
            "propose the difference anew")
    }

    @Test("a proposal needs edits at main's newest commit, and nobody's key")
    func proposing() throws {
        let governance = try Governance()
        try governance.settle("stranger")
        let propose = ["trust", "propose", "--push"]
        try governance.refuse(1, "stranger", propose, saying: "the work tree has no edits to sign")
        try governance.write("stranger", "docs/x.md", "x")
        try governance.git("stranger", "checkout", "-q", "--detach")
        try governance.refuse(1, "stranger", propose, saying: "not at main's newest commit", "git switch main")
        try governance.git("stranger", "checkout", "-q", "main")
        try governance.write("stranger", "changes/x", "x")
        try governance.refuse(1, "stranger", propose, saying: "`changes/x` is recorded and may not be edited")
        try governance.run(["rm", "-r", governance.clone("stranger") + "/changes"])
        try governance.write("stranger", "inventory.yaml", "targets: [")
        #expect(governance.agentsafe("stranger", propose).errors.hasPrefix("agentsafe: inventory.yaml:"))
        try governance.git("stranger", "checkout", "-q", "inventory.yaml")
        // Without any key at all.
        try governance.git("stranger", "config", "--unset", "user.signingkey")
        let made = try governance.expect(
            0, "stranger", propose + ["--output", "json"], adding: ["AGENTSAFE_KEY": ""]
        ).json
        let branch = try #require(made["branch"]?.stringValue)
        #expect(try governance.git("stranger", "log", "-1", "--format=%G?", branch) == "N")
        // Threshold 1: one signature lands it.
        try governance.signTrust("alice", "--land")
        try governance.verifyEverywhere(0)
        // What is ignored by git, and what was edited meanwhile, stays.
        #expect(Files.kind(governance.clone("stranger") + "/docs/x.md") == nil)
    }

    @Test("without a remote the same steps work on local branches")
    func local() throws {
        let governance = try TwoOfFour.copy()
        try governance.update("alice")
        try governance.git("alice", "remote", "remove", "origin")
        let text = try governance.read("alice", "inventory.yaml")
        try governance.write("alice", "inventory.yaml", text + "# local\n")
        // Main and ledger as they are here.
        try governance.git("alice", "update-ref", "refs/heads/ledger", try governance.tip("ledger"))
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Local"])
        let bob = ["AGENTSAFE_KEY": governance.key("bob")]
        try governance.expect(0, "alice", ["trust", "sign", "--yes", "--land"], adding: bob)
        #expect(try governance.read("alice", "inventory.yaml").hasSuffix("# local\n"))
        try governance.expect(0, "alice", ["verify"])
    }
}
