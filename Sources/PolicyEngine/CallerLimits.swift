internal import ChangeModel

/// The limits of a configuration, ready to be asked: rate limit, circuit breaker, cumulative risk.
///
/// All three count what `CallerHistory` holds, by the times of the ledger's events. A window of `n` seconds holds what is
/// less than `n` seconds old.
struct CallerLimits: Sendable {
    private let rate: RateLimit?
    private let maximumRecordedDenials: Int
    private let risk: CumulativeRisk?
    /// Who must approve what would be allowed but for the cumulative risk: the repository's own requirement, and never
    /// nobody.
    private let approvals: [ApprovalRequirement]
    /// The repository's, but that nobody breaks the glass against a limit.
    private let terms: ApprovalTerms
    /// For requests without history: which settings do not apply to them.
    let notes: [String]

    init(_ configuration: Configuration) {
        rate = configuration.rateLimit
        maximumRecordedDenials = (configuration.rateLimit ?? RateLimit()).maximumRecordedDenials
        risk = configuration.cumulativeRisk
        let real = configuration.approvals.filter { $0.count > 0 }
        approvals = real.isEmpty ? [ApprovalRequirement(role: Role.approver, count: 1)] : real
        terms = ApprovalTerms(
            reviewBy: configuration.terms.reviewBy, executeWithin: configuration.terms.executeWithin)
        let names =
            (configuration.rateLimit == nil ? [] : ["`rate_limit`"])
            + (configuration.cumulativeRisk == nil ? [] : ["`cumulative_risk`"])
        notes =
            names.isEmpty
            ? []
            : [
                names.joined(separator: " and ") + (names.count == 1 ? " is" : " are")
                    + " not counted here: the limits on callers apply to changes that the ledger records"
            ]
    }

    // MARK: - Before the rules

    /// Why the change may not be asked for now; nil when it may.
    func refusal(
        _ history: CallerHistory, caller: String?, now: Timestamp
    ) -> (code: DecisionCode, reason: String, limits: DecisionLimits)? {
        switch history.standing {
        // A change counts once. What its caller asked for later does not undo that.
        case .denied, .passed: return nil
        case .unrecorded, .refused: break
        }
        let bounds = exceeded(history, now: now)
        guard let first = bounds.first else { return nil }
        let retry = bounds.map(\.end).max() ?? first.end
        let name = Self.name(caller)
        let (code, words): (DecisionCode, String) =
            switch first.exceeded.bound {
            case .breakerThreshold:
                (
                    .circuitOpen,
                    "the circuit breaker of \(name) is open: \(first.exceeded.count) changes were denied within "
                        + "\(first.exceeded.window) seconds"
                )
            case .maximumRequests:
                (
                    .rateLimited,
                    "\(name) has asked for \(first.exceeded.count) changes within \(first.exceeded.window) seconds, and "
                        + "\(first.exceeded.limit) is the most"
                )
            case .maximumRecordedDenials:
                (
                    .rateLimited,
                    "\(first.exceeded.count) denied changes of \(name) are recorded within 24 hours, and "
                        + "\(first.exceeded.limit) is the most"
                )
            }
        return (
            code, "\(words); try again after \(retry)",
            DecisionLimits(retryAfter: retry, exceeded: first.exceeded)
        )
    }

    /// The bounds that are exceeded, each with the instant at which it is not any more if nothing comes in between; the
    /// gravest first.
    private func exceeded(
        _ history: CallerHistory, now: Timestamp
    ) -> [(exceeded: DecisionLimits.Exceeded, end: Timestamp)] {
        var found: [(exceeded: DecisionLimits.Exceeded, end: Timestamp)] = []
        if let rate {
            if let breaker = openBreaker(history, rate, now: now) { found.append(breaker) }
            let requests = history.recent.filter { $0.isRequest && $0.isWithin(rate.window, of: now) }
            if requests.count >= rate.maximumRequests {
                found.append(
                    (
                        .init(
                            bound: .maximumRequests, count: requests.count, limit: rate.maximumRequests,
                            window: rate.window),
                        requests[requests.count - rate.maximumRequests].at + .seconds(rate.window)
                    ))
            }
        }
        // What has its record already is not kept from being judged by others' records.
        if history.standing == .unrecorded, let full = fullRecord(history, now: now) { found.append(full) }
        return found
    }

    /// When the caller's open breaker closes; nil where it is closed.
    func breakerCloses(_ history: CallerHistory, now: Timestamp) -> Timestamp? {
        rate.flatMap { openBreaker(history, $0, now: now)?.end }
    }

    func isRecordFull(_ history: CallerHistory, now: Timestamp) -> Bool { fullRecord(history, now: now) != nil }

