public import ChangeModel
internal import Ledger
public import PolicyEngine

/// How near everybody who may propose is to the limits, by the verified ledger.
public struct CallerLimitsReport: Sendable {
    public struct Entry: Sendable {
        public let id: String
        public let kind: IdentityKind
        public let standing: CallerStanding
    }

    public let now: Timestamp
    /// nil: off.
    public let rateLimit: RateLimit?
    /// nil: off.
    public let cumulativeRisk: CumulativeRisk?
    public let maximumRecordedDenials: Int
    /// In the order of `identities.yaml`, services aside: they propose nothing.
    public let callers: [Entry]

    public var json: JSONValue {
        ["now": .string(now.description), "callers": .array(callers.map(json))]
    }

    private func json(_ entry: Entry) -> JSONValue {
        let standing = entry.standing
        var members: [String: JSONValue] = [
            "id": .string(entry.id), "kind": .string(entry.kind.rawValue),
            "retry_after": standing.retryAfter.map { .string($0.description) } ?? .null,
            "recorded_denials": [
                "count": .integer(Int64(standing.recordedDenials)), "maximum": .integer(Int64(maximumRecordedDenials)),
                "window_seconds": .integer(Limits.retention),
            ],
            "requests": .null, "circuit_breaker": .null, "cumulative_risk": .null,
        ]
        if let rateLimit, let requests = standing.requests {
            members["requests"] = [
                "count": .integer(Int64(requests)), "maximum": .integer(Int64(rateLimit.maximumRequests)),
                "window_seconds": .integer(rateLimit.window),
            ]
        }
        if let rateLimit, let denials = standing.denials {
            members["circuit_breaker"] = [
                "denials": .integer(Int64(denials)), "threshold": .integer(Int64(rateLimit.breakerThreshold)),
                "window_seconds": .integer(rateLimit.breakerWindow),
                "open": .bool(standing.breakerCloses != nil),
                "closes": standing.breakerCloses.map { .string($0.description) } ?? .null,
            ]
        }
        if let cumulativeRisk, let risk = standing.risk {
            members["cumulative_risk"] = [
                "score": .integer(Int64(risk)),
                "escalation_threshold": .integer(Int64(cumulativeRisk.escalationThreshold)),
                "deny_threshold": .integer(Int64(cumulativeRisk.denyThreshold)),
                "window_seconds": .integer(cumulativeRisk.window),
            ]
        }
        return .object(members)
    }
}

extension Workspace {
    /// How near callers are to the limits. Touches no network.
    ///
    /// - Parameter id: one identity; nil: all that may propose.
    public func callerLimits(of id: String? = nil) throws(AgentSafeError) -> CallerLimitsReport {
        let view = try view()
        let engine = PolicyEngine(catalogue: try catalogue(of: view.state))
        let wanted = view.state.identities.identities.filter {
            $0.kind != .service && (id == nil || $0.id == id)
        }
        if let id, wanted.isEmpty {
            throw AgentSafeError(
                .failed, "`\(id.prefix(100))` is nobody here who may propose; `agentsafe identity list` shows who is")
        }
        let moment = now
        let callers = try wanted.map { (identity) throws(AgentSafeError) -> CallerLimitsReport.Entry in
            let history = try ledger { () throws(LedgerError) in
                try view.ledger.state.callerHistory(of: identity.id, at: moment)
            }
            return .init(id: identity.id, kind: identity.kind, standing: engine.standing(of: history, now: moment))
        }
        let settings = view.state.configuration
        return CallerLimitsReport(
            now: moment, rateLimit: settings.rateLimit, cumulativeRisk: settings.cumulativeRisk,
            maximumRecordedDenials: engine.maximumRecordedDenials, callers: callers)
    }
}
