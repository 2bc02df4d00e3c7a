public import ChangeModel

/// What one recorded decision means for the limits on whoever proposed the change.
public struct RecentDecision: Hashable, Sendable {
    public enum Outcome: String, Sendable, CaseIterable {
        /// Turned away by the rate limit or the circuit breaker: nothing but a record.
        case refused
        /// The change's first decision that was asked for, and a deny.
        case denied
        /// The change's first decision that was asked for, and no deny.
        case passed
        /// No deny any more, of a change that was denied at first.
        case passedLater = "passed_later"
    }

    /// The event's own time, never what the change says of itself.
    public var at: Timestamp
    public var outcome: Outcome
    /// The effective risk of each step.
    public var risks: [RiskLevel]

    public init(at: Timestamp, outcome: Outcome, risks: [RiskLevel]) {
        self.at = at
        self.outcome = outcome
        self.risks = risks
    }

    /// Whether it counts against `max_requests`: a change does once.
    public var isRequest: Bool { outcome == .denied || outcome == .passed }
    /// Whether it counts for the circuit breaker.
    public var isDenial: Bool { outcome == .denied }
    /// Whether it adds to the cumulative risk.
    public var isRisk: Bool { outcome == .passed || outcome == .passedLater }
    /// Whether it counts against `max_recorded_denials`.
    public var isRecordedDenial: Bool { outcome == .refused || outcome == .denied }
}

/// What the verified ledger knows of a caller, and of the change of theirs that is in question.
public struct CallerHistory: Hashable, Sendable {
    /// How far the change itself has come.
    public enum Standing: Hashable, Sendable {
        /// The ledger has no decision on it.
        case unrecorded
        /// Turned away by the rate limit or the circuit breaker, and by nothing else: it is asked for anew.
        case refused
        /// Denied. It was counted as a request, and never is again.
        case denied
        /// No deny: its risk was counted, on top of `before`, and what came later does not bear on it.
        case passed(before: Int)
    }

    /// The caller's decisions that are at hand, oldest first.
    public var recent: [RecentDecision]
    public var standing: Standing

    public init(recent: [RecentDecision] = [], standing: Standing = .unrecorded) {
        self.recent = recent
        self.standing = standing
    }
}