    private func fullRecord(
        _ history: CallerHistory, now: Timestamp
    ) -> (exceeded: DecisionLimits.Exceeded, end: Timestamp)? {
        let denials = history.recent.filter { $0.isRecordedDenial && $0.isWithin(Limits.retention, of: now) }
        guard denials.count >= maximumRecordedDenials else { return nil }
        return (
            .init(
                bound: .maximumRecordedDenials, count: denials.count, limit: maximumRecordedDenials,
                window: Limits.retention),
            denials[denials.count - maximumRecordedDenials].at + .seconds(Limits.retention)
        )
    }

    /// The breaker opens with the denial that makes the threshold full, and closes when the cooldown is over.
    private func openBreaker(
        _ history: CallerHistory, _ rate: RateLimit, now: Timestamp
    ) -> (exceeded: DecisionLimits.Exceeded, end: Timestamp)? {
        guard rate.breakerThreshold > 0 else { return nil }
        let reach = rate.breakerWindow + rate.breakerCooldown
        let denials = history.recent.filter { $0.isDenial && $0.isWithin(reach, of: now) }
        // The latest opening closes last.
        for (last, denial) in denials.enumerated().reversed() {
            let end = denial.at + .seconds(rate.breakerCooldown)
            guard end > now else { return nil }
            let first = last - rate.breakerThreshold + 1
            guard first >= 0 else { return nil }
            if denials[first].isWithin(rate.breakerWindow, of: denial.at) {
                let count = denials[...last].filter { $0.isWithin(rate.breakerWindow, of: denial.at) }.count
                return (
                    .init(
                        bound: .breakerThreshold, count: count, limit: rate.breakerThreshold,
                        window: rate.breakerWindow),
                    end
                )
            }
        }
        return nil
    }

    // MARK: - After the rules

    /// The decision, raised as far as the cumulative risk demands, and never lowered.
    ///
    /// - Parameter risks: the effective risk of each step.
    func raised(
        _ decision: Decision, risks: [RiskLevel], _ history: CallerHistory, caller: String?, now: Timestamp
    ) -> Decision {
        // Of a plan the ledger must know what each step counts for.
        let steps = risks.count > 1 ? risks : []
        guard let risk else {
            var decision = decision
            if !steps.isEmpty { decision.limits = DecisionLimits(steps: steps) }
            return decision
        }
        let counted = history.recent.filter { $0.isRisk && $0.isWithin(risk.window, of: now) }
        let own = risk.scores.sum(risks)
        let before: Int
        var leaves: [RecentDecision] = []
        if case .passed(let known) = history.standing {
            before = known
        } else {
            before = counted.reduce(0) { $0 + risk.scores.sum($1.risks) }
            leaves = counted
        }
        let score = before + own
        var raised = decision
        let sum = "cumulative risk \(score) of \(Self.name(caller)) within \(risk.window) seconds"
        let spared = "rule \(Excerpt.quoted(decision.rule ?? "")) says \(decision.result.rawValue)"
        if score >= risk.denyThreshold {
            let retry = Self.retry(leaves, excess: score - risk.denyThreshold, risk)
            raised.result = .deny
            raised.code = .cumulativeRisk
            raised.reason =
                "\(sum) reaches \(risk.denyThreshold), where everything is denied (\(spared))"
                + (retry.map { "; try again after \($0)" } ?? "; propose less at once")
            raised.approvals = []
            raised.terms = ApprovalTerms()
            raised.advisoryPrechecks = []
            raised.limits = DecisionLimits(
                retryAfter: retry,
                cumulative: .init(before: before, score: score, settings: risk, raisedFrom: decision.result),
                steps: steps)
        } else if score >= risk.escalationThreshold, decision.result == .allow {
            raised.result = .requireApproval
            raised.code = .cumulativeRisk
            raised.reason = "\(sum) reaches \(risk.escalationThreshold), where approval is needed (\(spared))"
            raised.approvals = approvals
            raised.terms = terms
            raised.advisoryPrechecks = []
            raised.limits = DecisionLimits(
                cumulative: .init(before: before, score: score, settings: risk, raisedFrom: .allow), steps: steps)
        } else {
            raised.limits = DecisionLimits(
                cumulative: .init(before: before, score: score, settings: risk), steps: steps)
        }
        return raised
    }

    /// When enough of `counted` has left the window; nil when that never helps.
    ///
    /// - Parameter excess: by how much the score is over the last one that would do, less one.
    private static func retry(_ counted: [RecentDecision], excess: Int, _ risk: CumulativeRisk) -> Timestamp? {
        var left = excess
        for decision in counted {
            left -= risk.scores.sum(decision.risks)
            if left < 0 { return decision.at + .seconds(risk.window) }
        }
        return nil
    }

    private static func name(_ caller: String?) -> String { caller.map { Excerpt.quoted($0) } ?? "this caller" }
}

extension RecentDecision {
    /// Whether it is less than `seconds` old at `now`. What is dated after `now` is: a clock that was set back forgives
    /// nothing.
    func isWithin(_ seconds: Int64, of now: Timestamp) -> Bool { at > now - .seconds(seconds) }
}
