internal import ChangeModel

/// What a commit of the ledger records.
public enum EventKind: String, Sendable, CaseIterable {
    case genesis, decision, vote, trust, preview, claim, prepared, execution, aborted, resolution

    /// Whether the event is about one change.
    var concernsChange: Bool { self != .genesis && self != .trust }

    /// The trailers of the event, in their order. Fixed: a missing one, another one and another order are refused.
    var trailers: [String] {
        switch self {
        case .genesis: ["Agentsafe-Event", "Agentsafe-Main", "Agentsafe-Height", "Agentsafe-Evidence"]
        case .trust:
            ["Agentsafe-Event", "Agentsafe-Main", "Agentsafe-Height", "Agentsafe-Previous", "Agentsafe-Evidence"]
        case .decision, .claim:
            [
                "Agentsafe-Event", "Agentsafe-Change", "Agentsafe-Decision", "Agentsafe-Main", "Agentsafe-Height",
                "Agentsafe-Previous", "Agentsafe-Evidence",
            ]
        case .vote, .preview, .prepared, .execution, .aborted, .resolution:
            [
                "Agentsafe-Event", "Agentsafe-Change", "Agentsafe-Main", "Agentsafe-Height", "Agentsafe-Previous",
                "Agentsafe-Evidence",
            ]
        }
    }

    /// The members of the event's own part of its file; of some events, one of several sets.
    var bodyMembers: [[String]] {
        switch self {
        case .genesis: [["repository", "main", "protocol"]]
        case .trust: [["commit", "version"]]
        case .decision: [["engine", "decision", "plan", "proposer"]]
        case .vote: [["statement", "signature"], ["merge", "by", "key", "plan"]]
        case .preview: [["plan", "executor", "steps"]]
        case .claim: Self.claimVariants
        case .prepared: Self.preparedVariants
        case .execution: [["claim", "outcome", "changed", "steps"]]
        case .aborted: [["claim", "reason"]]
        case .resolution: [["claim", "outcome", "reason"]]
        }
    }

    private static let claimMembers = [
        "nonce", "instance", "lease_end", "plan", "locks", "engine", "decision", "approved_by", "steps",
    ]

    private static let preparedMembers = ["claim", "executor", "lease_end", "identity", "prechecks", "rollback"]
    private static let preparedVariants = [[], ["step"], ["step", "done"]].flatMap { numbers in
        [preparedMembers + numbers, preparedMembers + numbers + ["credentials"]]
    }
    /// Each of the members that may be there or not.
    private static let claimVariants = ["ticket", "trust_remote", "break_glass"]
        .reduce([claimMembers]) { variants, member in variants + variants.map { $0 + [member] } }

    static let allTrailers: Set<String> = Set(allCases.flatMap(\.trailers))

    /// Whose signature the event needs.
    func maySign(_ identity: Identity) -> Bool {
        switch self {
        case .genesis: identity.kind == .person && identity.has(role: Role.admin)
        case .decision, .vote, .trust:
            identity.kind == .service && (identity.has(role: Role.gate) || identity.has(role: Role.runner))
        case .preview, .claim, .prepared, .execution, .aborted:
            identity.kind == .service && identity.has(role: Role.runner)
        case .resolution:
            identity.kind == .person && (identity.has(role: Role.approver) || identity.has(role: Role.admin))
        }
    }
}
