import ChangeModel
import Testing

@Suite("Threats 28 and 37: an approver signs a landing without meaning to approve")
struct ThreatAccidentalMerge {
    /// What bob, whose git signs every commit, does before he pushes main.
    enum Accident: String, CaseIterable {
        case fastForward, cherryPick, rebase, squash, squashUnderGitsSubject
        /// He fast-forwards main to look at it, and then pulls what others pushed.
        case pullOfMain
        /// He pulls the branch instead of merging it.
        case pullOfBranch
        /// He merges it on a branch of his own, to try it, and pushes that.
        case testMerge
        case detachedTestMerge
        case ownWords
        /// Another branch's name, with this change in it.
        case otherBranch
        case otherChangesName
    }

    private func perform(_ accident: Accident, _ id: ChangeID, in governance: Governance) throws {
        let branch = "origin/\(id.branch)"
        func bob(_ arguments: String...) throws {
            try governance.run(
                ["git", "-C", governance.clone("bob")]
                    + ["gpg.format=ssh", "user.signingkey=\(governance.key("bob"))", "commit.gpgsign=true"].flatMap {
                        ["-c", $0]
                    }
                    + arguments, as: "bob")
        }
        func mainMovesOn() throws { try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes") }

        try bob("fetch", "-q")
        try bob("checkout", "-q", "-B", "main", "origin/main")
        switch accident {
        case .fastForward: try bob("merge", "-q", "--ff-only", branch)
        case .cherryPick:
            try mainMovesOn()
            try bob("pull", "-q", "--ff-only")
            try bob("cherry-pick", branch)
        case .rebase:
            try mainMovesOn()
            try bob("fetch", "-q")
            try bob("checkout", "-q", "-B", "review", branch)
            try bob("rebase", "-q", "origin/main")
        case .squash:
            try bob("merge", "-q", "--squash", branch)
            try bob("commit", "-q", "-m", "Scale up")
        case .squashUnderGitsSubject:
            try bob("merge", "-q", "--squash", branch)
            try bob("commit", "-q", "-m", "Merge branch '\(id.branch)'")
        case .pullOfMain:
            try bob("merge", "-q", "--ff-only", branch)
            try mainMovesOn()
            try bob("pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
        case .pullOfBranch: try bob("pull", "-q", "--no-rebase", "--no-ff", "--no-edit", "origin", id.branch)
        case .testMerge:
            try bob("checkout", "-q", "-b", "try-it")
            try bob("merge", "-q", "--no-ff", "--no-edit", branch)
        case .detachedTestMerge:
            try bob("checkout", "-q", "--detach")
            try bob("merge", "-q", "--no-ff", "--no-edit", branch)
        case .ownWords: try bob("merge", "-q", "--no-ff", "-m", "Looks fine to me", branch)
        case .otherBranch:
            try bob("branch", "-f", "tuesday", branch)
            try bob("merge", "-q", "--no-ff", "--no-edit", "tuesday")
        case .otherChangesName:
            try bob("branch", "-f", "change/chg-20261123-0000000000", branch)
            try bob("merge", "-q", "--no-ff", "--no-edit", "change/chg-20261123-0000000000")
        }
        try bob("push", "-q", "origin", "HEAD:refs/heads/main")
    }

    @Test("it lands the change and approves nothing", arguments: Accident.allCases)
    func landsOnly(_ accident: Accident) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try perform(accident, id, in: governance)
        let run = try governance.runRefused(10, id)
        #expect(run.output.contains("still missing: 1 × approver"), "\(run)")
        try governance.verifyEverywhere(0)
        // The approval that was missing is a vote, and then it runs.
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
    }

    enum Both: String, CaseIterable {
        case octopus, oneAfterTheOther
    }

    @Test("a merge of two changes at once approves neither", arguments: Both.allCases)
    func twoAtOnce(_ both: Both) throws {
        let governance = try Governance()
        let first = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let second = try governance.propose(target: "prod/web", ["replicas=5"])
        try governance.git("bob", "fetch", "-q")
        try governance.git("bob", "checkout", "-q", "-B", "main", "origin/main")
        let branches = ["origin/\(first.branch)", "origin/\(second.branch)"]
        switch both {
        case .octopus: try governance.signingGit("bob", "merge", "-q", "--no-ff", "-S", branches[0], branches[1])
        case .oneAfterTheOther:
            try governance.git("bob", "checkout", "-q", "-b", first.branch, branches[0])
            try governance.git("bob", "merge", "-q", "-m", "Take this too", branches[1])
            try governance.git("bob", "checkout", "-q", "main")
            try governance.signingGit("bob", "merge", "-q", "--no-ff", "-S", first.branch)
            #expect(try governance.git("bob", "log", "-1", "--format=%s") == "Merge branch '\(first.branch)'")
        }
        try governance.git("bob", "push", "-q", "origin", "main")
        for id in [first, second] { try governance.runRefused(10, id) }
        try governance.runRefused(10)
        try governance.verifyEverywhere(0)
    }

    /// Git's own merge of the change's branch into main.
    enum Merge: String, CaseIterable {
        case localBranch, remoteTrackingBranch

        func name(_ id: ChangeID) -> String { self == .localBranch ? id.branch : "origin/\(id.branch)" }
    }

    private func merge(_ merge: Merge, _ id: ChangeID, by actor: String, signed: Bool, in governance: Governance) throws
    {
        try governance.git(actor, "fetch", "-q")
        try governance.git(actor, "checkout", "-q", "-B", "main", "origin/main")
        if merge == .localBranch { try governance.git(actor, "branch", "-f", id.branch, "origin/\(id.branch)") }
        if signed {
            try governance.signingGit(actor, "merge", "-q", "--no-ff", "-S", merge.name(id))
        } else {
            try governance.git(actor, "merge", "-q", "--no-ff", "--no-gpg-sign", merge.name(id))
        }
        try governance.git(actor, "push", "-q", "origin", "main")
    }

    @Test("stock `git merge --no-ff -S` of the change's branch by an approver approves it", arguments: Merge.allCases)
    func meant(_ merge: Merge) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try self.merge(merge, id, by: "bob", signed: true, in: governance)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
        let claim = try governance.git("sam", "log", "--format=%B", "--grep=^claim", "origin/ledger")
        #expect(claim.contains("approved by bob"))
    }

