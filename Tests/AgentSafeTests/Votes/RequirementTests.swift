import ChangeModel
import Testing

@Suite("Rules that require several roles")
struct RequirementTests {
    /// Production needs an approver and a dba. carol is both, erin a dba and no approver, bob and alice are approvers.
    private static let original = Result {
        let governance = try Governance.keptForAll()
        try governance.trustCommit([
            "identities.yaml": {
                $0.replacing(
                    "- id: carol\n    kind: person\n    roles: [approver]",
                    with: "- id: carol\n    kind: person\n    roles: [approver, dba]"
                ).replacing(
                    "- id: sam\n    kind: person\n    roles: [sre]",
                    with: "- id: sam\n    kind: person\n    roles: [sre, dba]")
            },
            "policies/zz-dba.yaml": { _ in
                """
                rules:
                  - name: a-dba-looks-too
                    priority: 5000
                    match:
                      targets:
                        environments: [prod]
                      callers:
                        roles: [deployer]
                    decision: require_approval
                    approvals:
                      require:
                        - role: approver
                          count: 1
                        - role: dba
                          count: 1
                    reason: One who decides, and one who knows the data.

                """
            },
        ])
        return governance
    }

    private func proposed() throws -> (Governance, ChangeID) {
        let governance = try Governance(copying: try Self.original.get())
        return (governance, try governance.propose(target: "prod/api-server", ["replicas=5"]))
    }

    private func missing(_ id: ChangeID, in governance: Governance) throws -> [String: Int64] {
        let judged = try governance.gate(id).judged
        return Dictionary(
            (judged?["missing"]?.arrayValue ?? []).map {
                ($0["role"]?.stringValue ?? "", $0["count"]?.integerValue ?? 0)
            }, uniquingKeysWith: +)
    }

    @Test("a person with both roles fills one entry, and the other stays open")
    func oneEntryEach() throws {
        let (governance, id) = try proposed()
        #expect(try missing(id, in: governance) == ["approver": 1, "dba": 1])
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        #expect(try missing(id, in: governance).values.reduce(0, +) == 1)
        try governance.expectUnapproved(id)
    }

    @Test(
        "whoever can fill either entry is put where the others cannot help, in whatever order they come",
        arguments: [["carol", "bob"], ["bob", "carol"], ["alice", "carol"]])
    func assignment(voters: [String]) throws {
        let (governance, id) = try proposed()
        for voter in voters { try governance.expect(0, voter, ["approve", id.text, "--yes"]) }
        #expect(try governance.gate(id).status == 0)
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        let claim = try #require(try governance.record(of: id).last(.claim))
        #expect(claim.body["approved_by"] == .strings(voters.sorted()))
        try governance.verifyEverywhere(0)
    }

    @Test("two approvers are no dba, and a role alone is no right to approve")
    func wrongRoles() throws {
        let (governance, id) = try proposed()
        for voter in ["alice", "bob"] { try governance.expect(0, voter, ["approve", id.text, "--yes"]) }
        #expect(try missing(id, in: governance) == ["dba": 1])
        let refused = try governance.expect(20, "sam", ["approve", id.text, "--yes"])
        #expect(refused.errors.contains("needs a person with role `approver`"), "\(refused)")
        let vote = try governance.handVote(on: id, by: "sam")
        try governance.castByHand(
            try governance.voteTrailers(vote, signedBy: "sam"), on: id, leaf: "sam-00000000", pushedBy: "sam")
        #expect(try missing(id, in: governance) == ["dba": 1])
        try governance.expectUnapproved(id)
    }

    @Test("stock git's approving merge fills one entry beside a vote")
    func mergeAndVote() throws {
        let (governance, id) = try proposed()
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.mergeBySignature(id, as: "carol")
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        let claim = try #require(try governance.record(of: id).last(.claim))
        #expect(claim.body["approved_by"] == ["bob", "carol"])
        #expect(try governance.record(of: id).votes.count == 2)
        try governance.verifyEverywhere(0)
    }

    @Test("a vote and a merge by one person are one person")
    func mergeAndVoteByOne() throws {
        let (governance, id) = try proposed()
        try governance.expect(0, "carol", ["approve", id.text, "--yes"])
        try governance.mergeBySignature(id, as: "carol")
        let run = try governance.runRefused(10, id)
        #expect(run.output.contains("still missing: 1 ×"), "\(run)")
    }
}
