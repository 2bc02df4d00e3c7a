import ChangeModel
import Testing

@Suite("What a forge has merged")
struct GateMergedTests {
    @discardableResult
    private func judge(
        _ governance: Governance, _ status: Int32, _ branch: String, base: String = "origin/main", merged: Bool = true
    ) throws -> CommandResult {
        try governance.gateRun(
            status, (merged ? ["--merged"] : []) + ["--base", base, "--head", "origin/\(branch)"])
    }

    @Test("on a merge queue's branch is judged as main would become, however it merges", arguments: ForgeMerge.allCases)
    func queue(style: ForgeMerge) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes")
        let branch = try governance.queue(try governance.forgeMerge(style, id))
        let result = try judge(governance, 0, branch)
        #expect(result.judged?["id"]?.stringValue == id.text, "\(result)")
        // Without the word it is a branch like any other, where a merge could hide what it reverts.
        try judge(governance, style == .merge ? 30 : 0, branch, merged: false)
    }

    @Test("a group of several is judged whole, and by the strictest", arguments: ForgeMerge.allCases)
    func group(style: ForgeMerge) throws {
        let governance = try Governance()
        let allowed = try governance.propose()
        let waiting = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let first = try governance.forgeMerge(style, allowed)
        let branch = try governance.queue(try governance.forgeMerge(style, waiting, onto: first))
        let result = try judge(governance, 10, branch)
        #expect(try result.json["changes"]?.arrayValue?.count == 2)
        try governance.expect(0, "bob", ["approve", waiting.text, "--yes"])
        #expect(try judge(governance, 0, branch).json["result"]?.stringValue == "allow")
        // Once the first is on main, the rest of the group follows it.
        try governance.push("sam", first, to: "main")
        #expect(try judge(governance, 0, branch).json["changes"]?.arrayValue?.count == 1)
    }

    @Test("a forge's merge approves nothing, even under git's own subject")
    func approvesNothing() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let merged = try governance.forgeMerge(.merge, id, message: "Merge branch '\(id.branch)'")
        let branch = try governance.queue(merged)
        #expect(try judge(governance, 10, branch).missing == 1)
        try governance.push("sam", merged, to: "main")
        try governance.runRefused(10, id)
    }

    @Test("an evil merge, which smuggles a policy, is refused")
    func evilMerge() throws {
        let governance = try Governance()
        let id = try governance.propose()
        let merged = try governance.forgeMerge(.merge, id)
        let tree = try governance.tree("sam", merged, ["policies/zz-mine.yaml": ThreatBranchPolicy.loose])
        let evil = try governance.commit(
            "sam", tree: tree, parents: ["\(merged)^1", "\(merged)^2"], message: "Merge pull request #7",
            signedBy: nil)
        let result = try judge(governance, 30, try governance.queue(evil))
        #expect(result.errors.contains("policies/zz-mine.yaml"), "\(result)")
    }

    @Test("a merge that keeps the branch's old tree, and so reverts main, is refused")
    func revertingMerge() throws {
        let governance = try Governance()
        let id = try governance.propose()
        try governance.git("sam", "fetch", "-q")
        let other = try governance.propose(target: "dev/api-server", ["replicas=2"])
        try governance.land(other)
        let merged = try governance.forgeMerge(.merge, id)
        let reverting = try governance.commit(
            "sam", tree: try governance.git("sam", "rev-parse", "origin/\(id.branch)^{tree}"),
            parents: ["\(merged)^1", "\(merged)^2"], message: "Merge pull request #7", signedBy: nil)
        try judge(governance, 30, try governance.queue(reverting))
    }

    @Test("what does not follow main is refused: main could not become it", arguments: [false, true])
    func foxtrot(onOldMain: Bool) throws {
        let governance = try Governance()
        let id = try governance.propose()
        let commit: String
        if onOldMain {
            commit = try governance.forgeMerge(.merge, id)
            try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes")
        } else {
            try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes")
            commit = try governance.forgeMerge(.merge, id)
        }
        let head =
            onOldMain
            ? commit
            : try governance.commit(
                "sam", tree: try governance.git("sam", "rev-parse", "\(commit)^{tree}"),
                parents: ["\(commit)^2", "\(commit)^1"], message: "Merge", signedBy: nil)
        let result = try judge(governance, 30, try governance.queue(head))
        #expect(result.errors.contains("first-parent chain"), "\(result)")
    }

    @Test("a trust commit among it counts with its admins' signatures, and is followed")
    func trustInTheQueue() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        try governance.write("alice", "policies/zz-open.yaml", ThreatBranchPolicy.loose)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Open"])
        try governance.push("alice", "main", to: "trust/open")
        let branch = try governance.queue(try governance.forgeMerge(.merge, id, onto: "origin/trust/open"))
        #expect(try judge(governance, 0, branch).judged?.at("decision", "rule")?.stringValue == "anything-goes")
    }

    @Test("a trust commit whose signer's key is not valid by now waits for another signature")
    func staleTrust() throws {
        let governance = try Governance()
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        let text = try governance.read("alice", "identities.yaml")
        let key = try governance.run(["cat", governance.key("alice") + ".pub"]).split(separator: " ")[1]
        let ends = (governance.clock.timestamp + .seconds(3600)).description
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
            line.contains(key) ? [String(line), "        valid_before: \(ends)"] : [String(line)]
        }
        try governance.write("alice", "identities.yaml", lines.joined(separator: "\n"))
        try governance.expect(0, "alice", ["trust", "commit", "-m", "My key ends", "--push"])
        try governance.write("alice", "policies/zz-open.yaml", ThreatBranchPolicy.loose)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Open"])
        try governance.push("alice", "main", to: "trust/open")
        try judge(governance, 0, "trust/open")
        governance.clock.advance(7200)
        let result = try judge(governance, 10, "trust/open")
        #expect(try result.json["missing_admins"]?.integerValue == 1, "\(result)")
    }

    @Test("on main is judged by the newest state, from however old a base")
    func landedRange() throws {
        let governance = try Governance()
        let genesis = try governance.git("sam", "config", "agentsafe.genesis")
        let before = try governance.tip("main")
        var ids: [ChangeID] = []
        for replicas in 3...5 {
            let id = try governance.propose("agent", ["replicas=\(replicas)"])
            let style = ForgeMerge.allCases[replicas - 3]
            try governance.push("sam", try governance.forgeMerge(style, id), to: "main")
            ids.append(id)
        }
        let result = try governance.gateRun(0, ["--base", before, "--head", "origin/main"])
        #expect(try result.json["changes"]?.arrayValue?.map { $0["id"]?.stringValue } == ids.map(\.text))
        // The record moves the marks on; a base from before them serves still, because it decides nothing.
        try governance.gateRun(0, ["--record"])
        for base in [before, genesis] {
            let again = try governance.gateRun(0, ["--base", base, "--head", "origin/main"])
            #expect(try again.json["changes"]?.arrayValue?.count == 3, "\(again)")
        }
        try governance.gateRun(0, ["--base", "origin/main", "--head", before])
    }

    @Test("an old base lends no old policy to a branch that is not on main")
    func oldBase() throws {
        let governance = try Governance()
        let old = try governance.tip("main")
        let id = try governance.propose()
        try governance.pushToMain("sam", ["docs/notes.md": "n\n"], message: "Notes")
        try governance.gateRun(0, ["--record"])
        try governance.gateRun(0, ["--record"])
        let branch = try governance.queue(try governance.forgeMerge(.merge, id, onto: old))
        for words in [["--merged"], []] {
            let result = try governance.gateRun(30, words + ["--base", old, "--head", "origin/\(branch)"])
            #expect(result.errors.contains("freshly fetched main"), "\(result)")
        }
    }

    @Test("`--land` and `--merged` are two jobs")
    func twoJobs() throws {
        let governance = try Governance()
        try governance.gateRun(2, ["--land", "--merged"])
    }
}
