public import ChangeModel

/// How one request came to its decision: every rule, in the order in which rules are asked.
public struct Explanation: Sendable, Equatable {
    public let decision: Decision
    /// Whether the rules were asked at all: an unknown action, invalid params or a wrong target are denied before.
    public let asksRules: Bool
    public let rules: [RuleExplanation]
    /// In the order of the files; asked after the rules.
    public let freezes: [FreezeExplanation]
}

/// What one rule has to say about a request.
public struct RuleExplanation: Sendable, Equatable {
    public enum Standing: String, Sendable {
        /// The first rule that holds: it decides.
        case decides
        /// It holds as well, and a rule before it decides.
        case overruled
        /// It holds, and was not asked: the request was denied before the rules.
        case notAsked = "not_asked"
        /// A condition of it does not hold.
        case missed
    }

    public let name: String
    public let location: SourceLocation
    public let priority: Int
    public let decision: Verdict
    public let standing: Standing
    /// The conditions that do not hold, in words; empty where all hold.
    public let missed: [String]
}

extension PolicyEngine {
    /// Says of every rule whether it holds, and if not, why.
    ///
    /// The decision is that of `decide` for the same arguments. Cost: all conditions of all rules.
    public func explain(
        _ request: DecisionRequest, history: VerifiedHistory = .none, now: Timestamp
    ) -> Explanation {
        let trace = trace(request, history: history, now: now, binding: catalogue.configuration.targetBinding)
        let words = NearestRules(rules: rules)
        let explained = zip(rules, trace.rules).map { compiled, found in
            RuleExplanation(
                name: compiled.rule.name, location: compiled.rule.location, priority: compiled.rule.priority,
                decision: compiled.rule.decision, standing: found.standing,
                missed: words.words(
                    for: found.missed, of: compiled.rule.match, request, trace.circumstances))
        }
        return Explanation(
            decision: trace.decision, asksRules: trace.asksRules, rules: explained,
            freezes: explainFreezes(request, trace.circumstances))
    }
}

/// A decision, and what every rule has to say about it, in the order in which rules are asked.
struct RuleTrace {
    let decision: Decision
    let asksRules: Bool
    let circumstances: Circumstances
    let rules: [(standing: RuleExplanation.Standing, missed: Conditions)]
}

extension PolicyEngine {
    func trace(
        _ request: DecisionRequest, history: VerifiedHistory, now: Timestamp, binding: TargetBinding
    ) -> RuleTrace {
        let decision = decide(request, history: history, now: now, binding: binding)
        let circumstances = Circumstances(
            request, target: request.target.flatMap { targets[$0] }, effectiveRisk: decision.effectiveRisk,
            isRollback: history.isRollback, now: now)
        let asksRules = [.rule, .frozen, .noRule, .unknownTarget, .cumulativeRisk].contains(decision.code)
        var isDecided = false
        let traced = rules.map { compiled in
            var missed = compiled.missed(by: request, circumstances)
            if !compiled.matchesAction(request.action) { missed.insert(.action) }
            let standing: RuleExplanation.Standing =
                !missed.isEmpty ? .missed : !asksRules ? .notAsked : isDecided ? .overruled : .decides
            if standing == .decides { isDecided = true }
            return (standing, missed)
        }
        return RuleTrace(decision: decision, asksRules: asksRules, circumstances: circumstances, rules: traced)
    }
}
