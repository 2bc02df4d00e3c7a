import ChangeModel
import OperatingSystem
import Testing

@Suite("Hook: proposals")
struct HookChangeTests {
    /// A proposal's two files with their text, as `agent` would push them on a branch of its own.
    private struct Draft {
        let governance: Governance
        let id: ChangeID
        var text: String
        var files: [String: String?]

        /// Taken from a proposal that was pushed, and whose branch is gone again.
        init(_ governance: Governance, _ edit: (String) -> String = { $0 }, signedBy signer: String = "agent") throws {
            self.governance = governance
            id = try governance.propose()
            try governance.git("agent", "fetch", "-q")
            let file = "\(id.folder)/change.yaml"
            text = edit(try governance.text(file, at: "origin/\(id.branch)", seenBy: "agent"))
            files = [
                file: text, file + ".sig": try governance.sign(text, namespace: "change@agentsafe", as: signer),
            ]
            try governance.accepted("agent", ":refs/heads/\(id.branch)")
        }

        func commit(_ edits: [String: String?], on parents: String...) throws -> String {
            try governance.commit(
                "agent", tree: try governance.tree("agent", parents[0], edits), parents: parents,
                message: "propose \(id)",
                signedBy: nil)
        }

        func refused(
            _ tip: String, _ words: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
        ) throws {
            let reference = "refs/heads/\(id.branch)"
            try governance.refused(
                "agent", "+\(tip):\(reference)", because: words, reference: reference, sourceLocation: sourceLocation)
        }
    }

    @Test("a proposal by hand is taken, written anew, and taken away again")
    func legal() throws {
        let draft = try Draft(try HookedServer.governance())
        let (governance, branch) = (draft.governance, "refs/heads/\(draft.id.branch)")
        try governance.accepted("agent", "\(try draft.commit(draft.files, on: "origin/main")):\(branch)")
        try governance.rewrite(draft.id) { $0.replacing("replicas: 6", with: "replicas: 7") }
        #expect(try governance.gate(draft.id).status == 0)
        try governance.accepted("agent", ":\(branch)")
        #expect(try governance.onServer("for-each-ref", branch).isEmpty)
    }

    @Test(
        "a proposal that brings another file along is refused by that file's name",
        arguments: ThreatSmuggledFiles.Smuggled.power + ThreatSmuggledFiles.Smuggled.free)
    func otherFiles(_ smuggled: ThreatSmuggledFiles.Smuggled) throws {
        let draft = try Draft(try HookedServer.governance())
        let extra = [smuggled.path: smuggled.text]
        try draft.refused(
            try draft.commit(draft.files.merging(extra) { $1 }, on: "origin/main"), "touches `\(smuggled.path)`")
        let before = try draft.commit(draft.files, on: try draft.commit(extra, on: "origin/main"))
        try draft.refused(before, "touches `\(smuggled.path)`")
        try draft.refused(
            try draft.commit(extra, on: try draft.commit(draft.files, on: "origin/main")), "touches `\(smuggled.path)`")
    }

    @Test("what is done and undone again on the branch is seen")
    func doneAndUndone() throws {
        let draft = try Draft(try HookedServer.governance())
        let text = try draft.governance.text("identities.yaml", at: "origin/main", seenBy: "agent")
        let mine = try draft.commit(["identities.yaml": text + "# mine\n"], on: "origin/main")
        let undone = try draft.commit(["identities.yaml": text], on: mine)
        try draft.refused(try draft.commit(draft.files, on: undone), "touches `identities.yaml`")
    }

    @Test("a proposal is never edited by a later commit")
    func edited() throws {
        let draft = try Draft(try HookedServer.governance())
        let tip = try draft.commit(draft.files, on: "origin/main")
        let file = "\(draft.id.folder)/change.yaml"
        let edited = draft.text.replacing("replicas: 6", with: "replicas: 60")
        try draft.refused(
            try draft.commit([file: edited, file + ".sig": draft.files[file + ".sig"]!], on: tip), "never edited")
        try draft.refused(try draft.commit([file: nil, file + ".sig": nil], on: tip), "never edited")
    }

    @Test("a branch of proposals holds no merge, whichever parent comes first", arguments: [true, false])
    func merges(mainFirst: Bool) throws {
        let draft = try Draft(try HookedServer.governance())
        let tip = try draft.commit(draft.files, on: "origin/main~1")
        let merge = try draft.governance.commit(
            "agent", tree: try draft.governance.tree("agent", "origin/main", draft.files),
            parents: mainFirst ? ["origin/main", tip] : [tip, "origin/main"], message: "Update", signedBy: nil)
        try draft.refused(merge, "2 parents")
    }

