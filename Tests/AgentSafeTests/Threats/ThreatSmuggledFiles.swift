import ChangeModel
import Testing

@Suite("Threat 4: a change branch brings other files along")
struct ThreatSmuggledFiles {
    /// A file that a proposal has no business with.
    struct Smuggled: Sendable, CustomTestStringConvertible {
        let path: String
        /// nil: the file is removed.
        var text: String? = "rules: []\n"
        var testDescription: String { text == nil ? "removes \(path)" : path }

        static let power = [
            Smuggled(path: "policies/default.yaml"),
            Smuggled(path: "policies/default.yaml", text: nil),
            Smuggled(path: "policies/zz-mine.yaml"),
            Smuggled(path: "actions/scale-deployment.yaml"),
            Smuggled(path: "inventory.yaml", text: "targets: []\n"),
            Smuggled(path: "identities.yaml", text: "identities: []\n"),
            Smuggled(path: "allowed_signers", text: ""),
            Smuggled(path: "agentsafe.yaml", text: "ledger: {}\n"),
            Smuggled(path: ".github/workflows/land.yml", text: "on: push\n"),
            Smuggled(path: "trust/99/statement.txt", text: "agentsafe-trust v1\n"),
            Smuggled(path: "tests/defaults.yaml", text: "tests: []\n"),
            Smuggled(path: "hooks/anything", text: "x"),
        ]
        static let free = [Smuggled(path: "docs/mine.md", text: "x"), Smuggled(path: "README.md", text: "x")]
    }

    enum Place: String, CaseIterable {
        case sameCommit, nextCommit
    }

    private func smuggle(_ files: [String: String?], into id: ChangeID, _ place: Place, in governance: Governance)
        throws
    {
        switch place {
        case .sameCommit: try governance.rewrite(id, adding: files) { $0 }
        case .nextCommit: try governance.addToBranch(id.branch, as: "agent", files)
        }
    }

    @Test("the gate names the file that a proposal may not touch", arguments: Smuggled.power + Smuggled.free)
    func gateRefuses(_ smuggled: Smuggled) throws {
        let governance = try Governance()
        let id = try governance.propose()
        try smuggle([smuggled.path: smuggled.text], into: id, .sameCommit, in: governance)
        let gate = try governance.gate(id)
        #expect(gate.status == 30)
        #expect(gate.errors.contains("`\(smuggled.path)`"), "\(gate)")
    }

    @Test(
        "nor does an approver get past it, whichever commit brings it",
        arguments: [Smuggled.power[2], Smuggled.free[0]], Place.allCases)
    func approvalRefused(_ smuggled: Smuggled, place: Place) throws {
        let governance = try Governance()
        let id = try governance.propose()
        #expect(try governance.gate(id).status == 0)
        try smuggle([smuggled.path: smuggled.text], into: id, place, in: governance)
        #expect(try governance.gate(id).status == 30)
        let approval = try governance.expect(30, "bob", ["approve", id.text, "--yes"])
        #expect(approval.errors.contains("`\(smuggled.path)`"), "\(approval)")
        #expect(try governance.voteBranches(id).isEmpty)
    }

    @Test("landed all the same, it makes main foreign and stops every run", arguments: Smuggled.power + Smuggled.free)
    func landed(_ smuggled: Smuggled) throws {
        let governance = try Governance()
        let waiting = try governance.propose("agent", ["replicas=7"])
        try governance.land(waiting)
        let id = try governance.propose()
        try smuggle([smuggled.path: smuggled.text], into: id, .sameCommit, in: governance)
        try governance.mergeUnsigned(id)
        let commit = try governance.tip("main")
        for told in [try governance.runRefused(30, waiting), try governance.verifyEverywhere(30)] {
            #expect(
                told.errors.contains("main commit \(commit.prefix(12)), `\(smuggled.path)`: a foreign commit"),
                "\(told)")
        }
    }

    /// Files in the folders of changes.
    enum ForeignFolder: String, CaseIterable {
        case landedChange, landedSignature, strayFileInOwnFolder, partOfAnotherChange, noChangeAtAll
    }

    private func path(_ folder: ForeignFolder, own: ChangeID, landed: ChangeID) -> String {
        switch folder {
        case .landedChange: "\(landed.folder)/change.yaml"
        case .landedSignature: "\(landed.folder)/change.yaml.sig"
        case .strayFileInOwnFolder: "\(own.folder)/notes.txt"
        case .partOfAnotherChange: "changes/2026/11/23/zz/chg-20261123-zzzzzzzzzz/change.yaml.sig"
        case .noChangeAtAll: "changes/2026/11/23/notes.txt"
        }
    }

    @Test("another change's folder is another's, and a change's own holds two files", arguments: ForeignFolder.allCases)
    func foreignFolder(_ folder: ForeignFolder) throws {
        let governance = try Governance()
        let landed = try governance.propose("agent", ["replicas=7"])
        try governance.land(landed)
        let id = try governance.propose()
        let path = path(folder, own: id, landed: landed)
        try smuggle([path: "x\n"], into: id, .sameCommit, in: governance)
        let gate = try governance.gate(id)
        #expect(gate.status == 30)
        let named = folder == .partOfAnotherChange ? "chg-20261123-zzzzzzzzzz" : path
        #expect(gate.errors.contains(named), "\(gate)")

        try governance.mergeUnsigned(id)
        let commit = try governance.tip("main")
        for told in [try governance.runRefused(30), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("main commit \(commit.prefix(12))"), "\(told)")
            #expect(told.errors.contains(named), "\(told)")
        }
    }

    @Test("a proposal that carries a landed change once more is refused")
    func sameIDAgain() throws {
        let governance = try Governance()
        let landed = try governance.propose("agent", ["replicas=7"])
        try governance.land(landed)
        try governance.rewrite(landed) { $0.replacing("  replicas: 7\n", with: "  replicas: 70\n") }
        let gate = try governance.gate(landed)
        #expect(gate.status == 30)
        #expect(gate.errors.contains("\(landed.folder)"), "\(gate)")
    }
}
