import ChangeModel
import PolicyEngine
import Testing

@Suite("A decision")
struct DecisionTests {
    @Test("the rule that matches decides, with its name, place and reason")
    func ruleDecides() {
        let decision = Fixture().decision
        #expect(decision.result == .allow)
        #expect(decision.code == .rule)
        #expect(decision.rule == "allow-all")
        #expect(decision.location?.description == "policies/default.yaml:1")
        #expect(decision.reason == "reason of allow-all")
        #expect(decision.riskClass == .medium)
        #expect(decision.effectiveRisk == .medium)
        #expect(decision.warnings.isEmpty)
    }

    @Test("the highest priority wins, whatever the order of the files")
    func priorityWins() {
        var fixture = Fixture()
        fixture.rules = [
            Fixture.rule("low", .allow, priority: -5), Fixture.rule("high", .deny, priority: 10),
            Fixture.rule("middle", .allow),
        ]
        #expect(fixture.decision.rule == "high")
        #expect(fixture.decision.result == .deny)
        #expect(fixture.decision.code == .rule)
    }

    @Test("within a priority the first rule wins")
    func firstRuleWins() {
        var fixture = Fixture()
        fixture.rules = (0..<50).map { Fixture.rule("r\($0)", $0 == 0 ? .deny : .allow, priority: 7) }
        #expect(fixture.decision.rule == "r0")
    }

    @Test("a rule that does not match is passed over")
    func otherRulesArePassedOver() {
        var fixture = Fixture()
        fixture.rules.insert(Fixture.rule("other", .deny, priority: 5, RuleMatch(actions: ["drain-node"])), at: 0)
        #expect(fixture.decision.rule == "allow-all")
    }

    @Test("what no rule matches is denied")
    func defaultIsDeny() {
        var fixture = Fixture()
        fixture.rules = []
        #expect(fixture.decision.result == .deny)
        #expect(fixture.decision.code == .noRule)
        #expect(fixture.decision.rule == nil)
        #expect(fixture.decision.reason.contains("denied by default"))
    }

