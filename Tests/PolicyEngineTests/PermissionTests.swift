import ChangeModel
import PolicyEngine
import Testing

@Suite("Permissions")
struct PermissionTests {
    private var engine: PolicyEngine {
        let fixture = Fixture()
        func action(_ name: String, _ risk: RiskLevel, _ type: String) -> ActionDefinition {
            ActionDefinition(
                name: name, parameters: [ParameterDefinition(name: "needed", type: .string)], riskClass: risk,
                targetTypes: [type], digest: Digest(of: []), location: SourceLocation(file: name, line: 1))
        }
        return PolicyEngine(
            catalogue: Catalogue(
                configuration: fixture.configuration,
                actions: [
                    action("restart", .medium, "k8s-deployment"), action("cordon-node", .high, "k8s-node"),
                    action("delete", .critical, "k8s-deployment"), action("ask", .low, "k8s-deployment"),
                ],
                targets: [fixture.target],
                rules: [
                    Fixture.rule("go", .allow, RuleMatch(actions: ["restart"])),
                    Fixture.rule("ask-first", .requireApproval, RuleMatch(actions: ["ask"])),
                ], identities: nil))
    }

    @Test("every action that works on the target's type is listed by name, with what the policy says before any params")
    func entries() {
        let entries = engine.permissions(for: Fixture().caller, target: "staging/api-server", now: Fixture.now)
        #expect(entries.map(\.action) == ["ask", "delete", "restart"])
        #expect(entries.map(\.decision.result) == [.requireApproval, .deny, .allow])
        #expect(entries.map(\.decision.code) == [.rule, .noRule, .rule])
    }

    @Test("each entry has its stable JSON form")
    func json() {
        let entries = engine.permissions(for: Fixture().caller, target: "staging/api-server", now: Fixture.now)
        #expect(
            entries.first?.json == [
                "action": "ask", "result": "require_approval", "rule": "ask-first", "code": "rule",
                "reason": "reason of ask-first", "risk_class": "low", "effective_risk": "low",
                "approvals": [["role": "approver", "count": 1]],
            ])
        #expect(entries.dropFirst().first?.json["rule"] == .null)
    }

    @Test("an unknown target permits nothing")
    func unknownTarget() {
        #expect(engine.permissions(for: .anonymous, target: "nowhere", now: Fixture.now).isEmpty)
    }
}
