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
    /// `require_approval`, then allow; of equals, the first. A plan counts as one request of its caller, and with the risk of
    /// every step.
    public func decide(
        _ change: Change, by caller: Caller, history: VerifiedHistory = .none, now: Timestamp
    ) -> Decision {
        decide(change, by: caller, history: history, now: now, binding: catalogue.configuration.targetBinding)
    }

    /// As the above, under another `target_binding`.
    public func decide(
        _ change: Change, by caller: Caller, history: VerifiedHistory, now: Timestamp, binding: TargetBinding
    ) -> Decision {
        let requests = change.requests(by: caller)
        if let first = requests.first, let refusal = refusal(of: first, history, now: now) { return refusal }
        let decisions = requests.map { decideWithoutLimits($0, history: history, now: now, binding: binding) }
        let whole =
            decisions.count == 1
            ? decisions[0] : Self.whole(zip(change.steps, decisions).map { StepDecision(step: $0, decision: $1) })
        return raised(whole, risks: decisions.map(\.effectiveRisk), history, caller: caller, now: now)
    }

    /// The decision on a plan, from those on its steps.
    static func whole(_ steps: [StepDecision]) -> Decision {
        guard let strictest = steps.map(\.decision.result.strictness).max(),
            let index = steps.firstIndex(where: { $0.decision.result.strictness == strictest })
        else {
            return Decision(
                result: .deny, code: .noRule, reason: "the change has no step", riskClass: .critical,
                effectiveRisk: .critical)
        }
        var whole = steps[index].decision
        whole.reason = "step \(index + 1), \(Excerpt.quoted(steps[index].step.summary)): \(whole.reason)"
        let decisions = steps.map(\.decision)
        whole.riskClass = decisions.map(\.riskClass).max() ?? whole.riskClass
        whole.effectiveRisk = decisions.map(\.effectiveRisk).max() ?? whole.effectiveRisk
        whole.warnings = warnings(of: decisions)
        whole.errors = decisions.enumerated().flatMap { index, decision in
            decision.errors.map { ParameterError(parameter: $0.parameter, message: $0.message, step: index + 1) }
        }
        let asking = decisions.filter { $0.result == .requireApproval }
        whole.approvals = whole.result == .requireApproval ? approvals(of: asking) : []
        whole.terms =
            whole.result == .requireApproval
            ? asking.dropFirst().reduce(asking[0].terms) { $0.strictest($1.terms) } : ApprovalTerms()
        // Each step says it for itself.
        whole.advisoryPrechecks = []
        whole.steps = steps
        return whole
    }

    /// What is said of every step is said once.
    private static func warnings(of decisions: [Decision]) -> [String] {
        let common = decisions[0].warnings.filter { warning in decisions.allSatisfy { $0.warnings.contains(warning) } }
        return common
            + decisions.enumerated().flatMap { index, decision in
                decision.warnings.filter { !common.contains($0) }.map { "step \(index + 1): \($0)" }
            }
    }

    /// A requirement that is met only by people who meet that of every step: of each role as many as the step that asks for
    /// most of them. Whoever has that many can leave some out, and so fill the entries of any one step.
    private static func approvals(of decisions: [Decision]) -> [ApprovalRequirement] {
        var roles: [String] = []
        var counts: [String: Int] = [:]
        for decision in decisions {
            var asked: [String: Int] = [:]
            for requirement in decision.approvals {
                if !roles.contains(requirement.role) { roles.append(requirement.role) }
                asked[requirement.role, default: 0] += requirement.count
            }
            counts.merge(asked) { max($0, $1) }
        }
        return roles.map { ApprovalRequirement(role: $0, count: counts[$0] ?? 1) }
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
