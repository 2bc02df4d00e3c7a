internal import ChangeModel
internal import PolicyEngine

/// The limits on callers, from the text of their rules alone.
extension NaiveEngine {
    func decide(
        _ request: DecisionRequest, isRollback: Bool, history: CallerHistory?, now: Timestamp,
        coverage: inout Coverage
    ) -> NaiveAnswer {
        let answer = decide(request, isRollback: isRollback, now: now, coverage: &coverage)
        guard let history else { return answer }
        if let refusal = refusal(history, now) {
            return NaiveAnswer(
                result: .deny, code: refusal.code, effectiveRisk: answer.effectiveRisk, retryAfter: refusal.retry)
        }
        return raised(answer, history, now)
    }

    private func age(_ entry: RecentDecision, _ now: Timestamp) -> Int64 { now.seconds - entry.at.seconds }

    /// The first of the instants at which one of the entries leaves the window, and at which `isEnough` of those left holds.
    private func first(
        _ entries: [RecentDecision], leaving window: Int64, _ isEnough: ([RecentDecision]) -> Bool
    ) -> Timestamp? {
        for instant in entries.map({ $0.at.seconds + window }).sorted() {
            let left = entries.filter { instant - $0.at.seconds < window }
            if isEnough(left) { return Timestamp(seconds: instant) }
        }
        return nil
    }

    private func refusal(_ history: CallerHistory, _ now: Timestamp) -> (code: DecisionCode, retry: Timestamp)? {
        if history.standing != .unrecorded, history.standing != .refused { return nil }
        var closes: [Timestamp] = []
        var opens: [Timestamp] = []
        if let rate = catalogue.configuration.rateLimit {
            let denied = history.recent.filter { $0.outcome == .denied }
            for (index, denial) in denied.enumerated() where rate.breakerThreshold > 0 {
                let before = denied[...index].filter { age($0, denial.at) < rate.breakerWindow }
                let end = Timestamp(seconds: denial.at.seconds + rate.breakerCooldown)
                if before.count >= rate.breakerThreshold, now < end { closes.append(end) }
            }
            let asked = history.recent.filter {
                ($0.outcome == .denied || $0.outcome == .passed) && age($0, now) < rate.window
            }
            if asked.count >= rate.maximumRequests {
                opens.append(first(asked, leaving: rate.window) { $0.count < rate.maximumRequests } ?? now)
            }
        }
        let most = catalogue.configuration.rateLimit?.maximumRecordedDenials ?? 200
        let recorded = history.recent.filter {
            ($0.outcome == .denied || $0.outcome == .refused) && age($0, now) < 24 * 3600
        }
        if history.standing == .unrecorded, recorded.count >= most {
            opens.append(first(recorded, leaving: 24 * 3600) { $0.count < most } ?? now)
        }
        guard let latest = (closes + opens).max() else { return nil }
        return (closes.isEmpty ? .rateLimited : .circuitOpen, latest)
    }

    private func raised(_ answer: NaiveAnswer, _ history: CallerHistory, _ now: Timestamp) -> NaiveAnswer {
        guard let risk = catalogue.configuration.cumulativeRisk, answer.result != .deny else { return answer }
        func points(_ level: RiskLevel) -> Int {
            let table = [
                "low": risk.scores.low, "medium": risk.scores.medium, "high": risk.scores.high,
                "critical": risk.scores.critical,
            ]
            return table[level.description] ?? 0
        }
        func sum(_ entries: [RecentDecision]) -> Int { entries.flatMap(\.risks).map(points).reduce(0, +) }
        let counted = history.recent.filter {
            ($0.outcome == .passed || $0.outcome == .passedLater) && age($0, now) < risk.window
        }
        let own = points(answer.effectiveRisk)
        var score = sum(counted) + own
        var isFixed = false
        if case .passed(let before) = history.standing {
            score = before + own
            isFixed = true
        }
        var raised = answer
        raised.score = score
        if score >= risk.denyThreshold {
            raised.result = .deny
            raised.code = .cumulativeRisk
            raised.approvals = [:]
            raised.advisory = []
            if !isFixed {
                raised.retryAfter = first(counted, leaving: risk.window) { sum($0) + own < risk.denyThreshold }
            }
        } else if score >= risk.escalationThreshold, answer.result == .allow {
            raised.result = .requireApproval
            raised.code = .cumulativeRisk
            raised.approvals = people([])
            raised.advisory = []
        }
        return raised
    }
}
