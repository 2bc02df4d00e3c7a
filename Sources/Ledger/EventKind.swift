internal import ChangeModel

/// What a commit of the ledger records.
public enum EventKind: String, Sendable, CaseIterable {
    case genesis, decision, vote, trust, claim, prepared, execution, aborted

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

    static let allTrailers: Set<String> = Set(allCases.flatMap(\.trailers))

    /// Whose signature the event needs.
    func maySign(_ identity: Identity) -> Bool {
        switch self {
        case .genesis: identity.kind == .person && identity.has(role: Role.admin)
        case .decision, .vote, .trust:
            identity.kind == .service && (identity.has(role: Role.gate) || identity.has(role: Role.runner))
        case .claim, .prepared, .execution, .aborted: identity.kind == .service && identity.has(role: Role.runner)
        }
    }
}
