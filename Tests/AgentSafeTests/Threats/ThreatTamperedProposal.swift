import ChangeModel
import Testing

@Suite("Threat 1: a change is edited after it was approved")
struct ThreatTamperedProposal {
    enum Push: String, CaseIterable {
        case oneMoreCommit, forcePush
    }

    /// The agent's edit: five replicas were approved, fifty are wanted.
    private func enlarge(_ text: String) -> String {
        text.replacing("  replicas: 5\n", with: "  replicas: 50\n")
    }

    @Test("an edit under the old signature is not authentic", arguments: Push.allCases)
    func editedUnderOldSignature(push: Push) throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        try governance.rewrite(id, signedBy: nil, onTop: push == .oneMoreCommit, edit: enlarge)
        let gate = try governance.gate(id)
        #expect(gate.status == 30)
        switch push {
        case .oneMoreCommit: #expect(gate.errors.contains("a proposal is never edited"), "\(gate)")
        case .forcePush:
            #expect(gate.errors.contains("\(id.folder)/change.yaml.sig`: the signature does not hold"), "\(gate)")
        }
        try governance.verifyEverywhere(0)
    }

    @Test("a signed edit in one more commit is refused, for a proposal is never edited")
    func signedEditOnTop() throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        try governance.rewrite(id, onTop: true, edit: enlarge)
        let gate = try governance.gate(id)
        #expect(gate.status == 30)
        #expect(gate.errors.contains("a proposal is never edited"), "\(gate)")
    }

    @Test("a signed edit that replaces the branch loses the approval of what it was")
    func signedEdit() throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        try governance.rewrite(id, onTop: false, edit: enlarge)
        let gate = try governance.gate(id)
        #expect(gate.status == 10)
        #expect(gate.missing == 1)
        #expect(
            gate.errors.contains("counts for nothing: the vote is for another change, or for an edited one"), "\(gate)")
        try governance.expectUnapproved(id)
        // The edit itself is no fault: approved in its turn, it runs.
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
    }

    @Test("an edit that is landed under the old signature stops everything")
    func landedEdit() throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        try governance.git("sam", "fetch", "-q")
        let file = "\(id.folder)/change.yaml"
        let text = try governance.text(file, at: "origin/\(id.branch)", seenBy: "sam")
        let signature = try governance.text(file + ".sig", at: "origin/\(id.branch)", seenBy: "sam")
        let commit = try governance.pushToMain("sam", [file: enlarge(text), file + ".sig": signature])
        for told in [try governance.runRefused(30, id), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("main commit \(commit.prefix(12))"), "\(told)")
            #expect(told.errors.contains("\(file).sig`: a foreign commit: the signature does not hold"), "\(told)")
        }
    }

    @Test("a landed change that is edited in place makes main foreign, whoever signed the edit")
    func editedOnMain() throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        try governance.land(id)
        try governance.git("agent", "fetch", "-q")
        let file = "\(id.folder)/change.yaml"
        let text = enlarge(try governance.text(file, at: "origin/main", seenBy: "agent"))
        let signature = try governance.sign(text, namespace: "change@agentsafe", as: "agent")
        let commit = try governance.pushToMain("agent", [file: text, file + ".sig": signature])
        for told in [try governance.runRefused(30, id), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("main commit \(commit.prefix(12)), `\(file)`: a foreign commit"), "\(told)")
        }
    }

    @Test("a landed change that is removed makes main foreign")
    func removedFromMain() throws {
        let governance = try Governance()
        let id = try governance.approvedInProduction()
        try governance.land(id)
        let file = "\(id.folder)/change.yaml"
        let commit = try governance.pushToMain("agent", [file: nil, file + ".sig": nil])
        for told in [try governance.runRefused(30, nil), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("main commit \(commit.prefix(12)), `\(file)`: a foreign commit"), "\(told)")
        }
    }
}
