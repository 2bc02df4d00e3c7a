internal import ChangeModel

/// What a rule asks of the target. A class, for it is handed around millions of times.
final class CompiledTargetSelector: Sendable {
    private let environments: UInt8?
    private let sensitivities: UInt8?
    private let types: [String]?
    private let labels: [String: String]?

    init(_ selector: TargetSelector) {
        environments = selector.environments.map { $0.reduce(0) { $0 | $1.bit } }
        sensitivities = selector.sensitivities.map { $0.reduce(0) { $0 | $1.bit } }
        types = selector.types
        labels = selector.labels
    }

    func missed(by target: CompiledTarget?) -> Conditions {
        guard let target else { return .knownTarget }
        var missed: Conditions = []
        if let environments, environments & target.entry.environment.bit == 0 { missed.insert(.environment) }
        if let sensitivities, sensitivities & target.entry.sensitivity.bit == 0 { missed.insert(.sensitivity) }
        if let types, !types.contains(target.entry.type) { missed.insert(.type) }
        if let labels, !labels.allSatisfy({ target.entry.labels[$0.key] == $0.value }) { missed.insert(.labels) }
        return missed
    }
}

/// What a rule asks of the caller. A class, for it is handed around millions of times.
final class CompiledCallerSelector: Sendable {
    private let ids: [String]?
    private let roles: [String]?
    private let groups: [String]?
    private let kinds: [IdentityKind]?
    private let delegatedFrom: [String]?
    private let maximumDepth: Int?
    private let requiresDelegation: Bool?

    init(_ selector: CallerSelector) {
        ids = selector.agentIDs
        roles = selector.roles
        groups = selector.groups
        kinds = selector.kinds
        delegatedFrom = selector.delegatedFrom
        maximumDepth = selector.maximumDelegationDepth
        requiresDelegation = selector.requireDelegation
    }

    func missed(by caller: Caller) -> Conditions {
        guard !caller.isAnonymous, let id = caller.id else { return .namedCaller }
        var missed: Conditions = []
        if let ids, !ids.contains(id) { missed.insert(.callerID) }
        if let roles, !roles.contains(where: caller.roles.contains) { missed.insert(.roles) }
        if let groups, !groups.contains(where: caller.groups.contains) { missed.insert(.groups) }
        if let kinds, !(caller.kind.map(kinds.contains) ?? false) { missed.insert(.kind) }
        let delegation = caller.delegation
        if let delegatedFrom,
            !delegatedFrom.contains(where: { delegation?.delegators.contains($0) ?? false })
        {
            missed.insert(.delegatedFrom)
        }
        let depth = delegation?.depth ?? 0
        if let maximumDepth, depth > maximumDepth { missed.insert(.delegationDepth) }
        if let requiresDelegation, requiresDelegation != (depth > 0) { missed.insert(.delegation) }
        return missed
    }
}

extension Environment {
    fileprivate var bit: UInt8 {
        switch self {
        case .dev: 1
        case .staging: 2
        case .prod: 4
        }
    }
}

extension Sensitivity {
    fileprivate var bit: UInt8 {
        switch self {
        case .public: 1
        case .internal: 2
        case .restricted: 4
        case .critical: 8
        }
    }
}
