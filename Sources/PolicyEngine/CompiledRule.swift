internal import ChangeModel

/// A rule with its lists turned into bits where the values are few. A class, for it is handed around millions of times.
final class CompiledRule: Sendable {
    let rule: Rule
    /// The decision that it gives, but for the two risks.
    let decision: Decision
    let actions: [Glob]
    private let environments: UInt8?
    private let sensitivities: UInt8?
    private let risks: UInt8?
    /// For each weekday, Monday first, one bit an hour.
    private let hours: [UInt32]?

    /// - Parameter decision: what the rule's own members say, completed by the repository's settings.
    init(_ rule: Rule, decision: Decision) {
        self.rule = rule
        self.decision = decision
        actions = rule.match.actions.map { Glob($0) }
        environments = rule.match.targets?.environments.map { $0.reduce(0) { $0 | $1.bit } }
        sensitivities = rule.match.targets?.sensitivities.map { $0.reduce(0) { $0 | $1.bit } }
        risks = rule.match.riskClasses.map { $0.reduce(0) { $0 | $1.bit } }
        hours = rule.match.timeWindows.map { windows in
            (0..<7).map { day in
                (0..<24).reduce(into: UInt32(0)) { bits, hour in
                    if windows.contains(where: { $0.contains(weekday: day, hour: hour) }) { bits |= 1 << UInt32(hour) }
                }
            }
        }
    }

    func matchesAction(_ name: String) -> Bool { actions.contains { $0.matches(name) } }

    func isOpen(weekday: Int, hour: Int) -> Bool { hours.map { $0[weekday] >> UInt32(hour) & 1 == 1 } ?? true }

    func holds(in circumstances: Circumstances) -> Bool {
        missed(in: circumstances, stoppingEarly: true).isEmpty
    }

    /// Every condition but the action that does not hold; only the first one when `stoppingEarly`.
    func missed(in circumstances: Circumstances, stoppingEarly: Bool = false) -> Conditions {
        var missed: Conditions = []
        if let risks, risks & circumstances.effectiveRisk.bit == 0 { missed.insert(.risk) }
        if stoppingEarly, !missed.isEmpty { return missed }
        if let selector = rule.match.targets { missed.formUnion(self.missed(selector, circumstances.target)) }
        if stoppingEarly, !missed.isEmpty { return missed }
        if let selector = rule.match.callers { missed.formUnion(self.missed(selector, circumstances.caller)) }
        if !isOpen(weekday: circumstances.weekday, hour: circumstances.hour) { missed.insert(.time) }
        if let required = rule.match.requireTicket, required != circumstances.hasTicket { missed.insert(.ticket) }
        if let required = rule.match.rollback, required != circumstances.isRollback { missed.insert(.rollback) }
        return missed
    }

    private func missed(_ selector: TargetSelector, _ target: CompiledTarget?) -> Conditions {
        guard let target else { return .knownTarget }
        var missed: Conditions = []
        if let environments, environments & target.entry.environment.bit == 0 { missed.insert(.environment) }
        if let sensitivities, sensitivities & target.entry.sensitivity.bit == 0 { missed.insert(.sensitivity) }
        if let types = selector.types, !types.contains(target.entry.type) { missed.insert(.type) }
        if let labels = selector.labels, !labels.allSatisfy({ target.entry.labels[$0.key] == $0.value }) {
            missed.insert(.labels)
        }
        return missed
    }

    private func missed(_ selector: CallerSelector, _ caller: Caller) -> Conditions {
        guard !caller.isAnonymous, let id = caller.id else { return .namedCaller }
        var missed: Conditions = []
        if let ids = selector.agentIDs, !ids.contains(id) { missed.insert(.callerID) }
        if let roles = selector.roles, !roles.contains(where: caller.roles.contains) { missed.insert(.roles) }
        if let groups = selector.groups, !groups.contains(where: caller.groups.contains) { missed.insert(.groups) }
        if let kinds = selector.kinds, !(caller.kind.map(kinds.contains) ?? false) { missed.insert(.kind) }
        let delegation = caller.delegation
        if let names = selector.delegatedFrom, !names.contains(where: { delegation?.delegators.contains($0) ?? false })
        {
            missed.insert(.delegatedFrom)
        }
        let depth = delegation?.depth ?? 0
        if let maximum = selector.maximumDelegationDepth, depth > maximum { missed.insert(.delegationDepth) }
        if let required = selector.requireDelegation, required != (depth > 0) { missed.insert(.delegation) }
        return missed
    }
}

extension TimeWindow {
    /// The day is that of the instant itself, in the hours after midnight too.
    func contains(weekday: Int, hour: Int) -> Bool {
        if let days, !days.contains(weekday) { return false }
        return startHour <= endHour
            ? startHour <= hour && hour <= endHour
            : hour >= startHour || hour <= endHour
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

extension RiskLevel {
    fileprivate var bit: UInt8 { 1 << UInt8(rawValue) }
}
