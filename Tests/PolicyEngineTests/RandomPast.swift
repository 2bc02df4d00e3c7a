import ChangeModel
import PolicyEngine
import TestSupport

/// Makes settings of limits, and pasts that come near them.
enum RandomPast {
    static func limit(_ configuration: inout Configuration, using random: inout SeededGenerator) {
        if random.chance(50) {
            configuration.rateLimit = RateLimit(
                maximumRequests: 1 + random.below(8), window: random.pick([10, 60, 3600]),
                breakerThreshold: random.below(4), breakerWindow: random.pick([10, 60, 3600]),
                breakerCooldown: random.pick([5, 300, 7200]), maximumRecordedDenials: 2 + random.below(6))
        }
        if random.chance(50) {
            let escalation = random.pick([0, 1, 5, 30, 60])
            configuration.cumulativeRisk = CumulativeRisk(
                window: random.pick([10, 60, 3600, 86_400]),
                scores: random.chance(70)
                    ? RiskScores() : RiskScores(low: 0, medium: random.below(9), high: 7, critical: 3),
                escalationThreshold: escalation, denyThreshold: escalation + random.pick([0, 1, 45, 100]))
        }
    }

    /// nil: no ledger.
    static func history(before now: Timestamp, using random: inout SeededGenerator) -> CallerHistory? {
        if random.chance(20) { return nil }
        let reach = random.pick([12, 70, 400, 4000, 90_000])
        var ages = (0..<random.below(9)).map { _ in random.below(reach) - (random.chance(3) ? 30 : 0) }
        ages.sort(by: >)
        let outcomes: [RecentDecision.Outcome] = [.refused, .denied, .denied, .passed, .passed, .passed, .passedLater]
        return CallerHistory(
            recent: ages.map {
                RecentDecision(
                    at: now - .seconds(Int64($0)), outcome: random.pick(outcomes),
                    risks: (0...(random.chance(10) ? 2 : 0)).map { _ in random.pick(RiskLevel.allCases) })
            },
            standing: random.pick([
                .unrecorded, .unrecorded, .refused, .denied, .passed(before: random.below(80)),
            ]))
    }
}
