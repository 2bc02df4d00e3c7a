import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

@Suite("A rehearsal")
struct RehearsalTests {
    @Test("decides what the engine decides, and misses only conditions that the rule names and that have a key")
    func agreesWithDecisions() {
        var seen: Conditions = []
        for number in 0..<300 {
            var random = SeededGenerator(stream: 50_000 + UInt64(number))
            let made = RandomCatalogue(using: &random)
            let engine = PolicyEngine(catalogue: made.catalogue)
            let named = engine.rehearsedRules.map(\.named)
            for _ in 0..<20 {
                let request = made.request(using: &random)
                let now = Timestamp(seconds: Int64(random.below(4_000_000_000)))
                let isRollback = random.chance(50)
                let rehearsal = engine.rehearse(request, supposing: SupposedPast(isRollback: isRollback), now: now)
                let history = VerifiedHistory(votes: [], excludedVoters: [], isRollback: isRollback)
                #expect(rehearsal.decision == engine.decide(request, history: history, now: now))
                if rehearsal.asksRules {
                    #expect(
                        rehearsal.rules.filter { $0.standing == .decides }.map(\.name)
                            == (rehearsal.decision.rule.map { [$0] } ?? []))
                }
                for (rule, named) in zip(rehearsal.rules, named) {
                    #expect(rule.named == named && rule.missed.isSubset(of: named), "\(rule)")
                    #expect(rule.missed.isSubset(of: rule.evaluated) && rule.evaluated.isSubset(of: named), "\(rule)")
                    #expect(rule.missed.isEmpty == (rule.standing != .missed))
                    seen.formUnion(named)
                }
            }
        }
        #expect(seen.count >= 18, "the cases name every condition")
        #expect(seen.members.allSatisfy { !$0.key.hasPrefix("condition ") }, "\(seen.members.map(\.key))")
        #expect(Set(seen.members.map(\.key)).count == seen.count)
    }

    @Test("a condition on what is not there is not asked, and so neither holds nor is missed")
    func unevaluated() {
        var fixture = Fixture()
        fixture.rules = [
            Fixture.rule(
                "only", .allow,
                RuleMatch(
                    targets: TargetSelector(environments: [.staging]), callers: CallerSelector(roles: ["deployer"])))
        ]
        fixture.targetName = "nowhere"
        fixture.caller = .anonymous
        fixture.parameters = ["namespace": "a", "deployment": "b", "replicas": 1]
        let rule = fixture.engine.rehearse(fixture.request, now: Fixture.now).rules[0]
        #expect(rule.named.members.map(\.key) == ["targets", "targets.environments", "callers", "callers.roles"])
        #expect(rule.evaluated.members.map(\.key) == ["targets", "callers"])
        #expect(rule.missed == rule.evaluated)
    }

    @Test("under `advisory`, missing params are a warning where none are given, and an error where some are")
    func sketches() {
        var fixture = Fixture()
        fixture.parameters = [:]
        fixture.target.locator = [:]
        func decide(_ binding: TargetBinding) -> Decision {
            fixture.engine.decide(fixture.request, now: Fixture.now, binding: binding)
        }
        #expect(decide(.enforce).code == .parameterInvalid)
        #expect(decide(.advisory).result == .allow)
        #expect(decide(.advisory).warnings.contains("param `replicas` is required and missing"))
        fixture.parameters = ["namespace": "staging"]
        #expect(decide(.advisory).code == .parameterInvalid)
    }
}
