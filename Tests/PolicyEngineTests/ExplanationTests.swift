import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

@Suite("An explanation")
struct ExplanationTests {
    @Test("says what the decision says, and of every rule what that rule alone would do")
    func agreesWithDecisions() {
        var (asked, decided, overruled, missed, freezes) = (0, 0, 0, 0, 0)
        for number in 0..<150 {
            var random = SeededGenerator(stream: 40_000 + UInt64(number))
            let made = RandomCatalogue(using: &random)
            let engine = PolicyEngine(catalogue: made.catalogue)
            for _ in 0..<20 {
                let request = made.request(using: &random)
                let now = made.instant(using: &random)
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
                let frozen = explanation.freezes.filter { $0.standing == .holds }
                if decision.code == .frozen {
                    #expect(deciding.count == 1 && deciding.first?.decision != .deny)
                    #expect(frozen.contains { $0.name == decision.rule })
                } else {
                    #expect(deciding.map(\.name) == (decision.rule.map { [$0] } ?? []))
                    #expect(frozen.isEmpty || decision.result == .deny)
                }
                freezes += explanation.freezes.count
                for rule in explanation.rules {
                    #expect((rule.standing == .missed) == !rule.missed.isEmpty, "\(rule)")
                    var alone = made.catalogue
                    alone.freezes = []
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
        #expect(
            asked > 100 && freezes > 100 && decided > 50 && overruled > 20 && missed > 1000,
            "the cases reach every standing")
    }
}
