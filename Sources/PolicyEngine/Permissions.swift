public import ChangeModel

/// What the policy says of one action on one target, before any params are known.
public struct PermissionEntry: Hashable, Sendable {
    public let action: String
    public let decision: Decision

    /// `{action, result, rule, code, reason, risk_class, effective_risk, approvals}`
    public var json: JSONValue {
        [
            "action": .string(action),
            "result": .string(decision.result.rawValue),
            "rule": decision.rule.map { .string($0) } ?? .null,
            "code": .string(decision.code.rawValue),
            "reason": .string(decision.reason),
            "risk_class": .string(decision.riskClass.description),
            "effective_risk": .string(decision.effectiveRisk.description),
            "approvals": .array(
                decision.approvals.map { ["role": .string($0.role), "count": .integer(Int64($0.count))] }),
        ]
    }
}

extension PolicyEngine {
    /// What `caller` may do to `target`: every action that works on the target's type, by name, with the decision that a
    /// request with valid params would get. Empty when the target is unknown.
    public func permissions(
        for caller: Caller, target: String, now: Timestamp, ticket: String? = nil
    ) -> [PermissionEntry] {
        guard let entry = catalogue.targets[target] else { return [] }
        return actions.values
            .filter { $0.definition.targetTypes.contains(entry.type) }
            .sorted { $0.definition.name < $1.definition.name }
            .map { action in
                let request = DecisionRequest(
                    action: action.definition.name, target: target, caller: caller, ticket: ticket)
                let circumstances = Circumstances(
                    request, target: targets[target],
                    effectiveRisk: action.definition.riskClass.effective(on: entry.sensitivity), isRollback: false,
                    now: now)
                return PermissionEntry(
                    action: action.definition.name, decision: judge(action, request, circumstances, warnings: []))
            }
    }
}
