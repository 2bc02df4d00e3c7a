public import ChangeModel

/// A past that nobody verified, for questions to the policy alone: whatever is answered for it, nothing may run because of it.
public struct SupposedPast: Hashable, Sendable {
    /// Whether the change is the recorded pair of the latest execution on its target.
    public var isRollback: Bool

    public init(isRollback: Bool = false) {
        self.isRollback = isRollback
    }
}

/// What the policy would answer, and how far every rule was from deciding.
public struct Rehearsal: Sendable {
    public let decision: Decision
    /// Whether the rules were asked at all.
    public let asksRules: Bool
    /// In the order in which rules are asked.
    public let rules: [RuleRehearsal]
}

public struct RuleRehearsal: Sendable {
    public let name: String
    public let location: SourceLocation
    public let standing: RuleExplanation.Standing
    /// The conditions that the rule names.
    public let named: Conditions
    /// Those of them that could be asked: where there is no target, nothing can be said of its environment.
    public let evaluated: Conditions
    /// Those that do not hold.
    public let missed: Conditions
}

extension PolicyEngine {
    /// Decides as `decide` does, for a supposed past, and says of every rule which of its conditions hold.
    ///
    /// - Parameter binding: nil: the repository's own.
    public func rehearse(
        _ request: DecisionRequest, supposing past: SupposedPast = SupposedPast(), now: Timestamp,
        binding: TargetBinding? = nil
    ) -> Rehearsal {
        let history = VerifiedHistory(votes: [], excludedVoters: [], isRollback: past.isRollback)
        let trace = trace(
            request, history: history, now: now, binding: binding ?? catalogue.configuration.targetBinding)
        let rehearsed = zip(rules, trace.rules).map { compiled, found in
            // Whatever was missed was named, even if `named` should not know it.
            let named = compiled.rule.match.named.union(found.missed)
            var evaluated = named
            if found.missed.contains(.knownTarget) { evaluated.subtract(.aboutTarget) }
            if found.missed.contains(.namedCaller) { evaluated.subtract(.aboutCaller) }
            return RuleRehearsal(
                name: compiled.rule.name, location: compiled.rule.location, standing: found.standing, named: named,
                evaluated: evaluated, missed: found.missed)
        }
        return Rehearsal(decision: trace.decision, asksRules: trace.asksRules, rules: rehearsed)
    }
}

extension RuleMatch {
    /// The conditions that can be missed.
    var named: Conditions {
        var named: Conditions = []
        if !actions.contains(where: { !$0.isEmpty && $0.allSatisfy { $0 == "*" } }) { named.insert(.action) }
        if let targets {
            named.insert(.knownTarget)
            if targets.environments?.canBeMissed == true { named.insert(.environment) }
            if targets.sensitivities?.canBeMissed == true { named.insert(.sensitivity) }
            if targets.types != nil { named.insert(.type) }
            if targets.labels != nil { named.insert(.labels) }
        }
        if let callers {
            named.insert(.namedCaller)
            if callers.agentIDs != nil { named.insert(.callerID) }
            if callers.roles != nil { named.insert(.roles) }
            if callers.groups != nil { named.insert(.groups) }
            if callers.kinds != nil { named.insert(.kind) }
            if callers.delegatedFrom != nil { named.insert(.delegatedFrom) }
            if callers.maximumDelegationDepth != nil { named.insert(.delegationDepth) }
            if callers.requireDelegation != nil { named.insert(.delegation) }
        }
        if riskClasses?.canBeMissed == true { named.insert(.risk) }
        if timeWindows != nil { named.insert(.time) }
        if requireTicket != nil { named.insert(.ticket) }
        if rollback != nil { named.insert(.rollback) }
        return named
    }
}

extension Array where Element: CaseIterable & Hashable {
    /// A list of all that there is holds for everything.
    fileprivate var canBeMissed: Bool { Set(self).count < Element.allCases.count }
}

extension Conditions {
    static let aboutTarget: Conditions = [.environment, .sensitivity, .type, .labels]
    static let aboutCaller: Conditions = [
        .callerID, .roles, .groups, .kind, .delegatedFrom, .delegationDepth, .delegation,
    ]

    /// Where each stands in a policy file.
    private static let keys: [(condition: Conditions, key: String)] = [
        (.action, "actions"), (.knownTarget, "targets"), (.environment, "targets.environments"),
        (.sensitivity, "targets.sensitivities"), (.type, "targets.types"), (.labels, "targets.labels"),
        (.namedCaller, "callers"), (.callerID, "callers.agent_ids"), (.roles, "callers.roles"),
        (.groups, "callers.groups"), (.kind, "callers.kinds"), (.delegatedFrom, "callers.delegated_from"),
        (.delegationDepth, "callers.max_delegation_depth"), (.delegation, "callers.require_delegation"),
        (.risk, "risk_classes"), (.time, "time_windows"), (.ticket, "require_ticket"), (.rollback, "rollback"),
    ]

    /// The conditions one by one, in their order.
    public var members: [Conditions] {
        (0..<UInt32.bitWidth).map { Conditions(rawValue: 1 << UInt32($0)) }.filter { contains($0) }
    }

    /// The key of a single condition as a policy file spells it: `callers.roles`. `targets` alone stands for a target that the
    /// inventory knows, `callers` alone for a caller with a name.
    public var key: String {
        Self.keys.first { $0.condition == self }?.key ?? "condition \(rawValue.trailingZeroBitCount)"
    }

    /// Whether the condition depends on the instant of the decision.
    public var dependsOnTime: Bool { contains(.time) }
}

extension PolicyEngine {
    /// Every rule with the conditions that it names, in the order in which rules are asked.
    public var rehearsedRules: [(name: String, location: SourceLocation, named: Conditions)] {
        rules.map { ($0.rule.name, $0.rule.location, $0.rule.match.named) }
    }
}
