import ChangeModel
import OperatingSystem
import Testing

@Suite("Threats 7 and 26: merges that reach main")
struct ThreatMainMerges {
    /// A tightened policy on main, and a branch that forked before it.
    private struct Scene {
        let governance: Governance
        let id: ChangeID
        /// Main before the policy was tightened.
        let before: String
        let policy: String

        init() throws {
            governance = try Governance()
            id = try governance.propose()
            before = try governance.tip("main")
            try governance.editPolicy("alice", "# tightened")
            try governance.expect(0, "alice", ["trust", "commit", "-m", "Tighten", "--push"])
            // Somebody saw it, and somebody will see main for the first time.
            try governance.settle("sam")
            policy = try governance.policyFile("alice")
            try governance.update("rogue")
        }

        func tree(_ revision: String, _ edits: [String: String?] = [:]) throws -> String {
            try governance.tree("rogue", revision, edits)
        }

        func push(_ tree: String, parents: [String], message: String = "Merge pull request #7") throws -> String {
            let commit = try governance.commit(
                "rogue", tree: tree, parents: parents, message: message, signedBy: "rogue")
            try governance.push("rogue", commit, to: "main")
            return commit
        }

        func expectForeign(_ commit: String, _ file: String) throws {
            for told in [try governance.runRefused(30), try governance.verifyEverywhere(30)] {
                #expect(
                    told.errors.contains("main commit \(commit.prefix(12)), `\(file)`: a foreign commit"), "\(told)")
            }
        }
    }

    enum Evil: String, CaseIterable {
        /// Content that neither parent has.
        case addsAFile, editsThePolicy, editsAnotherChange
        /// The second parent's tree as it is, which is older: the policy goes back.
        case keepsTheirs
        /// A third parent brings it.
        case octopus
    }

    @Test(
        "a merge is what it does to its first parent's files, whatever its other parents hold", arguments: Evil.allCases
    )
    func evilMerge(_ evil: Evil) throws {
        let scene = try Scene()
        let branch = "origin/\(scene.id.branch)"
        var change: [String: String?] = [:]
        for name in ["change.yaml", "change.yaml.sig"] {
            let path = "\(scene.id.folder)/\(name)"
            change[path] = try scene.governance.text(path, at: branch, seenBy: "rogue")
        }
        switch evil {
        case .addsAFile:
            let tree = try scene.tree("origin/main", change.merging(["hooks/x": "x"]) { $1 })
            try scene.expectForeign(try scene.push(tree, parents: ["origin/main", branch]), "hooks/x")
        case .editsThePolicy:
            let text = try scene.governance.text(scene.policy, at: "origin/main", seenBy: "rogue")
            let tree = try scene.tree("origin/main", change.merging([scene.policy: text + "# x\n"]) { $1 })
            try scene.expectForeign(try scene.push(tree, parents: ["origin/main", branch]), scene.policy)
        case .editsAnotherChange:
            try scene.governance.mergeUnsigned(scene.id)
            try scene.governance.update("rogue")
            let path = "\(scene.id.folder)/change.yaml"
            let tree = try scene.tree("origin/main", [path: "x"])
            try scene.expectForeign(try scene.push(tree, parents: ["origin/main", branch]), path)
        case .keepsTheirs:
            let tree = try scene.tree(branch)
            try scene.expectForeign(try scene.push(tree, parents: ["origin/main", branch]), "identities.yaml")
        case .octopus:
            let loose = try scene.governance.commit(
                "rogue", tree: try scene.tree("origin/main", ["policies/zz.yaml": "rules: []\n"]),
                parents: ["origin/main"], message: "Loose", signedBy: "rogue")
            let tree = try scene.tree(loose, change)
            try scene.expectForeign(
                try scene.push(tree, parents: ["origin/main", branch, loose]), "policies/zz.yaml")
        }
    }

    @Test("an honest octopus lands what it brings, and approves nothing")
    func octopus() throws {
        let scene = try Scene()
        let governance = scene.governance
        let other = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.update("bob")
        try governance.signingGit(
            "bob", "merge", "-q", "--no-ff", "-S", "-m", "Merge branch '\(other.branch)'", "origin/\(other.branch)",
            "origin/\(scene.id.branch)")
        try governance.git("bob", "push", "-q", "origin", "main")
        #expect(try governance.git("bob", "log", "-1", "--format=%P").split(separator: " ").count == 3)
        try governance.runRefused(10, other)
        try governance.expect(0, "runner", ["run", scene.id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }

    @Test("a criss-cross with two merge bases that takes the older policy is foreign, however clean a forge shows it")
    func crissCross() throws {
        let scene = try Scene()
        // Two lines that merged each other: main's tightened policy and the branch's older one are both bases.
        let branch = "origin/\(scene.id.branch)"
        let oldTree = try scene.tree(branch)
        let side = try scene.governance.commit(
            "rogue", tree: oldTree, parents: [branch, "origin/main"], message: "Update branch", signedBy: "rogue")
        let bases = try scene.governance.git("rogue", "merge-base", "--all", side, "origin/main")
        #expect(!bases.isEmpty)
        // What a forge compares is the branch with its merge base: one new folder.
        let commit = try scene.push(oldTree, parents: ["origin/main", side])
        try scene.expectForeign(commit, "identities.yaml")
    }

    @Test("a foxtrot that makes the branch the first parent is foreign, a fast-forward though it is to git")
    func foxtrot() throws {
        let scene = try Scene()
        let governance = scene.governance
        // Twice: one trust commit alone might as well have landed after the change, and its statement would say so.
        try governance.editPolicy("alice", "# tightened again")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Tighten again", "--push"])
        try governance.settle("sam")
        let tip = try governance.tip("main")
        try governance.git("rogue", "fetch", "-q")
        try governance.git("rogue", "checkout", "-q", "-B", "fox", "origin/\(scene.id.branch)")
        try governance.git("rogue", "merge", "-q", "--no-ff", "-m", "Update branch", "origin/main")
        // A fast-forward to git and to every forge.
        #expect(try governance.git("rogue", "merge-base", "origin/main", "fox") == tip)
        try governance.git("rogue", "push", "-q", "origin", "fox:main")
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        try governance.expect(30, "sam", ["verify"])
        let told = try governance.expect(
            30, "stranger", ["verify"], adding: ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/fresh"])
        let merge = try governance.tip("main")
        #expect(told.errors.contains("main commit \(merge.prefix(12))"), "\(told)")
        #expect(told.errors.contains("a foreign commit"), "\(told)")
    }

    @Test("a foxtrot over landings alone lands the same changes, and whoever saw main before refuses it")
    func harmlessFoxtrot() throws {
        let governance = try Governance()
        let id = try governance.propose()
        let other = try governance.propose(target: "dev/api-server", ["replicas=2"])
        try governance.mergeUnsigned(other)
        try governance.settle("sam")
        try governance.git("rogue", "fetch", "-q")
        try governance.git("rogue", "checkout", "-q", "-B", "fox", "origin/\(id.branch)")
        try governance.git("rogue", "merge", "-q", "--no-ff", "-m", "Update branch", "origin/main")
        try governance.git("rogue", "push", "-q", "origin", "fox:main")
        try governance.git("sam", "fetch", "-q")
        #expect(try governance.expect(30, "sam", ["verify"]).errors.contains("accepted before"))
        try governance.git("stranger", "fetch", "-q")
        let told = try governance.expect(
            0, "stranger", ["verify"], adding: ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/fresh"])
        #expect(told.output.contains("2 changes in 2 landings"), "\(told)")
    }

    @Test("a lagging ledger that is merged into main makes main foreign")
    func mergedLedger() throws {
        let governance = try Governance()
        try governance.execute()
        try governance.update("rogue")
        try governance.git(
            "rogue", "merge", "-q", "--no-ff", "--allow-unrelated-histories", "-m", "Merge branch 'ledger'",
            "origin/ledger~1")
        try governance.git("rogue", "push", "-q", "origin", "main")
        let commit = try governance.tip("main")
        for told in [try governance.runRefused(30), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("main commit \(commit.prefix(12))"), "\(told)")
            #expect(told.errors.contains("a foreign commit"), "\(told)")
        }
    }
}
