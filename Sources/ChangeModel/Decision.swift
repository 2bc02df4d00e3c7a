/// Why a decision came out as it did, stable for programs.
public enum DecisionCode: String, Sendable, CaseIterable {
    case rule
    case noRule = "no_rule"
    case unknownAction = "unknown_action"
    case unknownTarget = "unknown_target"
    case parameterInvalid = "param_invalid"
    case targetType = "target_type"
    case targetBinding = "target_binding"
    /// A freeze makes the decision stricter than the rules do.
    case frozen
    /// The ticket that the request names is not what this repository's tickets look like.
    case ticketInvalid = "ticket_invalid"
    /// The caller has asked for too much lately, or the ledger takes no more denied changes of theirs.
    case rateLimited = "rate_limited"
    /// Too much of what the caller asked for was denied lately.
    case circuitOpen = "circuit_open"
    /// A rule would have been milder, but the caller has gathered too much risk.
    case cumulativeRisk = "cumulative_risk"
    /// The change itself may not run any more: it is past `expires`.
    case expired
    /// Its `expires` lies further ahead than the repository allows.
    case lifetimeTooLong = "lifetime_too_long"
    /// The key that signed the proposal was taken back or is not valid now, or its owner is gone.
    case proposerKey = "proposer_key"
    /// A person with the right to do so rejected, withdrew or cancelled it.
    case rejected
    case withdrawn
    /// The approvals were not complete by the rule's `review_by`.
    case reviewOverdue = "review_overdue"
    /// It was approved, and the rule's `execute_within` has passed since.
    case executionOverdue = "execution_overdue"
    /// The delegation that the change was proposed under is forged, ended, or was never its proposer's.
    case delegationInvalid = "delegation_invalid"
    /// The action or the target is none that was delegated.
    case delegationScope = "delegation_scope"
    /// The change was written for another repository.
    case wrongRepository = "wrong_repository"
}

/// What is wrong with one param.
public struct ParameterError: Hashable, Sendable {
    public var parameter: String
    public var message: String
    /// The step of a plan, from 1; nil for what is no plan.
    public var step: Int?

    public init(parameter: String, message: String, step: Int? = nil) {
        self.parameter = parameter
        self.message = message
        self.step = step
    }
}

/// The answer of the policy to one step of a plan.
public struct StepDecision: Hashable, Sendable {
    public var step: ChangeStep
    public var decision: Decision

    public init(step: ChangeStep, decision: Decision) {
        self.step = step
        self.decision = decision
    }

    /// A decision's members, and before them `action` and `target`.
    var json: JSONValue {
        var json = decision.json
        json["action"] = .string(step.action)
        json["target"] = .string(step.target)
        return json
    }
}

/// A rule that did not match, and the conditions that it missed.
public struct NearMiss: Hashable, Sendable {
    public var rule: String
    public var location: SourceLocation
    public var missed: [String]

    public init(rule: String, location: SourceLocation, missed: [String]) {
        self.rule = rule
        self.location = location
        self.missed = missed
    }
}

/// Near misses that may be worked out later: finding them takes longer than deciding, and few ask.
public struct NearMisses: Hashable, Sendable {
    private let compute: (@Sendable () -> [NearMiss])?

    public static var none: NearMisses { NearMisses() }

    private init() { compute = nil }

    public init(_ known: [NearMiss]) {
        if known.isEmpty { compute = nil } else { compute = { known } }
    }

    /// - Parameter compute: pure: whoever asks, and however often, is told the same.
    public init(_ compute: @escaping @Sendable () -> [NearMiss]) {
        self.compute = compute
    }

    public var value: [NearMiss] { compute?() ?? [] }

    public static func == (left: NearMisses, right: NearMisses) -> Bool { left.value == right.value }
    public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// The answer of the policy to one request.
///
/// A value like any other. What a rule says is written once, however many decisions say it; only the two risks are each
/// decision's own. So a decision is quick to copy and to keep.
public struct Decision: Hashable, Sendable {
    public var riskClass: RiskLevel
    public var effectiveRisk: RiskLevel
    private var answer: Answer

    public init(
        result: Verdict, code: DecisionCode, rule: String? = nil, location: SourceLocation? = nil, reason: String,
        riskClass: RiskLevel, effectiveRisk: RiskLevel, warnings: [String] = [], errors: [ParameterError] = [],
        nearest: NearMisses = .none, approvals: [ApprovalRequirement] = [], terms: ApprovalTerms = ApprovalTerms(),
        limits: DecisionLimits? = nil
    ) {
        self.riskClass = riskClass
        self.effectiveRisk = effectiveRisk
        answer = Answer(
            Answer.Parts(
                result: result, code: code, rule: rule, location: location, reason: reason, warnings: warnings,
                errors: errors, nearest: nearest, approvals: approvals, terms: terms, limits: limits))
    }

