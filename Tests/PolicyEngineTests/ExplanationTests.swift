import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

@Suite("An explanation")
struct ExplanationTests {
    @Test("says what the decision says, and of every rule what that rule alone would do")
    func agreesWithDecisions() {
        var (asked, decided, overruled, missed) = (0, 0, 0, 0)
        for number in 0..<150 {
            var random = SeededGenerator(stream: 40_000 + UInt64(number))
            let made = RandomCatalogue(using: &random)
            let engine = PolicyEngine(catalogue: made.catalogue)
            for _ in 0..<20 {
                let request = made.request(using: &random)
                let now = Timestamp(seconds: Int64(random.below(4_000_000_000)))
                let history = VerifiedHistory(votes: [], excludedVoters: [], isRollback: random.chance(50))
                let explanation = engine.explain(request, history: history, now: now)
                let decision = engine.decide(request, history: history, now: now)
                #expect(explanation.decision == decision)
                #expect(explanation.rules.count == made.catalogue.rules.count)
                #expect(
                    zip(explanation.rules, explanation.rules.dropFirst()).allSatisfy { $0.priority >= $1.priority })
                guard explanation.asksRules else {
                    #expect(!explanation.rules.contains { $0.standing == .decides || $0.standing == .overruled })
                    continue
                }
                asked += 1
                let deciding = explanation.rules.filter { $0.standing == .decides }
                #expect(deciding.map(\.name) == (decision.rule.map { [$0] } ?? []))
                for rule in explanation.rules {
                    #expect((rule.standing == .missed) == !rule.missed.isEmpty, "\(rule)")
                    var alone = made.catalogue
                    alone.rules = made.catalogue.rules.filter { $0.location == rule.location && $0.name == rule.name }
                    let answer = PolicyEngine(catalogue: alone).decide(request, history: history, now: now)
                    #expect((answer.code == .rule) == (rule.standing != .missed), "\(rule): \(answer)")
                    switch rule.standing {
                    case .decides: decided += 1
                    case .overruled: overruled += 1
                    case .missed: missed += 1
                    case .notAsked: Issue.record("the rules were asked: \(rule)")
                    }
                }
            }
        }
        #expect(asked > 100 && decided > 50 && overruled > 20 && missed > 1000, "the cases reach every standing")
    }
}