    @Test("an orphan branch has nothing to do with main")
    func orphan() throws {
        let draft = try Draft(try HookedServer.governance())
        let orphan = try draft.governance.commit(
            "agent", tree: try draft.governance.tree("agent", "origin/main", draft.files), parents: [], message: "Mine",
            signedBy: nil)
        try draft.refused(orphan, "0 merge bases")
    }

    @Test("a proposal is signed by the proposer that it names, and by nobody else")
    func signatures() throws {
        let governance = try HookedServer.governance()
        for (signer, words) in [("rogue", "but `rogue` signed it"), ("stranger", "belongs to no identity")] {
            let draft = try Draft(governance, signedBy: signer)
            try draft.refused(try draft.commit(draft.files, on: "origin/main"), words)
        }
        let draft = try Draft(governance)
        let signature = "\(draft.id.folder)/change.yaml.sig"
        for (content, words) in [
            ("", "the signature cannot be read"), ("not signed\n", "the signature cannot be read"),
            (try governance.sign("another text", namespace: "change@agentsafe", as: "agent"), "does not hold"),
            (try governance.sign(draft.text, namespace: "git", as: "agent"), "does not hold"),
        ] {
            try draft.refused(
                try draft.commit(draft.files.merging([signature: content]) { $1 }, on: "origin/main"), words)
        }
        let file = "\(draft.id.folder)/change.yaml"
        try draft.refused(try draft.commit([file: draft.text], on: "origin/main"), "exactly two plain files")
        let service = try Draft(
            governance, { $0.replacing("proposer: deploy-agent-01", with: "proposer: runner") },
            signedBy: "runner")
        try service.refused(try service.commit(service.files, on: "origin/main"), "services propose nothing")
    }

    @Test("a branch bears the name of the one change that it proposes")
    func names() throws {
        let governance = try HookedServer.governance()
        let (one, two) = (try Draft(governance), try Draft(governance))
        try one.refused(try two.commit(two.files, on: "origin/main"), "proposes \(two.id)")
        let both = one.files.merging(two.files) { $1 }
        try one.refused(try one.commit(both, on: "origin/main"), "is for \(one.id) alone")
        try one.refused(
            try two.commit(two.files, on: try one.commit(one.files, on: "origin/main")), "is for \(one.id) alone")
        try one.refused("origin/main", "proposes nothing that main does not hold")
        try one.refused(try one.commit([:], on: "origin/main"), "proposes nothing, and by its name")
        try one.refused(try one.commit(["docs/x.md": "x\n"], on: "origin/main"), "touches `docs/x.md`")
    }

