public import ChangeModel

/// How near a caller is to each limit, for people who want to know.
public struct CallerStanding: Hashable, Sendable {
    /// Changes asked for within the rate limit's window; nil without a rate limit.
    public let requests: Int?
    /// Denied ones within the circuit breaker's window; nil where there is none.
    public let denials: Int?
    /// When the open breaker closes; nil where it is closed.
    public let breakerCloses: Timestamp?
    /// The cumulative risk; nil where it is not counted.
    public let risk: Int?
    /// Denied changes that the ledger took within a day.
    public let recordedDenials: Int
    /// The instant from which a new change is decided on by the rules again; nil: it is now.
    public let retryAfter: Timestamp?
}

extension PolicyEngine {
    /// What the next change of a caller would meet at `now`.
    public func standing(of caller: CallerHistory, now: Timestamp) -> CallerStanding {
        let (rate, risk) = (catalogue.configuration.rateLimit, catalogue.configuration.cumulativeRisk)
        func count(_ window: Int64, _ isCounted: (RecentDecision) -> Bool) -> Int {
            caller.recent.count { isCounted($0) && $0.isWithin(window, of: now) }
        }
        return CallerStanding(
            requests: rate.map { count($0.window, \.isRequest) },
            denials: rate.flatMap { $0.breakerThreshold > 0 ? count($0.breakerWindow, \.isDenial) : nil },
            breakerCloses: limits.breakerCloses(caller, now: now),
            risk: risk.map { risk in
                caller.recent.filter { $0.isRisk && $0.isWithin(risk.window, of: now) }
                    .reduce(0) { $0 + risk.scores.sum($1.risks) }
            },
            recordedDenials: count(Limits.retention, \.isRecordedDenial),
            retryAfter: limits.refusal(caller, caller: nil, now: now)?.limits.retryAfter)
    }

    /// How many denied changes of one caller the ledger takes within a day.
    public var maximumRecordedDenials: Int { (catalogue.configuration.rateLimit ?? RateLimit()).maximumRecordedDenials }
}