    public var result: Verdict {
        get { answer.parts.result }
        set { change { $0.result = newValue } }
    }
    public var code: DecisionCode {
        get { answer.parts.code }
        set { change { $0.code = newValue } }
    }
    public var rule: String? {
        get { answer.parts.rule }
        set { change { $0.rule = newValue } }
    }
    public var location: SourceLocation? {
        get { answer.parts.location }
        set { change { $0.location = newValue } }
    }
    public var reason: String {
        get { answer.parts.reason }
        set { change { $0.reason = newValue } }
    }
    public var warnings: [String] {
        get { answer.parts.warnings }
        set { change { $0.warnings = newValue } }
    }
    public var errors: [ParameterError] {
        get { answer.parts.errors }
        set { change { $0.errors = newValue } }
    }
    /// For a default deny: the rules that came nearest, best first, and what they missed. Worked out when asked for.
    public var nearest: [NearMiss] {
        get { answer.parts.nearest.value }
        set { change { $0.nearest = NearMisses(newValue) } }
    }
    /// Who must approve; empty unless `result` is `requireApproval`.
    public var approvals: [ApprovalRequirement] {
        get { answer.parts.approvals }
        set { change { $0.approvals = newValue } }
    }
    /// Of a plan: what was decided on each step, in order, of which this decision is the strictest; else empty.
    public var steps: [StepDecision] {
        get { answer.parts.steps }
        set { change { $0.steps = newValue } }
    }
    /// Deadlines of these approvals and who may do without them; nothing unless `result` is `requireApproval`.
    public var terms: ApprovalTerms {
        get { answer.parts.terms }
        set { change { $0.terms = newValue } }
    }
    /// Prechecks that may fail without stopping it, as the deciding rule names them, sorted; nothing where something made the
    /// decision stricter than the rule.
    public var advisoryPrechecks: [String] {
        get { answer.parts.advisoryPrechecks }
        set { change { $0.advisoryPrechecks = newValue } }
    }
    /// What the limits on the caller have to say; nil where none apply.
    public var limits: DecisionLimits? {
        get { answer.parts.limits }
        set { change { $0.limits = newValue } }
    }

    /// What a decision says never changes: a decision that is changed says something new.
    private mutating func change(_ edit: (inout Answer.Parts) -> Void) {
        var parts = answer.parts
        edit(&parts)
        answer = Answer(parts)
    }

    /// All of a decision but the risks.
    private final class Answer: Hashable, Sendable {
        struct Parts: Hashable, Sendable {
            var result: Verdict
            var code: DecisionCode
            var rule: String?
            var location: SourceLocation?
            var reason: String
            var warnings: [String]
            var errors: [ParameterError]
            var nearest: NearMisses
            var approvals: [ApprovalRequirement]
            var steps: [StepDecision] = []
            var terms: ApprovalTerms
            var advisoryPrechecks: [String] = []
            var limits: DecisionLimits?
        }

        let parts: Parts

        init(_ parts: Parts) { self.parts = parts }

        static func == (left: Answer, right: Answer) -> Bool { left === right || left.parts == right.parts }
        func hash(into hasher: inout Hasher) { hasher.combine(parts) }
    }

    /// The stable JSON form. `rule` and `location` are null when no rule decided.
    public var json: JSONValue {
        .compact([
            "result": .string(result.rawValue),
            "code": .string(code.rawValue),
            "rule": rule.map { .string($0) } ?? .null,
            "location": location.map { .string($0.description) } ?? .null,
            "reason": .string(reason),
            "risk_class": .string(riskClass.description),
            "effective_risk": .string(effectiveRisk.description),
            "warnings": .strings(warnings),
            "errors": errors.isEmpty
                ? nil
                : .array(
                    errors.map {
                        .compact([
                            "param": .string($0.parameter), "message": .string($0.message),
                            "step": $0.step.map { .integer(Int64($0)) },
                        ])
                    }),
            "nearest": nearest.isEmpty
                ? nil
                : .array(
                    nearest.map {
                        [
                            "rule": .string($0.rule), "location": .string($0.location.description),
                            "missed": .strings($0.missed),
                        ]
                    }),
            "approvals": approvals.isEmpty ? nil : .requirements(approvals),
            "review_by": terms.reviewBy.map { .integer($0) },
            "execute_within": terms.executeWithin.map { .integer($0) },
            "break_glass": terms.breakGlass?.json,
            "advisory_prechecks": advisoryPrechecks.isEmpty ? nil : .strings(advisoryPrechecks),
            "steps": steps.isEmpty ? nil : .array(steps.map(\.json)),
            "retry_after": limits?.retryAfter.map { .string($0.description) },
            "limits": limits?.json,
        ])
    }

    /// The prechecks of one step, from 0, that may fail without stopping it.
    public func advisoryPrechecks(ofStep index: Int) -> Set<String> {
        guard result != .deny, limits?.cumulative?.raisedFrom == nil else { return [] }
        if steps.isEmpty { return Set(advisoryPrechecks) }
        return steps.indices.contains(index) ? Set(steps[index].decision.advisoryPrechecks) : []
    }

    /// The name that the ledger's trailers use: the rule's, or the code where no rule decided.
    public var ruleOrCode: String { rule ?? code.rawValue }
}

extension JSONValue {
    /// `[{"role", "count"}, …]`
    public static func requirements(_ requirements: [ApprovalRequirement]) -> JSONValue {
        .array(requirements.map { ["role": .string($0.role), "count": .integer(Int64($0.count))] })
    }

    /// Reads the same; nil for anything else.
    public var requirements: [ApprovalRequirement]? {
        guard let entries = arrayValue else { return nil }
        var found: [ApprovalRequirement] = []
        for entry in entries {
            guard let role = entry["role"]?.stringValue, let count = entry["count"]?.integerValue,
                (1...1_000_000).contains(count)
            else { return nil }
            found.append(ApprovalRequirement(role: role, count: Int(count)))
        }
        return found
    }
}
