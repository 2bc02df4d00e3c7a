public import ChangeModel

/// Decides what a caller may do to a target. Pure: the same catalogue, request and instant always give the same decision.
public struct PolicyEngine: Sendable {
    /// Recorded with every decision; rises when the same input could come out differently.
    public static let version = "2"

    public let catalogue: Catalogue
    let rules: [CompiledRule]
    let actions: [String: CompiledAction]
    let freezes: [CompiledFreeze]
    private let ticketPattern: TicketPattern?
    let targets: [String: CompiledTarget]
    let index: RuleIndex
    private let settingsWarnings: [String]
    /// The same, and that limits do not apply, where there is no ledger.
    private let plainWarnings: [String]
    let limits: CallerLimits
    let maker = Plan.Maker()

    /// Sorts the rules by priority, highest first, and in the given order within a priority; compiles globs and patterns, and
    /// makes the index by which a request finds its rule. Cost: rules × (actions + targets) ÷ 64, and the patterns.
    public init(catalogue: Catalogue) {
        self.catalogue = catalogue
        let warnings = catalogue.configuration.unenforced.map {
            "`\($0)` is configured but this version does not enforce it"
        }
        settingsWarnings = warnings
        freezes = catalogue.freezes.map { CompiledFreeze($0) }
        ticketPattern = catalogue.configuration.ticketPattern.map { TicketPattern($0) }
        limits = CallerLimits(catalogue.configuration)
        let plainWarnings = warnings + limits.notes
        self.plainWarnings = plainWarnings
        let rules = catalogue.rules.enumerated()
            .sorted { ($1.element.priority, $0.offset) < ($0.element.priority, $1.offset) }
            .map { CompiledRule($0.element, decision: Self.decision(of: $0.element, catalogue, plainWarnings)) }
        self.rules = rules
        let names = ParameterNames(catalogue.actions.values)
        var table = RuleSetTable(count: rules.count)
        actions = catalogue.actions.mapValues { action in
            CompiledAction(action, rules: table.add(rules.map { $0.matchesAction(action.name) }), names: names)
        }
        let sets = TargetSets(rules, width: table.width)
        targets = catalogue.targets.mapValues {
            CompiledTarget($0, rules: table.add(words: sets.words(of: $0)), names: names)
        }
        index = RuleIndex(rules, table)
    }

    /// What a rule that decides says, but for the risks, which are the request's.
    private static func decision(of rule: Rule, _ catalogue: Catalogue, _ warnings: [String]) -> Decision {
        var decision = Decision(
            result: rule.decision, code: .rule, rule: rule.name, location: rule.location, reason: rule.reason,
            riskClass: .low, effectiveRisk: .low, warnings: warnings,
            approvals: rule.decision == .requireApproval
                ? requirements(rule.approvals, catalogue.configuration) : [],
            terms: rule.decision == .requireApproval
                ? rule.terms.filled(from: catalogue.configuration.terms) : ApprovalTerms())
        if rule.decision != .deny { decision.advisoryPrechecks = Set(rule.advisoryPrechecks).sorted() }
        return decision
    }

    /// The policy's answer, under the repository's own `target_binding`.
    public func decide(_ request: DecisionRequest, history: VerifiedHistory = .none, now: Timestamp) -> Decision {
        decide(request, history: history, now: now, binding: catalogue.configuration.targetBinding)
    }

    /// - Parameter binding: under `advisory`, a wrong target type, a param that contradicts the locator, and, where no params
    ///   are given, a missing one are warnings. Only questions may be answered so; a change is always judged under `enforce`.
    public func decide(
        _ request: DecisionRequest, history: VerifiedHistory = .none, now: Timestamp, binding: TargetBinding
    ) -> Decision {
        if let refusal = refusal(of: request, history, now: now) { return refusal }
        let decision = decideWithoutLimits(request, history: history, now: now, binding: binding)
        return raised(decision, risks: [decision.effectiveRisk], history, caller: request.caller, now: now)
    }

    /// The decision where the caller may ask for nothing now; nil where it may, or where there is no ledger.
    func refusal(of request: DecisionRequest, _ history: VerifiedHistory, now: Timestamp) -> Decision? {
        guard let past = history.caller,
            let refusal = limits.refusal(past, caller: request.caller.id, now: now)
        else { return nil }
        let sensitivity = request.target.flatMap { catalogue.targets[$0] }?.sensitivity
        let risk = actions[request.action]?.definition.riskClass ?? .critical
        return Decision(
            result: .deny, code: refusal.code, reason: refusal.reason, riskClass: risk,
            effectiveRisk: risk.effective(on: sensitivity), warnings: settingsWarnings, limits: refusal.limits)
    }

    /// The decision with the cumulative risk taken into account.
    ///
    /// - Parameter risks: the effective risk of each step.
    func raised(
        _ decision: Decision, risks: [RiskLevel], _ history: VerifiedHistory, caller: Caller, now: Timestamp
    ) -> Decision {
        guard let past = history.caller, decision.result != .deny else { return decision }
        return limits.raised(decision, risks: risks, past, caller: caller.id, now: now)
    }

    /// Whether the ledger takes a decision on a change: within a day, of one caller, it takes a bounded number of changes that
    /// are denied, and none that it has no decision on yet beyond that. So a flood of them does not make it grow.
    public func takesRecord(of decision: Decision, _ caller: CallerHistory, now: Timestamp) -> Bool {
        decision.result != .deny || caller.standing != .unrecorded || !limits.isRecordFull(caller, now: now)
    }

