import ChangeModel
import OperatingSystem
import Testing

@Suite("Hook: main")
struct HookMainTests {
    private let main = "refs/heads/main"

    /// A commit on any parents, made in `sam`'s clone by nobody in particular.
    private func commit(
        _ governance: Governance, _ edits: [String: String?], on parents: String..., message: String = "Land it"
    ) throws -> String {
        try governance.git("sam", "fetch", "-q")
        return try governance.commit(
            "sam", tree: try governance.tree("sam", parents[0], edits), parents: parents, message: message,
            signedBy: nil)
    }

    private func documented(_ governance: Governance, _ text: String = "hello\n", on parents: String...) throws
        -> String
    {
        try commit(governance, ["docs/notes.md": text], on: parents.first ?? "origin/main")
    }

    @Test("nobody deletes main")
    func deletion() throws {
        let governance = try HookedServer.governance()
        try governance.refused("alice", ":\(main)", because: "nobody deletes `main`", reference: main)
    }

    @Test("main is not taken back")
    func rewind() throws {
        let governance = try HookedServer.governance()
        try governance.refused("alice", "+origin/main~1:\(main)", because: "it takes main back to", reference: main)
    }

    @Test("main is not replaced by a sibling, whatever the client claims")
    func sibling() throws {
        let governance = try HookedServer.governance()
        let other = try documented(governance, on: "origin/main~1")
        try governance.refused("sam", "+\(other):\(main)", because: "does not contain", reference: main)
        let old = try governance.tip("main")
        let result = try governance.callHook("\(old) \(other) \(main)\n")
        #expect(result.status != 0, "\(result.errorText)")
    }

    @Test("a merge that makes the other side the history of main is refused")
    func foxtrot() throws {
        let governance = try HookedServer.governance()
        let side = try documented(governance, on: "origin/main~1")
        let fox = try commit(governance, ["docs/notes.md": "hello\n"], on: side, "origin/main")
        // With the tree of main and the file, nothing but the order of parents is wrong.
        let tree = try governance.tree("sam", "origin/main", ["docs/notes.md": "hello\n"])
        let smooth = try governance.commit(
            "sam", tree: tree, parents: [side, "origin/main"], message: "Merge", signedBy: nil)
        for tip in [fox, smooth] {
            try governance.refused("sam", "+\(tip):\(main)", because: "but not as the first one", reference: main)
        }
        let straight = try governance.commit(
            "sam", tree: tree, parents: ["origin/main", side], message: "Merge", signedBy: nil)
        try governance.accepted("sam", "\(straight):\(main)")
    }

    @Test(
        "a file that gives power comes with the admins' statement, or not at all",
        arguments: ThreatSmuggledFiles.Smuggled.power)
    func foreign(_ smuggled: ThreatSmuggledFiles.Smuggled) throws {
        let governance = try HookedServer.governance()
        try governance.git("sam", "fetch", "-q")
        let foreign = try commit(governance, [smuggled.path: smuggled.text], on: "origin/main")
        let said = try governance.refused(
            "sam", "\(foreign):\(main)",
            because: "main commit \(foreign.prefix(12))", reference: main)
        let named = smuggled.path.hasPrefix("trust/") ? "trust_version" : smuggled.path
        #expect(said.contains(": a foreign commit: ") && said.contains(named), "\(said)")
        #expect(!said.contains("reset"), "nothing is to be reset: \(said)")
    }

    @Test("what is taken back by the next commit is seen")
    func hiddenInTheMiddle() throws {
        let governance = try HookedServer.governance()
        let text = try governance.text("identities.yaml", at: "origin/main", seenBy: "sam")
        let foreign = try commit(governance, ["identities.yaml": text + "# me too\n"], on: "origin/main")
        let reverted = try commit(governance, ["identities.yaml": text], on: foreign)
        let last = try commit(governance, ["docs/notes.md": "x\n"], on: reverted)
        try governance.refused(
            "sam", "\(last):\(main)", because: "main commit \(foreign.prefix(12)), `identities.yaml`", reference: main)
    }

    @Test("a landing brings a whole change, signed by its proposer")
    func landings() throws {
        let governance = try HookedServer.governance()
        let id = try governance.propose()
        try governance.git("sam", "fetch", "-q")
        let file = "\(id.folder)/change.yaml"
        let text = try governance.text(file, at: "origin/\(id.branch)", seenBy: "sam")
        let signature = try governance.text(file + ".sig", at: "origin/\(id.branch)", seenBy: "sam")
        let edited = text.replacing("replicas: 6", with: "replicas: 60")
        for (files, words) in [
            ([file: edited, file + ".sig": signature], "the signature does not hold"),
            ([file: text], "exactly two plain files"),
            (
                [file: edited, file + ".sig": try governance.sign(edited, namespace: "change@agentsafe", as: "rogue")],
                "but `rogue` signed it"
            ),
            ([file: text, file + ".sig": signature, "docs/x.md": "x\n"], "lands changes together with other files"),
        ] {
            let landing = try commit(governance, files, on: "origin/main")
            try governance.refused("sam", "\(landing):\(main)", because: words, reference: main)
        }
        let landing = try commit(governance, [file: text, file + ".sig": signature], on: "origin/main")
        try governance.accepted("sam", "\(landing):\(main)")
        let again = try commit(governance, [file: edited], on: "origin/main")
        try governance.refused(
            "sam", "\(again):\(main)", because: "it changes files of landed changes", reference: main)
    }