    @Test("a proposal that hides a line from its reader is refused", arguments: ThreatHiddenText.Disguise.all)
    func hidden(_ disguise: ThreatHiddenText.Disguise) throws {
        let draft = try Draft(
            try HookedServer.governance(),
            {
                disguise.edit($0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)).joined(
                    separator: "\n")
            })
        try draft.refused(try draft.commit(draft.files, on: "origin/main"), "change.yaml")
    }

    @Test("an identifier that was on main never comes back; the branch that landed may be pushed again")
    func landedBefore() throws {
        let governance = try HookedServer.governance()
        let id = try governance.propose()
        try governance.git("agent", "fetch", "-q")
        let tip = try governance.git("agent", "rev-parse", "origin/\(id.branch)")
        let text = try governance.text("\(id.folder)/change.yaml", at: tip, seenBy: "agent")
        let elsewhere = try governance.commit(
            "agent", tree: try governance.tree("agent", "origin/main~1", [:]), parents: ["origin/main~1"], message: "x",
            signedBy: nil)
        try governance.land(id)
        let branch = "refs/heads/\(id.branch)"
        try governance.accepted("agent", ":\(branch)")
        try governance.accepted("agent", "\(tip):\(branch)")
        let edited = text.replacing("replicas: 6", with: "replicas: 60")
        let again = try governance.commit(
            "agent",
            tree: try governance.tree(
                "agent", elsewhere,
                [
                    "\(id.folder)/change.yaml": edited,
                    "\(id.folder)/change.yaml.sig": try governance.sign(
                        edited, namespace: "change@agentsafe", as: "agent"),
                ]), parents: [elsewhere], message: "again", signedBy: nil)
        try governance.refused("agent", "+\(again):\(branch)", because: "is on main already", reference: branch)
    }

    @Test("a change of another repository is refused")
    func otherRepository() throws {
        let draft = try Draft(
            try HookedServer.governance(),
            { $0.replacing(/repository: .*/, with: "repository: 51t4bdacbn17p35b5604fjp1nc") })
        try draft.refused(try draft.commit(draft.files, on: "origin/main"), "the change is for repository")
    }

    @Test("what the policy denies is taken, with a word")
    func denied() throws {
        let governance = try HookedServer.governance()
        let draft = try Draft(governance, { $0.replacing("replicas: 6", with: "replicas: 6000") })
        let tip = try draft.commit(draft.files, on: "origin/main")
        let said = try governance.accepted("agent", "\(tip):refs/heads/\(draft.id.branch)")
        #expect(said.contains("remote: agentsafe: deny: \(draft.id): "), "\(said)")
        #expect(said.contains("it may land, and it never runs"), "\(said)")
        let asked = try governance.propose(target: "prod/api-server", ["replicas=5"])
        let result = try governance.gate(asked)
        #expect(result.status == 10, "\(result)")
    }

    @Test("a proposal and main that lands it may come in one push")
    func withLanding() throws {
        let draft = try Draft(try HookedServer.governance())
        let tip = try draft.commit(draft.files, on: "origin/main")
        try draft.governance.accepted("agent", "\(tip):refs/heads/main", "\(tip):refs/heads/\(draft.id.branch)")
        #expect(try draft.governance.tip("main") == tip)
    }

    @Test("a proposal on top of what else the push brings to main is judged by that main")
    func onNewMain() throws {
        let draft = try Draft(try HookedServer.governance())
        let free = try draft.commit(["docs/x.md": "x\n"], on: "origin/main")
        let tip = try draft.commit(draft.files, on: free)
        try draft.refused(tip, "touches `docs/x.md`")
        try draft.governance.accepted("agent", "\(tip):refs/heads/\(draft.id.branch)", "\(free):refs/heads/main")
    }

    @Test("a proposer whose key is revoked proposes nothing more")
    func revoked() throws {
        let governance = try HookedServer.governance()
        let draft = try Draft(governance)
        let tip = try draft.commit(draft.files, on: "origin/main")
        try governance.revoke("agent")
        try draft.refused(tip, "revoked key")
    }

    @Test("what the ledger has recorded of a proposal stands, though it has not landed")
    func recorded() throws {
        let governance = try HookedServer.governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.git("agent", "fetch", "-q")
        let tip = try governance.git("agent", "rev-parse", "origin/\(id.branch)")
        try governance.gateRun(10, ["--record"], head: id)
        let branch = "refs/heads/\(id.branch)"
        try governance.accepted("agent", ":\(branch)")
        try governance.accepted("agent", "\(tip):\(branch)")
        do {
            try governance.rewrite(id) { $0.replacing("replicas: 5", with: "replicas: 6") }
            Issue.record("the edited proposal was taken")
        } catch {
            #expect("\(error)".contains("refused `\(branch)`: \(id) is recorded with digest"), "\(error)")
        }
        #expect(try governance.onServer("rev-parse", branch) == tip)
    }

    @Test("the recorded way back is not called denied where the policy leaves it open")
    func rollback() throws {
        let (governance, undone) = try HookedServer.lived()
        try governance.update("alice")
        try governance.write(
            "alice", "policies/freeze.yaml",
            """
            rules:
              - name: nothing-but-the-way-back
                priority: 990
                match:
                  targets:
                    environments: [prod]
                  rollback: false
                decision: deny
                reason: Production is frozen.

            """)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Freeze production", "--push"])
        let result = try governance.expect(0, "agent", ["rollback", undone.text, "--push", "--output", "json"])
        let back = try #require(try result.json["id"]?.stringValue.flatMap { ChangeID($0) })
        let denied = try governance.propose(target: "prod/api-server", ["replicas=6"], options: ["--anyway"])
        try governance.git("agent", "fetch", "-q")
        for (id, isDenied) in [(back, false), (denied, true)] {
            let tip = try governance.git("agent", "rev-parse", "origin/\(id.branch)")
            try governance.accepted("agent", ":refs/heads/\(id.branch)")
            let said = try governance.accepted("agent", "\(tip):refs/heads/\(id.branch)")
            #expect(said.contains("agentsafe: deny: \(id): ") == isDenied, "\(said)")
        }
    }
}