    @Test("an approver's rejection outweighs their merge, whichever came first", arguments: [true, false])
    func mergedAndRejected(rejectsFirst: Bool) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        if rejectsFirst { try governance.expect(0, "bob", ["reject", id.text, "--yes"]) }
        try merge(.localBranch, id, by: "bob", signed: true, in: governance)
        governance.clock.advance(60)
        if !rejectsFirst { try governance.expect(0, "bob", ["reject", id.text, "--yes"]) }
        governance.clock.advance(60)
        let run = try governance.runRefused(20, id)
        #expect(run.output.contains("rejected by `bob`"), "\(run)")
        // A vote that says otherwise is later than the rejection, for it carries its time.
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test(
        "the same merge unsigned, or signed by somebody else, approves nothing",
        arguments: ["agent", "rogue", "sam", "gate", "runner", "stranger", "nobody"])
    func meantBySomebodyElse(actor: String) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try merge(.localBranch, id, by: actor == "nobody" ? "bob" : actor, signed: actor != "nobody", in: governance)
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }

    /// A reviewer who takes an agent's commit over signs the agent's words with it.
    enum Carried: String, CaseIterable {
        case cherryPick, rebase
    }

    @Test(
        "an agent's commit that a reviewer carries over approves nothing, whatever its message says",
        arguments: Carried.allCases)
    func carriedOver(_ carried: Carried) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let vote = try governance.handVote(on: id, by: "bob")
        let words = "Merge branch '\(id.branch)'\n\n\(try governance.voteTrailers(vote, signedBy: "agent"))"
        try governance.git("agent", "fetch", "-q")
        let commit = try governance.commit(
            "agent", tree: try governance.git("agent", "rev-parse", "origin/\(id.branch)^{tree}"),
            parents: [try governance.tip("main")], message: words, signedBy: "agent")
        try governance.push("agent", commit, to: id.branch)
        // The same words on an empty commit, as a vote's, which the reviewer is asked to rebase.
        let empty = try governance.commit(
            "agent", tree: try governance.git("agent", "rev-parse", "origin/main^{tree}"),
            parents: [try governance.tip("main")], message: words, signedBy: "agent")
        try governance.push("agent", empty, to: "vote/\(id)/bob-00000000")
        try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes")

        try governance.git("bob", "fetch", "-q")
        for (source, destination) in [("vote/\(id)/bob-00000000", "vote/\(id)/bob-00000001"), (id.branch, "main")] {
            switch carried {
            case .cherryPick:
                try governance.git("bob", "checkout", "-q", "--detach", "origin/main")
                try governance.signingGit("bob", "cherry-pick", "--allow-empty", "origin/\(source)")
            case .rebase:
                try governance.git("bob", "checkout", "-q", "--detach", "origin/\(source)")
                try governance.signingGit("bob", "rebase", "-q", "--empty=keep", "origin/main")
            }
            #expect(try governance.git("bob", "log", "-1", "--format=%G?") == "G")
            try governance.git("bob", "push", "-q", "origin", "HEAD:refs/heads/\(destination)")
        }
        try governance.git("sam", "fetch", "-q", "--prune")
        let status = try governance.expect(10, "sam", ["status", id.text, "--output", "json"])
        #expect(status.errors.contains("bob-00000001` counts for nothing"), "\(status)")
        try governance.runRefused(10, id)
        try governance.verifyEverywhere(0)
    }
}
