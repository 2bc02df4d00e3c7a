import ChangeModel
import Git
import OperatingSystem
import Testing

@testable import Ledger

@Suite("Foreign commits, and both ways out")
struct AdoptionTests {
    // MARK: - Refusing

    @Test("everything stops at a foreign commit, names the first one and its file, and says both ways out as commands")
    func stops() throws {
        let governance = try Governance()
        let waiting = try governance.propose()
        try governance.land(waiting)
        let open = try governance.propose(target: "dev/api-server", ["replicas=2"])
        let accepted = try governance.tip("main")
        let first = try governance.pushForeign()
        try governance.pushToMain("sam", ["docs/after.md": "x"])
        let tip = try governance.pushForeign("# and more")
        let path = try governance.policyFile("sam")

        var told = [try governance.runRefused(30, waiting), try governance.verifyEverywhere(30)]
        try governance.git("agent", "fetch", "-q")
        let propose = ["propose", "scale-deployment", "--target", "staging/api-server", "--reason", "x"]
        for words in [propose, ["gate", "--head", "origin/\(open.branch)"], ["status", waiting.text], ["log"]] {
            told.append(try governance.expect(30, "agent", words))
        }
        try governance.update("alice")
        told.append(try governance.expect(30, "alice", ["trust", "commit", "-m", "x"]))
        told.append(try governance.expect(30, "alice", ["trust", "propose", "-m", "x"]))
        told.append(try governance.expect(30, "bob", ["approve", open.text, "--yes"]))
        for result in told {
            #expect(result.errors.contains("main commit \(first.prefix(12)), `\(path)`: a foreign commit"), "\(result)")
            let reset = "git push --force-with-lease=main:\(tip) origin \(accepted):refs/heads/main"
            #expect(result.command("to reset it")?.joined(separator: " ") == reset, "\(result)")
            #expect(
                result.command("to adopt it") == ["agentsafe", "trust", "propose", "--adopt"], "\(result)")
        }
    }

    @Test("the command that resets main heals it, and does nothing when main moved on meanwhile")
    func reset() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        try governance.pushForeign()
        let reset = try #require(try governance.runRefused(30).command("to reset it"))
        let newer = try governance.pushForeign("# and more")
        #expect(throws: (any Error).self) {
            try governance.run(reset.withDirectory(governance.clone("sam")), as: "sam")
        }
        #expect(try governance.tip("main") == newer)

        let again = try #require(try governance.runRefused(30).command("to reset it"))
        try governance.run(again.withDirectory(governance.clone("sam")), as: "sam")
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    // MARK: - Adopting

    /// Proposes the adoption in alice's clone; returns the branch.
    private func adopt(_ governance: Governance, as actor: String = "alice") throws -> String {
        try governance.update(actor)
        let json = try governance.expect(0, actor, ["trust", "propose", "--adopt", "--push", "--output", "json"]).json
        return try #require(json["branch"]?.stringValue)
    }

    @Test("an adoption takes over what foreign commits did to files that give power, and lands nothing of theirs")
    func adopts() throws {
        let governance = try TwoOfFour.copy()
        let version = try governance.trustVersion()
        let first = try governance.pushForeign()
        // Landed on the foreign part, one of them by a merge that would be an approval.
        let allowed = try governance.propose("agent", onForeignMain: governance)
        let tip = try governance.tip("main")
        let path = try governance.policyFile("sam")

        let branch = try adopt(governance)
        #expect(branch == "trust/\(version + 1)")
        try governance.git("gate", "fetch", "-q")
        let gate = ["gate", "--head", "origin/\(branch)", "--output", "json"]
        let open = try governance.expect(10, "gate", gate).json
        #expect(open["missing_admins"]?.integerValue == 2 && open["adopts"]?.integerValue == 2)
        try governance.signTrust("alice")
        try governance.git("gate", "fetch", "-q")
        #expect(try governance.expect(10, "gate", gate).json["missing_admins"]?.integerValue == 1)
        try governance.signTrust("bob")
        try governance.git("gate", "fetch", "-q")
        let enough = try governance.expect(0, "gate", gate).json
        #expect(enough["result"]?.stringValue == "allow" && enough["signers"] == ["alice", "bob"])
        let landed = try #require(try governance.signTrust("alice", "--land").json["landed"]?.stringValue)
        #expect(try governance.git("alice", "rev-parse", "\(landed)^") == tip)

        let told = try governance.verifyEverywhere(0)
        #expect(told.output.contains("2 foreign commits adopted and skipped"), "\(told)")
        #expect(try governance.text(path, at: "origin/main", seenBy: "stranger").contains("# loosened"))
        #expect(try governance.files("stranger", "origin/main", "changes/").isEmpty)
        let commits = try governance.trustStatus()["commits"]?.arrayValue ?? []
        let newest = try #require(commits.first)
        #expect(newest["commit"]?.stringValue == landed && newest["kind"]?.stringValue == "trust")
        let skipped = (newest["skipped"]?.arrayValue ?? []).compactMap { $0["commit"]?.stringValue }
        #expect(skipped == [first, tip])
        #expect(!commits.dropFirst().contains { skipped.contains($0["commit"]?.stringValue ?? "") })

        // What was landed in vain can be landed again, and runs once. To git its branch is merged: a new commit it is.
        try governance.runRefused(1, allowed)
        try governance.update("sam")
        try governance.git("sam", "checkout", "-q", "-b", "again")
        try governance.git("sam", "cherry-pick", "origin/\(allowed.branch)")
        #expect(
            try governance.expect(0, "sam", ["gate", "--head", "again", "--output", "json"]).json["result"] == "allow")
        try governance.git("sam", "push", "-q", "origin", "again:main")
        try governance.expect(0, "runner", ["run", allowed.text] + governance.cluster())
        try governance.git("sam", "fetch", "-q")
        let log = try governance.expect(0, "sam", ["log"])
        #expect(log.output.contains("adopting 2 foreign commits"), "\(log)")
        try governance.verifyEverywhere(0)
    }

    @Test("an adoption may keep nothing of what was foreign: the work tree says what shall be")
    func adoptsNothing() throws {
        let governance = try Governance()
        let accepted = try governance.tip("main")
        try governance.pushForeign()
        try governance.pushToMain("rogue", ["tests/mine.yaml": "tests: []\n", "docs/x.md": "x"])
        try governance.update("alice")
        try governance.git("alice", "restore", "--source=\(accepted)", "--worktree", "--", ".")
        let json = try governance.expect(0, "alice", ["trust", "propose", "--adopt", "--push", "--output", "json"]).json
        #expect(Set((json["files"]?.arrayValue ?? []).compactMap(\.stringValue)) == ["identities.yaml"])
        try governance.signTrust("alice", "--land")
        try governance.verifyEverywhere(0)
        let path = try governance.policyFile("sam")
        #expect(try !governance.text(path, at: "origin/main", seenBy: "sam").contains("# loosened"))
    }

    @Test("an adoption lands in every way, for what it says is a tree", arguments: Governance.Way.allCases)
    func everyWay(_ way: Governance.Way) throws {
        let governance = try TwoOfFour.copy()
        try governance.pushForeign()
        let branch = try adopt(governance)
        try governance.signTrust("alice")
        try governance.signTrust("carol")
        let commit = try governance.landStock(branch, by: way, settings: ["commit.gpgsign=false"])
        // As a merge queue asks.
        let queue = try governance.expect(0, "sam", ["gate", "--merged", "--head", commit, "--output", "json"]).json
        #expect(queue["adopts"]?.integerValue == 1 && queue["signers"] == ["alice", "carol"], "\(queue)")
        try governance.git("sam", "push", "-q", "origin", "\(commit):refs/heads/main")
        #expect(try governance.verifyEverywhere(0).output.contains("1 foreign commits adopted"))
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("signatures of too few admins adopt nothing; the error still names the first foreign commit, and says why")
    func tooFew() throws {
        let governance = try TwoOfFour.copy()
        let first = try governance.pushForeign()
        let branch = try adopt(governance)
        try governance.signTrust("alice")
        let commit = try governance.landStock(branch, by: .fastForward)
        try governance.git("sam", "push", "-q", "origin", "\(commit):refs/heads/main")
        let told = try governance.verifyEverywhere(30)
        #expect(told.errors.contains("main commit \(first.prefix(12))"), "\(told)")
        #expect(told.errors.contains("not adopted:  main commit \(commit.prefix(12))"), "\(told)")
        #expect(told.errors.contains("1 of the 2 admins needed signed it"), "\(told)")
        try governance.runRefused(30)
    }

    @Test("what follows an adoption is judged by it: a foreign commit more stops everything again, and can be adopted")
    func again() throws {
        let governance = try Governance()
        try governance.pushForeign()
        _ = try adopt(governance)
        try governance.signTrust("alice", "--land")
        let adoption = try governance.tip("main")
        try governance.verifyEverywhere(0)
        let second = try governance.pushForeign("# again")
        let told = try governance.verifyEverywhere(30)
        #expect(told.errors.contains("main commit \(second.prefix(12))"), "\(told)")
        #expect(told.command("to reset it")?.contains("\(adoption):refs/heads/main") == true, "\(told)")
        _ = try adopt(governance)
        try governance.signTrust("alice", "--land")
        #expect(try governance.verifyEverywhere(0).output.contains("2 foreign commits adopted"))
        // Nobody who accepted the adoption takes main without it.
        try governance.push("rogue", adoption, to: "main")
        try governance.git("sam", "fetch", "-q")
        #expect(try governance.expect(30, "sam", ["verify"]).errors.contains("rewound"))
    }

    @Test("a trust branch from before main became foreign still lands, and leaves what is foreign behind")
    func olderBranch() throws {
        let governance = try TwoOfFour.copy()
        let branch = try governance.proposeTrust("agent")
        try governance.signTrust("alice")
        try governance.pushForeign()
        let shown = try governance.signTrust("bob", "--land")
        #expect(shown.errors.contains("adopts 1 foreign commits of main"), "\(shown)")
        #expect(try shown.json["landed"]?.stringValue == governance.tip("main"))
        #expect(try shown.json["branch"]?.stringValue == branch)
        try governance.verifyEverywhere(0)
        let path = try governance.policyFile("sam")
        let text = try governance.text(path, at: "origin/main", seenBy: "sam")
        #expect(text.contains("# proposed") && !text.contains("# loosened"))
    }

    @Test("a commit that no reader can take apart is told from one that can be adopted")
    func unreadable() throws {
        let governance = try Governance()
        try governance.update("rogue")
        let tip = try governance.tip("main")
        let twice =
            "tree \(try governance.git("rogue", "rev-parse", "HEAD^{tree}"))\nparent \(tip)\n"
            + "author a <a@b> 0 +0000\ncommitter a <a@b> 0 +0000\ngpgsig a\ngpgsig b\n\nx\n"
        let commit = try governance.run(
            ["git", "-C", governance.clone("rogue"), "hash-object", "--literally", "-t", "commit", "-w", "--stdin"],
            as: "rogue", input: Array(twice.utf8))
        try governance.push("rogue", commit, to: "main")
        for told in [try governance.runRefused(30), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("commit \(commit): it carries two signatures"), "\(told)")
            #expect(told.errors.contains("reset the remote's main to a commit before that one"), "\(told)")
        }
        try governance.push("rogue", tip, to: "main")
        try governance.verifyEverywhere(0)
    }

    @Test("`--adopt` is for a foreign main alone, and its gate for a branch of one commit on top of that")
    func shapes() throws {
        let governance = try Governance()
        try governance.settle("alice")
        try governance.refuse(
            1, "alice", ["trust", "propose", "--adopt"], saying: "every commit of main is accepted",
            "leave `--adopt` out")
        let foreign = try governance.pushForeign()
        let branch = try adopt(governance)
        try governance.signTrust("alice")
        // One more commit before the adoption, and one behind it.
        try governance.git("sam", "fetch", "-q")
        let tree = try governance.git("sam", "rev-parse", "origin/\(branch)^{tree}")
        let detour = try governance.commit(
            "sam", tree: try governance.tree("sam", "origin/main", ["docs/x.md": "x"]), parents: [foreign],
            message: "Detour", signedBy: nil)
        let late = try governance.commit("sam", tree: tree, parents: [detour], message: "Adopt", signedBy: nil)
        try governance.push("sam", late, to: "late")
        try governance.git("sam", "fetch", "-q")
        #expect(
            try governance.expect(30, "sam", ["gate", "--head", "origin/late"]).errors.contains("not one commit on top")
        )
        // Another branch is told what everybody is told.
        #expect(
            try governance.expect(30, "sam", ["gate", "--head", "origin/main~1"]).errors.contains("a foreign commit"))
        try governance.expect(0, "sam", ["gate", "--head", "origin/\(branch)"])
    }
}

extension Governance {
    /// A proposal that lands on main although main is foreign.
    fileprivate func propose(_ actor: String, onForeignMain governance: Governance) throws -> ChangeID {
        let foreign = try tip("main")
        try git("sam", "fetch", "-q")
        let accepted = try git("sam", "rev-parse", "\(foreign)~1")
        try push("sam", accepted, to: "main")
        let id = try propose()
        try push("sam", foreign, to: "main")
        try update("sam")
        try signingGit("bob", "fetch", "-q")
        try signingGit("bob", "checkout", "-q", "-B", "main", "origin/main")
        try signingGit("bob", "merge", "-q", "--no-ff", "-S", "--no-edit", "origin/\(id.branch)")
        try signingGit("bob", "push", "-q", "origin", "main")
        return id
    }
}

extension [String] {
    /// `git …` in a folder.
    func withDirectory(_ path: String) -> [String] { ["git", "-C", path] + dropFirst() }
}
