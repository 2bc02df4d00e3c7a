import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

@testable import NaiveEngine

@Suite("A naive second engine")
struct NaiveAgreementTests {
    /// 50,000 cases, or `AGENTSAFE_CASES`; a million in an optimised build.
    private static let cases: Int = {
        #if DEBUG
            let usual = 50_000
        #else
            let usual = 1_000_000
        #endif
        return TestEnvironment.number("AGENTSAFE_CASES") ?? usual
    }()
    private static let casesPerCatalogue = 100

    @Test("the engine and the naive engine decide alike on random catalogues and requests")
    func enginesAgree() async {
        let catalogues = max(1, Self.cases / Self.casesPerCatalogue)
        let chunks = 8
        var coverage = Coverage()
        var disagreements: [String] = []
        await withTaskGroup(of: (Coverage, [String]).self) { group in
            for chunk in 0..<chunks {
                group.addTask { Self.compare(catalogues: stride(from: chunk, to: catalogues, by: chunks)) }
            }
            for await (part, different) in group {
                coverage.add(part)
                disagreements += different
            }
        }
        #expect(disagreements.isEmpty, "\(disagreements.count) disagree, the first: \(disagreements.first ?? "")")
        #expect(coverage.cases == catalogues * Self.casesPerCatalogue)
        checkReach(of: coverage)
    }

    private static func compare(catalogues: some Sequence<Int>) -> (Coverage, [String]) {
        var coverage = Coverage()
        var disagreements: [String] = []
        for number in catalogues {
            var random = SeededGenerator(stream: UInt64(number))
            // More rules than one word has bits, now and then.
            let made = RandomCatalogue(using: &random, rules: number % 25 == 0 ? 200 : 14)
            let engine = PolicyEngine(catalogue: made.catalogue)
            let naive = NaiveEngine(catalogue: made.catalogue, patterns: RandomCatalogue.patterns)
            for index in 0..<casesPerCatalogue {
                let request = made.request(using: &random)
                let now = made.instant(using: &random)
                let isRollback = random.chance(50)
                let past = RandomPast.history(before: now, using: &random)
                let expected = naive.decide(
                    request, isRollback: isRollback, history: past, now: now, coverage: &coverage)
                let history = VerifiedHistory(
                    votes: [], excludedVoters: [], isRollback: isRollback, caller: past)
                let decision = engine.decide(request, history: history, now: now)
                let answer = NaiveAnswer(
                    result: decision.result, code: decision.code, rule: decision.rule,
                    effectiveRisk: decision.effectiveRisk, wrongParameters: Set(decision.errors.map(\.parameter)),
                    approvals: Dictionary(decision.approvals.map { ($0.role, $0.count) }, uniquingKeysWith: +),
                    advisory: Set(decision.advisoryPrechecks), retryAfter: decision.limits?.retryAfter,
                    score: decision.limits?.cumulative?.score)
                coverage.note(expected)
                if answer != expected {
                    disagreements.append(
                        "catalogue \(number), request \(index): \(request) at \(now): the engine says \(decision), "
                            + "the naive one \(expected)")
                }
            }
        }
        return (coverage, disagreements)
    }

    /// Agreement means nothing where nothing was asked.
    private func checkReach(of coverage: Coverage) {
        let codes: [DecisionCode] = [
            .rule, .noRule, .unknownAction, .unknownTarget, .parameterInvalid, .targetType, .targetBinding,
            .delegationScope, .frozen, .ticketInvalid,
            .rateLimited, .circuitOpen, .cumulativeRisk,
        ]
        for code in codes {
            #expect(coverage.codes[code, default: 0] * 200 > coverage.cases, "\(code) is rarer than 0.5 %")
        }
        for verdict in [Verdict.deny, .requireApproval] {
            #expect(coverage.raised[verdict, default: 0] * 200 > coverage.cases, "seldom raised to \(verdict)")
        }
        for verdict in Verdict.allCases {
            #expect(coverage.verdicts[verdict, default: 0] * 20 > coverage.cases, "\(verdict) is rarer than 5 %")
        }
        for condition in Coverage.Condition.allCases {
            #expect(coverage.held[condition.rawValue] * 50 > coverage.cases, "\(condition) seldom holds")
            #expect(coverage.missed[condition.rawValue] * 50 > coverage.cases, "\(condition) is seldom missed")
        }
    }
}