    /// The answer of catalogue and rules, whatever the caller did before.
    func decideWithoutLimits(
        _ request: DecisionRequest, history: VerifiedHistory, now: Timestamp, binding: TargetBinding
    ) -> Decision {
        let target = request.target.flatMap { targets[$0] }
        /// Beside those that every decision carries.
        var warnings: [String] = []
        if target == nil {
            let hint = request.target.map { Suggestion.text(for: $0, among: catalogue.targets.keys) } ?? ""
            warnings.append(UnknownTarget.words(request.target) + ": it counts as critical" + hint)
        }
        let isPlain = history.caller == nil
        func allWarnings() -> [String] { (isPlain ? plainWarnings : settingsWarnings) + warnings }
        guard let action = actions[request.action] else {
            return Decision(
                result: .deny, code: .unknownAction,
                reason: "no action \(Excerpt.quoted(request.action)) in the catalogue"
                    + Suggestion.text(for: request.action, among: actions.keys),
                riskClass: .critical, effectiveRisk: RiskLevel.critical.effective(on: target?.entry.sensitivity),
                warnings: allWarnings())
        }
        let risk = action.definition.riskClass
        let effectiveRisk = risk.effective(on: target?.entry.sensitivity)
        func deny(_ code: DecisionCode, _ reason: String, errors: [ParameterError] = []) -> Decision {
            Decision(
                result: .deny, code: code, reason: reason, riskClass: risk, effectiveRisk: effectiveRisk,
                warnings: allWarnings(), errors: errors)
        }
        let faults = action.faults(in: request.parameters, target: target)
        let errors = faults.errors
        // The Python project does not look at params where none are given.
        if !errors.isEmpty, binding == .advisory, request.parameters.isEmpty {
            warnings += errors.map { "param \(Excerpt.quoted($0.parameter)) \($0.message)" }
        } else if !errors.isEmpty {
            let first = errors.prefix(3).map { "\(Excerpt.quoted($0.parameter)) \($0.message)" }
            let rest = errors.count > 3 ? ["… \(errors.count - 3) more"] : []
            return deny(.parameterInvalid, "invalid params: " + (first + rest).joined(separator: "; "), errors: errors)
        }
        if let target {
            let typeFault = action.typeFault(target)
            let bindingFaults = faults.binding
            switch binding {
            case .enforce:
                if let typeFault { return deny(.targetType, typeFault) }
                if !bindingFaults.isEmpty { return deny(.targetBinding, bindingFaults.joined(separator: "; ")) }
            case .advisory:
                if let typeFault { warnings.append(typeFault) }
                warnings += bindingFaults
            }
        }
        if let objection = request.caller.delegation?.objection(action: request.action, target: request.target) {
            return deny(.delegationScope, objection)
        }
        if let ticketPattern, let ticket = request.ticket, !ticket.isEmpty, !ticketPattern.matches(ticket) {
            return deny(.ticketInvalid, ticketPattern.fault(of: ticket))
        }
        let circumstances = Circumstances(
            request, target: target, effectiveRisk: effectiveRisk, isRollback: history.isRollback, now: now)
        return judge(
            action, request, circumstances, warnings: isPlain && warnings.isEmpty ? nil : allWarnings())
    }

    /// The first rule that holds, or the default: deny; and then the freezes.
    ///
    /// - Parameter warnings: nil for those that every decision carries where there is no ledger.
    func judge(
        _ action: CompiledAction, _ request: DecisionRequest, _ circumstances: Circumstances, warnings: [String]?
    ) -> Decision {
        guard let first = index.first(rules, action.rules, request, circumstances) else {
            return deniedByDefault(action, request, circumstances, warnings: warnings ?? plainWarnings)
        }
        var decision = rules[first].decision
        decision.riskClass = action.definition.riskClass
        decision.effectiveRisk = circumstances.effectiveRisk
        if let warnings, warnings != plainWarnings { decision.warnings = warnings }
        return freezes.isEmpty ? decision : freezing(decision, request, circumstances)
    }

    // Apart from the rest, which is then without the copies that this keeps.
    @inline(never)
    private func deniedByDefault(
        _ action: CompiledAction, _ request: DecisionRequest, _ circumstances: Circumstances, warnings: [String]
    ) -> Decision {
        var reason: String
        if let target = circumstances.target {
            reason = action.unmatched
            reason += target.deniedByDefault
        } else {
            reason = "\(UnknownTarget.words(request.target)), and no rule matches without one: denied by default"
        }
        return Decision(
            result: .deny, code: circumstances.target == nil ? .unknownTarget : .noRule, reason: reason,
            riskClass: action.definition.riskClass, effectiveRisk: circumstances.effectiveRisk, warnings: warnings,
            nearest: NearMisses { [rules] in NearestRules(rules: rules).find(for: request, circumstances) })
    }

    /// The rule's or the freeze's own, else the repository's. There is always at least one: a rule that requires approval must never be
    /// met by nobody.
    static func requirements(_ own: [ApprovalRequirement], _ settings: Configuration) -> [ApprovalRequirement] {
        for requirements in [own, settings.approvals] {
            let real = requirements.filter { $0.count > 0 }
            if !real.isEmpty { return real }
        }
        return [ApprovalRequirement(role: Role.approver, count: 1)]
    }

    /// Faults in an action's definition that would deny requests: patterns that do not compile, defaults that break the
    /// action's own constraints.
    public static func problems(in action: ActionDefinition) -> [ParameterError] {
        action.parameters.flatMap { definition in
            CompiledParameter(definition).problems.map { ParameterError(parameter: definition.name, message: $0) }
        }
    }
}

enum UnknownTarget {
    static func words(_ name: String?) -> String {
        name.map { "target \(Excerpt.quoted($0)) is not in the inventory" } ?? "no target was named"
    }
}
