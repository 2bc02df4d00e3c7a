import ChangeModel
import Testing

@Suite("Threat 5: a branch carries its own looser policy")
struct ThreatBranchPolicy {
    static let loose = """
        rules:
          - name: anything-goes
            priority: 100000
            match:
              actions: ["*"]
            decision: allow
            reason: Because I say so.

        """

    /// A proposal that needs approval, checked out in CI's clone.
    private func checkedOut(_ governance: Governance, withPolicy: Bool) throws -> ChangeID {
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        if withPolicy { try governance.addToBranch(id.branch, as: "agent", ["policies/zz-mine.yaml": Self.loose]) }
        try governance.git("sam", "fetch", "-q")
        try governance.git("sam", "checkout", "-q", "-B", "ci", "origin/\(id.branch)")
        return id
    }

    @Test("a policy that the branch carries is refused, and decides nothing")
    func committedPolicy() throws {
        let governance = try Governance()
        let id = try checkedOut(governance, withPolicy: true)
        #expect(try governance.read("sam", "policies/zz-mine.yaml") == Self.loose)
        for arguments in [
            ["gate"], ["gate", "--head", "HEAD"], ["gate", "--base", "origin/main", "--head", id.branch],
        ] {
            let gate = try governance.expect(30, "sam", arguments)
            #expect(gate.errors.contains("`policies/zz-mine.yaml`"), "\(gate)")
        }
    }

    @Test("files of the work tree decide nothing: the verdict is main's")
    func policyInWorkTree() throws {
        let governance = try Governance()
        let id = try checkedOut(governance, withPolicy: false)
        try governance.write("sam", "policies/zz-mine.yaml", Self.loose)
        try governance.write("sam", "policies/default.yaml", Self.loose)
        let gate = try governance.expect(10, "sam", ["gate", "--output", "json"])
        #expect(gate.judged?.at("decision", "rule")?.stringValue == "prod-needs-approval")
        let inside = try governance.expect(
            10, "sam", ["gate", "--output", "json"], in: governance.clone("sam") + "/policies")
        #expect(inside.missing == 1)
        #expect(inside.judged?["id"]?.stringValue == id.text)
    }

    @Test("the branch cannot be its own base, by whatever name it is given")
    func branchAsBase() throws {
        let governance = try Governance()
        let id = try checkedOut(governance, withPolicy: true)
        try governance.git("sam", "branch", "-f", "main", "HEAD~1")
        try governance.git("sam", "branch", "-f", "policy", "HEAD")
        for base in ["HEAD", "HEAD~1", "main", "policy", "origin/\(id.branch)"] {
            let gate = try governance.expect(30, "sam", ["gate", "--base", base, "--head", "HEAD"])
            #expect(gate.errors.contains("not on main's verified first-parent chain"), "\(gate)")
        }
        let gate = try governance.expect(30, "sam", ["gate"])
        #expect(gate.errors.contains("`policies/zz-mine.yaml`"), "\(gate)")
    }

    @Test("a runner that has the branch checked out judges by main")
    func runnerOnTheBranch() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.land(id)
        try governance.git("runner", "fetch", "-q")
        try governance.git("runner", "checkout", "-q", "-B", "main", "origin/\(id.branch)")
        try governance.write("runner", "policies/zz-mine.yaml", Self.loose)
        try governance.runRefused(10, id)
    }

    @Test("a looser policy that was really merged stops everything")
    func mergedPolicy() throws {
        let governance = try Governance()
        let id = try checkedOut(governance, withPolicy: true)
        try governance.mergeUnsigned(id)
        for told in [try governance.runRefused(30, id), try governance.verifyEverywhere(30)] {
            #expect(told.errors.contains("`policies/zz-mine.yaml`: a foreign commit"), "\(told)")
        }
    }
}
