internal import ChangeModel

/// `rate_limit` and `cumulative_risk` of a configuration. A section that is there is on, and keys that it leaves out have
/// their defaults.
enum LimitFields {
    private static let count = FieldType<Int>.integer(1...1_000_000_000)
    private static let score = FieldType<Int>.integer(0...1_000_000_000)
    private static let retention = Int(Limits.retention)
    /// What the ledger takes of one caller, at most, whatever the configuration says.
    private static let recorded = FieldType<Int>.integer(1...5000)

    /// The state of the ledger keeps a day, and nobody walks history to count.
    private static let seconds = FieldType<Int>.integer(1...366 * 86_400).checked { seconds in
        seconds <= retention
            ? nil
            : (
                "\(seconds) seconds are more than the ledger keeps at hand",
                "write at most \(retention), which are 24 hours"
            )
    }

    static let rateLimit = FieldType<RateLimit>.mapping("a rate limit", placeholder: RateLimit()) { fields in
        var limit = RateLimit()
        limit.maximumRequests = fields.optional("max_requests", count) ?? limit.maximumRequests
        limit.window = fields.optional("window_seconds", seconds).map(Int64.init) ?? limit.window
        limit.breakerThreshold = fields.optional("circuit_breaker_threshold", score) ?? limit.breakerThreshold
        limit.breakerWindow =
            fields.optional("circuit_breaker_window_seconds", seconds).map(Int64.init) ?? limit.breakerWindow
        limit.breakerCooldown =
            fields.optional("circuit_breaker_cooldown_seconds", seconds).map(Int64.init) ?? limit.breakerCooldown
        limit.maximumRecordedDenials =
            fields.optional("max_recorded_denials", recorded) ?? limit.maximumRecordedDenials
        if limit.breakerWindow + limit.breakerCooldown > Limits.retention {
            fields.report(
                "circuit_breaker_cooldown_seconds",
                "`circuit_breaker_window_seconds` and `circuit_breaker_cooldown_seconds` are together more than the ledger "
                    + "keeps at hand", advice: "write at most \(retention) for both, which are 24 hours")
        }
        return limit
    }

    static let cumulativeRisk = FieldType<CumulativeRisk>.mapping("cumulative risk", placeholder: CumulativeRisk()) {
        fields in
        var risk = CumulativeRisk()
        risk.window = fields.optional("window_seconds", seconds).map(Int64.init) ?? risk.window
        risk.scores = fields.optional("risk_scores", riskScores) ?? risk.scores
        risk.escalationThreshold = fields.optional("escalation_threshold", score) ?? risk.escalationThreshold
        risk.denyThreshold = fields.optional("deny_threshold", score) ?? risk.denyThreshold
        if risk.escalationThreshold > risk.denyThreshold {
            fields.report("deny_threshold", "`deny_threshold` is less than `escalation_threshold`")
        }
        return risk
    }

    private static let riskScores = FieldType<RiskScores>.mapping("risk scores", placeholder: RiskScores()) { fields in
        var scores = RiskScores()
        scores.low = fields.optional("low", score) ?? scores.low
        scores.medium = fields.optional("medium", score) ?? scores.medium
        scores.high = fields.optional("high", score) ?? scores.high
        scores.critical = fields.optional("critical", score) ?? scores.critical
        return scores
    }

    /// Both sections as they are written, every key with its value; nothing for what is off.
    static func lines(_ configuration: Configuration) -> [String] {
        var lines: [String] = []
        if let limit = configuration.rateLimit {
            lines += [
                "rate_limit:",
                "  max_requests: \(limit.maximumRequests)",
                "  window_seconds: \(limit.window)",
                "  circuit_breaker_threshold: \(limit.breakerThreshold)",
                "  circuit_breaker_window_seconds: \(limit.breakerWindow)",
                "  circuit_breaker_cooldown_seconds: \(limit.breakerCooldown)",
                "  max_recorded_denials: \(limit.maximumRecordedDenials)",
            ]
        }
        if let risk = configuration.cumulativeRisk {
            lines += ["cumulative_risk:", "  window_seconds: \(risk.window)", "  risk_scores:"]
            lines += RiskLevel.allCases.map { "    \($0): \(risk.scores[$0])" }
            lines += [
                "  escalation_threshold: \(risk.escalationThreshold)", "  deny_threshold: \(risk.denyThreshold)",
            ]
        }
        return lines
    }
}
