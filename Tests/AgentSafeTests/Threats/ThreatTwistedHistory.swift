import ChangeModel
import OperatingSystem
import Testing

@Suite("Threat 26: criss-cross, foxtrot and octopus merges, and a ledger merged into main")
struct ThreatTwistedHistory {
    // MARK: - Criss-cross

    /// main and the agent's branch have merged each other. In main the policy is tightened; the branch's merge kept the old one,
    /// and then proposes one new change, which is all that the forge shows as new.
    private struct CrissCross {
        let governance: Governance
        let id: ChangeID
        let head: String

        private static let original = Result { try CrissCross() }

        static func copy() throws -> CrissCross {
            let original = try Self.original.get()
            return CrissCross(try Governance(copying: original.governance), original.id, original.head)
        }

        private init(_ governance: Governance, _ id: ChangeID, _ head: String) {
            self.governance = governance
            self.id = id
            self.head = head
        }

        private init() throws {
            governance = try Governance.keptForAll()
            let first = try governance.propose(target: "dev/api-server", ["replicas=2"])
            id = try governance.propose(target: "prod/api-server", ["replicas=5"])
            let agents = try governance.run(["git", "-C", governance.remote, "rev-parse", first.branch])
            try governance.trustCommit(["policies/default.yaml": { $0 + "# tightened\n" }])
            let tightened = try governance.tip("main")
            try governance.mergeUnsigned(first)
            try governance.git("agent", "fetch", "-q")
            let loose = try governance.git("agent", "rev-parse", "\(agents)^{tree}")
            let crossed = try governance.commit(
                "agent", tree: loose, parents: [agents, tightened], message: "Update from main", signedBy: "agent")
            var files: [String: String?] = [:]
            for name in ["change.yaml", "change.yaml.sig"] {
                let path = "\(id.folder)/\(name)"
                files[path] = try governance.text(path, at: "origin/\(id.branch)", seenBy: "agent")
            }
            head = try governance.commit(
                "agent", tree: try governance.tree("agent", crossed, files), parents: [crossed],
                message: "propose \(id)", signedBy: "agent")
            try governance.push("agent", head, to: id.branch)
        }
    }

    @Test("the gate wants one merge base, and no merge on the way")
    func crissCrossAtTheGate() throws {
        let cross = try CrissCross.copy()
        let governance = cross.governance
        try governance.git("sam", "fetch", "-q")
        let bases = try governance.git("sam", "merge-base", "--all", "origin/main", "origin/\(cross.id.branch)")
        #expect(bases.split(separator: "\n").count == 2)
        let gate = try governance.gate(cross.id)
        #expect(gate.status == 30 && gate.errors.contains("have 2 merge bases"), "\(gate)")
        try governance.expect(30, "bob", ["approve", cross.id.text, "--yes"])
        try governance.expect(30, "bob", ["approve", cross.id.text, "--merge", "--yes"])
    }

    @Test("landed by git's own merge, which takes the policy back without a conflict, it is foreign")
    func crissCrossLanded() throws {
        let cross = try CrissCross.copy()
        let governance = cross.governance
        try governance.mergeUnsigned(cross.id, message: "Merge branch '\(cross.id.branch)'")
        let policy = try governance.text("policies/default.yaml", at: "origin/main", seenBy: "sam")
        #expect(!policy.contains("# tightened"), "git's merge was expected to revert the policy")
        try governance.expectForeign(at: try governance.tip("main"), "main commit")
    }

    // MARK: - Foxtrot

    enum Foxtrot: String, CaseIterable {
        /// The ledger has spoken of a commit that is on the second parent's side now.
        case overWhatTheLedgerNames
        /// It has not: what the agent brought to the front has landed all the same, and so has what it pushed aside.
        case overWhatNobodyNamed
    }

