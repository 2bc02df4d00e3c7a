/// `rate_limit` of `agentsafe.yaml`: how much one caller may ask for, and how often be denied.
///
/// Times are in seconds. A window of `n` seconds holds what happened less than `n` seconds ago.
public struct RateLimit: Hashable, Sendable {
    /// The most changes of one caller that are decided on within `window`.
    public var maximumRequests: Int
    public var window: Int64
    /// How many denied ones within `breakerWindow` open the caller's circuit breaker; 0: it never opens.
    public var breakerThreshold: Int
    public var breakerWindow: Int64
    /// How long the breaker stays open.
    public var breakerCooldown: Int64
    /// How many denied changes of one caller the ledger takes within `Limits.retention`.
    public var maximumRecordedDenials: Int

    public init(
        maximumRequests: Int = 100, window: Int64 = 60, breakerThreshold: Int = 0, breakerWindow: Int64 = 60,
        breakerCooldown: Int64 = 300, maximumRecordedDenials: Int = 200
    ) {
        self.maximumRequests = maximumRequests
        self.window = window
        self.breakerThreshold = breakerThreshold
        self.breakerWindow = breakerWindow
        self.breakerCooldown = breakerCooldown
        self.maximumRecordedDenials = maximumRecordedDenials
    }
}

/// `cumulative_risk` of `agentsafe.yaml`: how much risk one caller may gather before people are asked.
public struct CumulativeRisk: Hashable, Sendable {
    /// Seconds.
    public var window: Int64
    public var scores: RiskScores
    /// From here on what a rule allows needs approval.
    public var escalationThreshold: Int
    /// From here on everything is denied.
    public var denyThreshold: Int

    public init(
        window: Int64 = 3600, scores: RiskScores = RiskScores(), escalationThreshold: Int = 30, denyThreshold: Int = 75
    ) {
        self.window = window
        self.scores = scores
        self.escalationThreshold = escalationThreshold
        self.denyThreshold = denyThreshold
    }
}

/// What a change of each effective risk adds to its caller's score.
public struct RiskScores: Hashable, Sendable {
    public var low: Int
    public var medium: Int
    public var high: Int
    public var critical: Int

    public init(low: Int = 1, medium: Int = 5, high: Int = 15, critical: Int = 50) {
        self.low = low
        self.medium = medium
        self.high = high
        self.critical = critical
    }

    /// What a plan adds, each step by its own risk.
    public func sum(_ risks: [RiskLevel]) -> Int { risks.reduce(0) { $0 + self[$1] } }

    public subscript(risk: RiskLevel) -> Int {
        switch risk {
        case .low: low
        case .medium: medium
        case .high: high
        case .critical: critical
        }
    }
}

/// What the limits of a repository have in common.
public enum Limits {
    /// How long the ledger keeps a caller's decisions at hand, in seconds: no window reaches further.
    public static let retention: Int64 = 86_400
}

/// What the limits on a caller did to a decision, or how near they came. A box, because few of many decisions have one.
public final class DecisionLimits: Hashable, Sendable {
    /// When the same question may first be answered better, if nothing more comes in between; nil where waiting alone
    /// changes nothing.
    public let retryAfter: Timestamp?
    /// The bound that denied the request; nil when none did.
    public let exceeded: Exceeded?
    /// nil when no cumulative risk is configured, or the request is denied without it.
    public let cumulative: Cumulative?
    /// The effective risk of each step of a plan that is not denied; empty for a change with one step.
    public let steps: [RiskLevel]

    public struct Exceeded: Hashable, Sendable {
        public enum Bound: String, Sendable {
            case maximumRequests = "max_requests"
            case breakerThreshold = "circuit_breaker_threshold"
            case maximumRecordedDenials = "max_recorded_denials"
        }

        public var bound: Bound
        /// How many were counted.
        public var count: Int
        public var limit: Int
        /// Seconds.
        public var window: Int64

        public init(bound: Bound, count: Int, limit: Int, window: Int64) {
            self.bound = bound
            self.count = count
            self.limit = limit
            self.window = window
        }
    }

    public struct Cumulative: Hashable, Sendable {
        /// What counted before this change.
        public var before: Int
        /// With it.
        public var score: Int
        public var escalationThreshold: Int
        public var denyThreshold: Int
        /// Seconds.
        public var window: Int64
        /// What the decision would have been without.
        public var raisedFrom: Verdict?

        public init(before: Int, score: Int, settings: CumulativeRisk, raisedFrom: Verdict? = nil) {
            self.before = before
            self.score = score
            escalationThreshold = settings.escalationThreshold
            denyThreshold = settings.denyThreshold
            window = settings.window
            self.raisedFrom = raisedFrom
        }
    }

    public init(
        retryAfter: Timestamp? = nil, exceeded: Exceeded? = nil, cumulative: Cumulative? = nil, steps: [RiskLevel] = []
    ) {
        self.steps = steps
        self.retryAfter = retryAfter
        self.exceeded = exceeded
        self.cumulative = cumulative
    }

    public static func == (left: DecisionLimits, right: DecisionLimits) -> Bool {
        left.retryAfter == right.retryAfter && left.exceeded == right.exceeded && left.cumulative == right.cumulative
            && left.steps == right.steps
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(retryAfter)
        hasher.combine(exceeded)
        hasher.combine(cumulative)
        hasher.combine(steps)
    }

    /// The member `limits` of a decision.
    var json: JSONValue {
        .compact([
            "exceeded": exceeded.map {
                [
                    "limit": .string($0.bound.rawValue), "count": .integer(Int64($0.count)),
                    "maximum": .integer(Int64($0.limit)), "window_seconds": .integer($0.window),
                ]
            },
            "cumulative_risk": cumulative.map {
                .compact([
                    "before": .integer(Int64($0.before)), "score": .integer(Int64($0.score)),
                    "escalation_threshold": .integer(Int64($0.escalationThreshold)),
                    "deny_threshold": .integer(Int64($0.denyThreshold)), "window_seconds": .integer($0.window),
                    "raised_from": $0.raisedFrom.map { .string($0.rawValue) },
                ])
            },
            "step_risks": steps.isEmpty ? nil : .strings(steps.map(\.description)),
        ])
    }
}