    @Test("a default deny names at most three rules that came nearest, and what they missed")
    func nearestRules() {
        var fixture = Fixture()
        fixture.rules = [
            Fixture.rule("other-action", .allow, RuleMatch(actions: ["drain-*"]), line: 10),
            Fixture.rule(
                "two-misses", .requireApproval,
                RuleMatch(
                    targets: TargetSelector(environments: [.prod]), callers: CallerSelector(roles: ["admin"])), line: 20
            ),
            Fixture.rule("one-miss", .allow, RuleMatch(callers: CallerSelector(roles: ["admin", "sre"])), line: 30),
            Fixture.rule("denies", .deny, RuleMatch(requireTicket: true), line: 40),
            Fixture.rule("late", .allow, RuleMatch(timeWindows: [TimeWindow(days: [0], startHour: 20)]), line: 50),
        ]
        let nearest = fixture.decision.nearest
        #expect(nearest.map(\.rule) == ["one-miss", "late", "two-misses"])
        #expect(nearest.map(\.location.line) == [30, 50, 20])
        #expect(nearest.first?.missed == ["caller roles [deployer] not in [admin, sre]"])
        #expect(nearest.dropFirst().first?.missed == ["Monday 14:00 UTC not in [Mon 20-23]"])
        #expect(
            nearest.last?.missed == [
                "target environment staging not in [prod]", "caller roles [deployer] not in [admin]",
            ])
    }

    @Test("a rule for the action is nearer than a rule for another one")
    func actionCountsFirst() {
        var fixture = Fixture()
        fixture.rules = [
            Fixture.rule("other-action", .allow, RuleMatch(actions: ["drain-*"])),
            Fixture.rule(
                "far", .allow,
                RuleMatch(
                    targets: TargetSelector(environments: [.prod], types: ["x"]), riskClasses: [.low],
                    requireTicket: true)),
        ]
        let nearest = fixture.decision.nearest
        #expect(nearest.map(\.rule) == ["far", "other-action"])
        #expect(
            nearest.first?.missed == [
                "target environment staging not in [prod]", "target type k8s-deployment not in [x]",
                "effective risk medium not in [low]", "a ticket is required",
            ])
        #expect(nearest.last?.missed == ["action `scale-deployment` not in [drain-*]"])
    }

    @Test("nothing is near when a rule decided")
    func noNearMissWhenDecided() {
        #expect(Fixture().decision.nearest.isEmpty)
    }

    @Test("an unknown action is denied, counts as critical, and may get a suggestion")
    func unknownAction() {
        var fixture = Fixture()
        fixture.actionName = "scale-deploymnet"
        let decision = fixture.decision
        #expect(decision.code == .unknownAction)
        #expect(decision.result == .deny)
        #expect(decision.riskClass == .critical)
        #expect(decision.effectiveRisk == .critical)
        #expect(decision.reason.contains("did you mean `scale-deployment`?"))
    }

    @Test("an unknown target is no deny by itself, but critical, and said aloud")
    func unknownTarget() {
        var fixture = Fixture()
        fixture.targetName = "staging/nowhere"
        let decision = fixture.decision
        #expect(decision.result == .allow)
        #expect(decision.effectiveRisk == .critical)
        #expect(decision.warnings == ["target `staging/nowhere` is not in the inventory: it counts as critical"])
        fixture.targetName = nil
        #expect(fixture.decision.warnings == ["no target was named: it counts as critical"])
    }

    @Test("a default deny of an unknown target says that the target is unknown")
    func unknownTargetDeny() {
        var fixture = Fixture()
        fixture.targetName = "staging/nowhere"
        fixture.rules = [Fixture.rule("r", .allow, RuleMatch(targets: TargetSelector()))]
        let decision = fixture.decision
        #expect(decision.result == .deny)
        #expect(decision.code == .unknownTarget)
        #expect(decision.nearest.first?.missed == ["target `staging/nowhere` is not in the inventory"])
    }

    @Test("settings that this version does not enforce are warned of, once each, before other warnings")
    func unenforcedSettings() {
        var fixture = Fixture()
        fixture.configuration.unenforced = ["tickets", "issuer"]
        fixture.targetName = nil
        #expect(
            fixture.decision.warnings == [
                "`tickets` is configured but this version does not enforce it",
                "`issuer` is configured but this version does not enforce it",
                "no target was named: it counts as critical",
            ])
    }

    @Test("approvals are the rule's, else the repository's, and never none")
    func approvals() {
        var fixture = Fixture()
        let two = ApprovalRequirement(role: "sre", count: 2)
        fixture.rules = [Fixture.rule("r", .requireApproval, approvals: [two])]
        #expect(fixture.decision.approvals == [two])
        fixture.rules = [Fixture.rule("r", .requireApproval)]
        #expect(fixture.decision.approvals == [ApprovalRequirement(role: "approver", count: 1)])
        fixture.configuration.approvals = [ApprovalRequirement(role: "boss", count: 1)]
        #expect(fixture.decision.approvals == [ApprovalRequirement(role: "boss", count: 1)])
        fixture.configuration.approvals = []
        fixture.rules = [
            Fixture.rule("r", .requireApproval, approvals: [ApprovalRequirement(role: "sre", count: 0)])
        ]
        #expect(fixture.decision.approvals == [ApprovalRequirement(role: "approver", count: 1)])
        fixture.rules = [Fixture.rule("r", .allow, approvals: [two])]
        #expect(fixture.decision.approvals.isEmpty)
    }

    @Test(
        "effective risk is the table's",
        arguments: [
            (RiskLevel.low, [RiskLevel.low, .low, .medium, .high]), (.medium, [.low, .medium, .high, .critical]),
            (.high, [.medium, .high, .critical, .critical]), (.critical, [.high, .critical, .critical, .critical]),
        ])
    func effectiveRisk(risk: RiskLevel, row: [RiskLevel]) {
        var fixture = Fixture()
        fixture.action.riskClass = risk
        let sensitivities: [Sensitivity] = [.public, .internal, .restricted, .critical]
        for (sensitivity, expected) in zip(sensitivities, row) {
            fixture.target.sensitivity = sensitivity
            #expect(fixture.decision.effectiveRisk == expected)
            #expect(fixture.decision.riskClass == risk)
        }
    }

    @Test("the order of refusals: action, params, type, binding, rules")
    func orderOfRefusals() {
        var fixture = Fixture()
        fixture.rules = []
        fixture.parameters["namespace"] = "prod"
        fixture.parameters["replicas"] = 101
        fixture.target.type = "k8s-node"
        fixture.actionName = "x"
        #expect(fixture.decision.code == .unknownAction)
        fixture.actionName = nil
        #expect(fixture.decision.code == .parameterInvalid)
        fixture.parameters["replicas"] = 100
        #expect(fixture.decision.code == .targetType)
        fixture.target.type = "k8s-deployment"
        #expect(fixture.decision.code == .targetBinding)
        fixture.parameters["namespace"] = "staging"
        #expect(fixture.decision.code == .noRule)
    }

    @Test("a decision does not depend on when it is asked again, nor on a copy of the engine")
    func isPure() {
        let fixture = Fixture()
        let engine = fixture.engine
        let copy = engine
        #expect(engine.decide(fixture.request, now: fixture.now) == copy.decide(fixture.request, now: fixture.now))
    }

    @Test("foreign text stays short, printable and on one line")
    func foreignText() {
        var fixture = Fixture()
        fixture.actionName = String(repeating: "x\n\u{202E}`", count: 100)
        let reason = fixture.decision.reason
        #expect(reason.utf8.count < 500)
        #expect(reason.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) || $0 == "…" })
    }
}
