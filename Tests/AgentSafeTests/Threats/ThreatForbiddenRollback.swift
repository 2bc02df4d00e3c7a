import ChangeModel
import Testing

@Suite("Threat 23: rolling back restores a state that today's policy forbids")
struct ThreatForbiddenRollback {
    /// What policy says by the time of the rollback.
    enum Today: String, CaseIterable {
        case deniedByRule, valueForbidden, actionGone, targetGone, needsApproval

        func edits() -> [String: (String) -> String] {
            switch self {
            case .deniedByRule: ["policies/zz-today.yaml": { _ in Self.rule("deny") }]
            case .needsApproval: ["policies/zz-today.yaml": { _ in Self.rule("require_approval") }]
            // Fewer replicas than now were the state before, and they are forbidden by today.
            case .valueForbidden:
                ["actions/scale-deployment.yaml": { $0.replacing("min_value: 0", with: "min_value: 5") }]
            case .actionGone:
                ["actions/scale-deployment.yaml": { $0.replacing("- k8s-deployment", with: "- k8s-hpa") }]
            case .targetGone: ["inventory.yaml": { $0.replacing("id: prod/api-server", with: "id: prod/api") }]
            }
        }

        private static func rule(_ decision: String) -> String {
            """
            rules:
              - name: not-today
                priority: 9000
                match:
                  actions: [scale-deployment]
                  targets:
                    environments: [prod]
                decision: \(decision)
                reason: Not any more.

            """
        }

        var code: Int32 { self == .needsApproval ? 10 : 20 }
    }

    /// A rule that opens the way back, which is the loosest that a policy can be about rollbacks.
    private static let open = """
        rules:
          - name: the-way-back-is-open
            priority: 8000
            match:
              rollback: true
              targets:
                environments: [prod]
            decision: allow
            reason: Undoing the latest execution needs nobody.

        """

    /// An execution in production whose recorded pair leads back to fewer replicas, and that pair, proposed and landed.
    private func undone() throws -> (Governance, back: ChangeID) {
        let governance = try Governance()
        try governance.trustCommit(["policies/zz-open.yaml": { _ in Self.open }])
        let id = try governance.approvedInProduction(replicas: 5)
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        let result = try governance.expect(0, "agent", ["rollback", id.text, "--push", "--output", "json"])
        let back = try #require(try result.json["id"]?.stringValue.flatMap { ChangeID($0) })
        #expect(try governance.gate(back).status == 0, "while policy allows it, nobody need approve")
        return (governance, back)
    }

    @Test("the pair that was recorded is judged by today's policy, like any other change", arguments: Today.allCases)
    func judgedToday(_ today: Today) throws {
        let (governance, back) = try undone()
        try governance.trustCommit(today.edits())
        let gate = try governance.gate(back)
        #expect(gate.status == today.code, "\(gate)")
        try governance.land(back)
        try governance.runRefused(today.code, back)
        try governance.verifyEverywhere(0)
    }

    @Test(
        "what becomes forbidden between the claim and the preparation is not done",
        arguments: [Today.deniedByRule, .valueForbidden])
    func inBetween(_ today: Today) throws {
        let (governance, back) = try undone()
        try governance.land(back)
        let before = try governance.replicas(in: "prod")
        let result = try governance.agentsafe(
            "runner", ["run", back.text] + governance.cluster(), sleepingAt: "claimed until"
        ) { try governance.trustCommit(today.edits()) }
        #expect(result.status == 1, "\(result)")
        #expect(try governance.recorded(back).suffix(2) == ["claim", "aborted"])
        #expect(try governance.replicas(in: "prod") == before)
        try governance.verifyEverywhere(0)
    }

    @Test("a claim that brings it back all the same is refused by every reader, though the pair is the recorded one")
    func forged() throws {
        let (governance, back) = try undone()
        try governance.land(back)
        try governance.trustCommit(Today.deniedByRule.edits())
        let desk = try LedgerDesk(governance)
        let error = #expect(throws: (any Error).self) {
            try desk.append(try desk.claim(back) { body in body["decision"]?["result"] = "allow" })
        }
        #expect("\(String(describing: error))".contains("allow it"), "\(String(describing: error))")
    }
}
