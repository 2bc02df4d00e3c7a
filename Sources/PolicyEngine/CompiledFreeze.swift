internal import ChangeModel

/// A freeze, ready to be asked.
struct CompiledFreeze: Sendable {
    let freeze: Freeze
    private let frozen: CompiledRule
    private let exceptions: [CompiledRule]

    enum Standing {
        case holds(until: Timestamp)
        /// The period holds, and what is asked for is no matter of the freeze.
        case missed
        case excepted
        /// Not now.
        case outside
    }

    init(_ freeze: Freeze) {
        self.freeze = freeze
        frozen = freeze.compiled(freeze.match)
        exceptions = freeze.exceptions.map { freeze.compiled($0) }
    }

    func standing(_ request: DecisionRequest, _ circumstances: Circumstances) -> Standing {
        guard let interval = freeze.interval(around: circumstances.now) else { return .outside }
        guard frozen.matchesAction(request.action), frozen.holds(for: request, circumstances) else { return .missed }
        if exceptions.contains(where: { $0.matchesAction(request.action) && $0.holds(for: request, circumstances) }) {
            return .excepted
        }
        return .holds(until: interval.upperBound)
    }

    /// What is frozen, and does not hold.
    func missed(by request: DecisionRequest, _ circumstances: Circumstances) -> Conditions {
        var missed = frozen.missed(by: request, circumstances)
        if !frozen.matchesAction(request.action) { missed.insert(.action) }
        return missed
    }
}

extension Freeze {
    /// A match on its own, for what is compiled are rules.
    fileprivate func compiled(_ match: RuleMatch) -> CompiledRule {
        CompiledRule(
            Rule(name: name, match: match, decision: decision, reason: reason, location: location),
            decision: Decision(
                result: decision, code: .frozen, rule: name, location: location, reason: reason, riskClass: .low,
                effectiveRisk: .low))
    }
}

extension PolicyEngine {
    /// Makes a decision of the rules as strict as the freezes that hold: a deny stays the deny that it is; a freeze that
    /// denies goes before one that asks for approval, and of equals the first in the order of the files gives its name. Who
    /// must approve for the rule and for each freeze must approve: what meets the result, meets each of them.
    func freezing(
        _ decision: Decision, _ request: DecisionRequest, _ circumstances: Circumstances
    ) -> Decision {
        guard decision.result != .deny else { return decision }
        var frozen: Decision?
        var approvals = decision.approvals
        for compiled in freezes {
            guard case .holds(let end) = compiled.standing(request, circumstances) else { continue }
            let freeze = compiled.freeze
            if freeze.decision == .deny || frozen == nil {
                var stricter = decision
                stricter.result = freeze.decision == .deny ? .deny : .requireApproval
                stricter.code = .frozen
                stricter.rule = freeze.name
                stricter.location = freeze.location
                // The rule's deadlines, or the repository's, and no glass to break: `except` says who may pass.
                let defaults = catalogue.configuration.terms
                stricter.terms = decision.result == .requireApproval ? decision.terms : defaults
                stricter.terms.breakGlass = nil
                // What the rule lets pass in its own time, it does not let pass in this.
                stricter.advisoryPrechecks = []
                stricter.reason = "\(freeze.reason) (\(words(freeze, end, instead: decision)))"
                frozen = stricter
            }
            if freeze.decision == .deny {
                frozen?.approvals = []
                frozen?.terms = ApprovalTerms()
                frozen?.limits = DecisionLimits(retryAfter: end)
                return frozen ?? decision
            }
            approvals = approvals.joined(with: Self.requirements(freeze.approvals, catalogue.configuration))
        }
        frozen?.approvals = approvals
        return frozen ?? decision
    }

    private func words(_ freeze: Freeze, _ end: Timestamp, instead decision: Decision) -> String {
        "frozen until \(end), \(freeze.zone.wallTime(at: end)) in \(freeze.zone.name); rule `\(decision.rule ?? "")` says "
            + decision.result.rawValue
    }

}

extension [ApprovalRequirement] {
    /// The least that meets both: of each role, as many people as the list that asks for more.
    fileprivate func joined(with other: [ApprovalRequirement]) -> [ApprovalRequirement] {
        func total(_ list: [ApprovalRequirement], _ role: String) -> Int {
            list.filter { $0.role == role }.reduce(0) { $0 + $1.count }
        }
        return other.reduce(into: self) { joined, requirement in
            let lacking = total(other, requirement.role) - total(joined, requirement.role)
            guard lacking > 0 else { return }
            if let index = joined.firstIndex(where: { $0.role == requirement.role }) {
                joined[index].count += lacking
            } else {
                joined.append(ApprovalRequirement(role: requirement.role, count: lacking))
            }
        }
    }
}