    @Test("free commits, trust commits and landings in one push are taken")
    func legal() throws {
        let governance = try HookedServer.governance()
        let id = try governance.propose()
        try governance.expect(
            0, "alice",
            [
                "identity", "add", "dora", "--kind", "person", "--key-file", governance.key("stranger") + ".pub",
                "--push",
            ])
        let free = try documented(governance)
        try governance.git("sam", "checkout", "-q", "-B", "main", free)
        try governance.git("sam", "merge", "-q", "--no-ff", "-m", "Land it", "origin/\(id.branch)")
        try governance.accepted("sam", "main:main")
        try governance.verifyEverywhere(0)
    }

    @Test("the merge of another history is refused by its first parent alone")
    func unrelated() throws {
        let governance = try HookedServer.governance()
        let other = try governance.commit(
            "sam", tree: try governance.git("sam", "rev-parse", "origin/main^{tree}"), parents: [], message: "Mine",
            signedBy: "alice")
        try governance.refused("sam", "+\(other):\(main)", because: "does not contain", reference: main)
    }

    @Test("main is a commit, and nothing else")
    func otherObjects() throws {
        let governance = try HookedServer.governance()
        let blob = try governance.git("sam", "hash-object", "-w", "--stdin", input: "x")
        try governance.refused("sam", "+\(blob):\(main)", because: "is no commit", reference: main)
    }

    @Test("with main refused, what hangs on it is not judged, and nothing of the push is taken")
    func together() throws {
        let governance = try HookedServer.governance()
        let id = try governance.propose()
        try governance.git("sam", "fetch", "-q")
        let foreign = try commit(governance, ["inventory.yaml": "targets: []\n"], on: "origin/main")
        let said = try governance.refused(
            "sam", "\(foreign):\(main)", ":refs/heads/\(id.branch)", "origin/main:refs/heads/wip",
            because: "`inventory.yaml`",
            reference: main)
        #expect(said.contains("1 more references of the push are judged once `refs/heads/main` is accepted"), "\(said)")
    }

    @Test("one push moves main by at most ten thousand commits")
    func longPush() throws {
        let governance = try HookedServer.governance()
        try governance.git("sam", "fetch", "-q")
        let tree = try governance.git("sam", "rev-parse", "origin/main^{tree}")
        var stream = "reset refs/long\nfrom \(try governance.tip("main"))\n\n"
        for _ in 0...10_000 {
            stream += "commit refs/long\ncommitter a <a@b> 1795392000 +0000\ndata 0\n\n"
        }
        try governance.git("sam", "fast-import", "--quiet", "--force", input: stream)
        #expect(try governance.git("sam", "rev-parse", "refs/long^{tree}") == tree)
        try governance.refused("sam", "refs/long:\(main)", because: "brings more than 10000 commits", reference: main)
        try governance.accepted("sam", "refs/long~1:\(main)")
    }

    @Test("foreign commits with the admins' adoption on top come in one push, and not one by one")
    func adoption() throws {
        let governance = try HookedServer.governance()
        try governance.git("alice", "fetch", "-q")
        let text = try governance.text("policies/default.yaml", at: "origin/main", seenBy: "alice")
        let foreign = try commit(governance, ["policies/default.yaml": text + "# mine\n"], on: "origin/main")
        try governance.refused("sam", "\(foreign):\(main)", because: "a foreign commit", reference: main)
        // Adopted in a repository without the hook, as a forge may be that is about to move.
        let elsewhere = "\(governance.directory.path)/elsewhere.git"
        try governance.run(["git", "clone", "-q", "--mirror", governance.remote, elsewhere])
        try governance.run(["git", "-C", governance.clone("sam"), "push", "-q", elsewhere, "\(foreign):\(main)"])
        try governance.git("alice", "remote", "set-url", "origin", elsewhere)
        try governance.update("alice")
        try governance.expect(0, "alice", ["trust", "propose", "--adopt", "--push"])
        try governance.expect(0, "alice", ["trust", "sign", "--yes", "--land"])
        let adoption = try governance.run(["git", "-C", elsewhere, "rev-parse", "main"])
        try governance.git("alice", "remote", "set-url", "origin", governance.remote)
        try governance.accepted("alice", "\(adoption):\(main)")
        try governance.verifyEverywhere(0)
        try governance.pushToMain("sam", ["docs/x.md": "x\n"])
        let marks = try JSONValue(parsing: try Files.read("\(governance.remote)/agentsafe-marks.json"))
        #expect(marks["main"]?.stringValue == adoption)
        try governance.execute()
    }
}
