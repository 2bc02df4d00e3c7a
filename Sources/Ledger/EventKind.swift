internal import ChangeModel

/// What a commit of the ledger records.
public enum EventKind: String, Sendable, CaseIterable {
    case genesis, decision, vote, trust, claim, prepared, execution, aborted, resolution

    /// Whether the event is about one change.
    var concernsChange: Bool { self != .genesis && self != .trust }

    /// The trailers of the event, in their order. Fixed: a missing one, another one and another order are refused.
    var trailers: [String] {
        var keys = ["Agentsafe-Event"]
        if concernsChange { keys.append("Agentsafe-Change") }
        if self == .decision || self == .claim { keys.append("Agentsafe-Decision") }
        keys += ["Agentsafe-Main", "Agentsafe-Height"]
        if self != .genesis { keys.append("Agentsafe-Previous") }
        return keys + ["Agentsafe-Evidence"]
    }

    /// The members of the event's own part of its file; for a vote, one of two sets.
    var bodyMembers: [Set<String>] {
        switch self {
        case .genesis: [["repository", "main", "protocol"]]
        case .trust: [["commit", "version"]]
        case .decision: [["engine", "decision", "plan", "proposer"]]
        case .vote: [["statement", "signature"], ["merge", "by", "key", "plan"]]
        case .claim:
            [Self.claimMembers, Self.claimMembers.union(["trust_remote"])]
        case .prepared: [["claim", "executor", "lease_end", "identity", "prechecks", "rollback"]]
        case .execution: [["claim", "outcome", "changed", "steps"]]
        case .aborted: [["claim", "reason"]]
        case .resolution: [["claim", "outcome", "reason"]]
        }
    }

    private static let claimMembers: Set<String> = [
        "nonce", "instance", "lease_end", "plan", "locks", "engine", "decision", "approved_by", "steps",
    ]

    static let allTrailers: Set<String> = Set(allCases.flatMap(\.trailers))

    /// Whose signature the event needs.
    func maySign(_ identity: Identity) -> Bool {
        switch self {
        case .genesis: identity.kind == .person && identity.has(role: Role.admin)
        case .decision, .vote, .trust:
            identity.kind == .service && (identity.has(role: Role.gate) || identity.has(role: Role.runner))
        case .claim, .prepared, .execution, .aborted: identity.kind == .service && identity.has(role: Role.runner)
        case .resolution:
            identity.kind == .person && (identity.has(role: Role.approver) || identity.has(role: Role.admin))
        }
    }
}
