public import ChangeModel

extension Change {
    /// The questions that this change puts to the policy, one a step, in order.
    public func requests(by caller: Caller) -> [DecisionRequest] {
        steps.map {
            DecisionRequest(
                action: $0.action, target: $0.target, caller: caller, parameters: $0.parameters, ticket: ticket)
        }
    }
}

extension PolicyEngine {
    /// The policy's answer to a whole change, votes aside, under the repository's own `target_binding`.
    ///
    /// The steps of a plan are decided in order, and the strictest answer holds for all of them: deny, then
    /// `require_approval`, then allow. A plan counts as one request of its caller, and with the risk of every step.
    public func decide(
        _ change: Change, by caller: Caller, history: VerifiedHistory = .none, now: Timestamp
    ) -> Decision {
        decide(change, by: caller, history: history, now: now, binding: catalogue.configuration.targetBinding)
    }

    func decide(
        _ change: Change, by caller: Caller, history: VerifiedHistory, now: Timestamp, binding: TargetBinding
    ) -> Decision {
        let requests = change.requests(by: caller)
        if let first = requests.first, let refusal = refusal(of: first, history, now: now) { return refusal }
        let decisions = requests.map { decideWithoutLimits($0, history: history, now: now, binding: binding) }
        let strictest =
            decisions.max { $0.result.strictness < $1.result.strictness }
            ?? Decision(
                result: .deny, code: .noRule, reason: "the change has no step", riskClass: .critical,
                effectiveRisk: .critical)
        return raised(strictest, risks: decisions.map(\.effectiveRisk), history, caller: caller, now: now)
    }

    /// The first target of the change that the inventory does not have.
    func unknownTarget(of change: Change) -> String? {
        change.steps.first { catalogue.targets[$0.target] == nil }?.target
    }
}

extension Verdict {
    var strictness: Int {
        switch self {
        case .allow: 0
        case .requireApproval: 1
        case .deny: 2
        }
    }
}
