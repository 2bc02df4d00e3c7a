import ChangeModel
import Testing

@Suite("Threat 7: a merge holds what neither parent has, or keeps the last parent's tree")
struct ThreatEvilMerge {
    /// A proposal that forked before the policy was tightened and another change landed.
    private struct Fork {
        let governance: Governance
        let id: ChangeID
        let landed: ChangeID

        private static let original = Result {
            let governance = try Governance.keptForAll()
            let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
            let landed = try governance.propose("sam", target: "dev/api-server", ["replicas=2"])
            try governance.land(landed)
            try governance.trustCommit(["policies/default.yaml": { $0 + "# tightened\n" }])
            return Fork(governance: governance, id: id, landed: landed)
        }

        static func copy() throws -> Fork {
            let original = try Self.original.get()
            return Fork(
                governance: try Governance(copying: original.governance), id: original.id, landed: original.landed)
        }

        /// The files that a merge of the proposal brings, as they are on its branch.
        func proposal() throws -> [String: String?] {
            var files: [String: String?] = [:]
            for name in ["change.yaml", "change.yaml.sig"] {
                let path = "\(id.folder)/\(name)"
                files[path] = try governance.text(path, at: "origin/\(id.branch)", seenBy: "bob")
            }
            return files
        }

        /// Pushes bob's signed merge of main and the proposal's branch, under git's own subject, with any tree.
        func merge(_ tree: String) throws -> String {
            let commit = try governance.commit(
                "bob", tree: tree, parents: ["origin/main", "origin/\(id.branch)"],
                message: "Merge branch '\(id.branch)'\n", signedBy: "bob")
            try governance.push("bob", commit, to: "main")
            return commit
        }
    }

    enum Evil: String, CaseIterable {
        /// A policy that neither parent has.
        case newFile
        /// Both parents have the file, and neither like this.
        case editedFile
        /// The branch's own tree: everything that happened on main since is taken back.
        case lastParentsTree
        /// Of the branch's tree only the policy, as it was before it was tightened.
        case lastParentsPolicy
        /// The proposal with another number, under the signature that it had.
        case editedProposal
        case halfAProposal
        /// What somebody else landed meanwhile is gone.
        case withoutTheLanded
        case documentationBesides
    }

    private func tree(_ evil: Evil, _ fork: Fork) throws -> (tree: String, file: String) {
        let governance = fork.governance
        let proposal = try fork.proposal()
        let (file, signature) = ("\(fork.id.folder)/change.yaml", "\(fork.id.folder)/change.yaml.sig")
        func merged(_ edits: [String: String?]) throws -> String {
            try governance.tree("bob", "origin/main", proposal.merging(edits) { $1 })
        }
        switch evil {
        case .newFile: return (try merged(["policies/zz-mine.yaml": "rules: []\n"]), "policies/zz-mine.yaml")
        case .editedFile: return (try merged(["policies/default.yaml": "rules: []\n"]), "policies/default.yaml")
        case .lastParentsTree:
            return (try governance.git("bob", "rev-parse", "origin/\(fork.id.branch)^{tree}"), "allowed_signers")
        case .lastParentsPolicy:
            let old = try governance.text("policies/default.yaml", at: "origin/\(fork.id.branch)", seenBy: "bob")
            return (try merged(["policies/default.yaml": old]), "policies/default.yaml")
        case .editedProposal:
            let text = try #require(proposal[file] ?? nil)
            return (try merged([file: text.replacing("replicas: 5", with: "replicas: 50")]), signature)
        case .halfAProposal: return (try merged([signature: nil]), fork.id.folder)
        case .withoutTheLanded:
            let gone = ["change.yaml", "change.yaml.sig"].map { ("\(fork.landed.folder)/\($0)", String?.none) }
            return (try merged(Dictionary(uniqueKeysWithValues: gone)), fork.landed.folder)
        case .documentationBesides: return (try merged(["docs/notes.md": "n\n"]), "docs/notes.md")
        }
    }

    @Test("main is judged by its tree: the merge is foreign, whoever signed it", arguments: Evil.allCases)
    func evil(_ evil: Evil) throws {
        let fork = try Fork.copy()
        try fork.governance.git("bob", "fetch", "-q")
        let (tree, file) = try tree(evil, fork)
        let commit = try fork.merge(tree)
        let place = evil == .lastParentsTree ? "identities.yaml" : file
        let told = try fork.governance.verifyEverywhere(30)
        #expect(told.errors.contains(place) || told.errors.contains(file), "\(told)")
        try fork.governance.expectForeign(at: commit, "main commit")
        // Nor does it help on a branch of its own.
        try fork.governance.push("bob", "\(commit)^1", to: "main")
        try fork.governance.push("bob", commit, to: "evil")
        try fork.governance.git("sam", "fetch", "-q")
        let gate = try fork.governance.expect(30, "sam", ["gate", "--head", "origin/evil"])
        #expect(gate.errors.contains("2 parents"), "\(gate)")
    }

    @Test("a merge that says one change's name and lands another approves neither")
    func otherChange() throws {
        let fork = try Fork.copy()
        let governance = fork.governance
        let other = try governance.propose(target: "prod/web", ["replicas=50"])
        try governance.git("bob", "fetch", "-q")
        var files: [String: String?] = [:]
        for name in ["change.yaml", "change.yaml.sig"] {
            let path = "\(other.folder)/\(name)"
            files[path] = try governance.text(path, at: "origin/\(other.branch)", seenBy: "bob")
        }
        _ = try fork.merge(try governance.tree("bob", "origin/main", files))
        try governance.runRefused(10, other)
        try governance.verifyEverywhere(0)
    }

    @Test("the merge with nothing evil in it lands, and is bob's approval")
    func control() throws {
        let fork = try Fork.copy()
        try fork.governance.git("bob", "fetch", "-q")
        _ = try fork.merge(try fork.governance.tree("bob", "origin/main", try fork.proposal()))
        try fork.governance.expect(0, "runner", ["run", fork.id.text] + fork.governance.cluster())
        try fork.governance.verifyEverywhere(0)
    }

    @Test("a merge on the ledger is none of its events, whatever it holds", arguments: [true, false])
    func ledger(keepsTheLedgersTree: Bool) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        try governance.git("stranger", "fetch", "-q")
        let message = try governance.git("stranger", "log", "-1", "--format=%B", "origin/ledger")
        let tree = try governance.git(
            "stranger", "rev-parse", keepsTheLedgersTree ? "origin/ledger^{tree}" : "origin/main^{tree}")
        let commit = try governance.commit(
            "stranger", tree: tree, parents: ["origin/ledger", "origin/main"], message: message, signedBy: "runner")
        try governance.push("stranger", commit, to: "ledger")
        try ledger.expectRefused(at: commit, "the ledger is linear: one parent a commit")
    }
}