    @Test(
        "an agent's commit as main's first parent is seen by everybody who saw main before", arguments: Foxtrot.allCases
    )
    func foxtrot(_ foxtrot: Foxtrot) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        for actor in ["sam", "runner"] { try governance.settle(actor) }
        let base = foxtrot == .overWhatTheLedgerNames ? "origin/main~2" : "origin/main~1"
        try governance.git("agent", "fetch", "-q")
        let id = try governance.propose()
        var files: [String: String?] = [:]
        for name in ["change.yaml", "change.yaml.sig"] {
            let path = "\(id.folder)/\(name)"
            files[path] = try governance.text(path, at: id.branch, seenBy: "agent")
        }
        let own = try governance.commit(
            "agent", tree: try governance.tree("agent", base, files), parents: [base], message: "propose \(id)",
            signedBy: "agent")
        try governance.git("agent", "checkout", "-q", "--detach", own)
        try governance.git("agent", "merge", "-q", "--no-ff", "-m", "Update from main", "origin/main")
        // No force is needed: main's tip is an ancestor.
        try governance.git("agent", "push", "-q", "origin", "HEAD:refs/heads/main")
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        #expect(try governance.expect(30, "sam", ["verify"]).errors.contains("accepted before"))
        #expect(try governance.runRefused(30).errors.contains("accepted before"))
        let status: Int32 = foxtrot == .overWhatTheLedgerNames ? 30 : 0
        let told = try governance.expect(status, "stranger", ["verify"], adding: governance.fresh)
        if status == 30 { #expect(told.errors.contains("not on main"), "\(told)") }
    }

    // MARK: - Octopus

    @Test("an octopus is judged by what it brings to its first parent, and one that brings power is foreign")
    func octopus() throws {
        let governance = try Governance()
        let first = try governance.propose("agent", ["replicas=6"])
        let second = try governance.propose(target: "dev/api-server", ["replicas=2"])
        try governance.git("agent", "fetch", "-q")
        let third = try governance.commit(
            "agent", tree: try governance.tree("agent", "origin/main", ["policies/zz-mine.yaml": "rules: []\n"]),
            parents: ["origin/main"], message: "Third", signedBy: "agent")
        try governance.push("agent", third, to: "third")
        let main = try governance.tip("main")
        try governance.update("bob")
        try governance.signingGit(
            "bob", "merge", "-q", "--no-ff", "-m", "All at once", "origin/\(first.branch)", "origin/\(second.branch)",
            "origin/third")
        try governance.git("bob", "push", "-q", "origin", "main")
        #expect(try governance.git("bob", "log", "-1", "--format=%P").split(separator: " ").count == 4)
        try governance.expectForeign(at: try governance.tip("main"), "`policies/zz-mine.yaml`")
        // Without the third it is a landing of two.
        try governance.push("bob", main, to: "main")
        try governance.update("bob")
        try governance.signingGit(
            "bob", "merge", "-q", "--no-ff", "-m", "Both at once", "origin/\(first.branch)", "origin/\(second.branch)")
        try governance.git("bob", "push", "-q", "origin", "main")
        try governance.verifyEverywhere(0)
        #expect(try governance.state(of: first) == "landed")
        #expect(try governance.state(of: second) == "landed")
    }

    // MARK: - The ledger and main

    @Test(
        "a ledger that is merged into main makes it foreign, and one whose tree is left out changes nothing",
        arguments: [true, false])
    func ledgerIntoMain(withItsFiles: Bool) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        try governance.update("bob")
        try governance.signingGit(
            "bob", "merge", "-q", "--no-ff", "--allow-unrelated-histories", "-m", "Bring the ledger along",
            "--strategy", withItsFiles ? "ort" : "ours", "origin/ledger~2")
        try governance.git("bob", "push", "-q", "origin", "main")
        let commit = try governance.tip("main")
        if withItsFiles {
            try governance.expectForeign(at: commit, "main commit")
        } else {
            try governance.verifyEverywhere(0)
            try governance.runRefused(10, ledger.waiting)
        }
    }
}
