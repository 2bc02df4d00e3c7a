internal import ChangeModel

/// Collects the findings of one catalogue.
struct PolicyLint {
    private let engine: PolicyEngine
    private let names: LintNames
    private let rulesByName: [String: Rule]
    private(set) var findings: [LintFinding] = []
    /// What was asked before, for globs and lists stand in many rules.
    private var matchedGlobs: [String: Bool] = [:]
    private var missingPeople: [[ApprovalRequirement]: [ApprovalRequirement]] = [:]

    init(engine: PolicyEngine) {
        self.engine = engine
        names = LintNames(engine.catalogue)
        rulesByName = Dictionary(engine.catalogue.rules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func look(now: Timestamp, effort: Int) {
        lookAtReach(effort)
        for rule in engine.catalogue.rules { look(at: rule) }
        lookAtTypes()
        for freeze in engine.catalogue.freezes { look(at: freeze, now) }
        lookAtApprovals(
            engine.catalogue.configuration.approvals, SourceLocation(file: Configuration.fileName, line: 1),
            Configuration.fileName)
        for action in engine.catalogue.actions.values {
            for problem in PolicyEngine.problems(in: action) {
                add(
                    .unusableParameter, .error, action.location, action.name,
                    "param `\(problem.parameter)`: \(problem.message)")
            }
        }
        for target in engine.catalogue.targets.values where target.locator.isEmpty {
            add(
                .noLocator, .note, target.location, target.id,
                "target `\(target.id)` has no locator, so nothing binds its name to a real thing")
        }
    }

    private mutating func add(
        _ code: LintFinding.Code, _ level: LintFinding.Level, _ location: SourceLocation, _ subject: String,
        _ message: String
    ) {
        findings.append(
            LintFinding(code: code, level: level, location: location, subject: subject, message: message))
    }

    // MARK: - Rules among themselves

    private mutating func lookAtReach(_ effort: Int) {
        let reach = engine.reachability(effort: effort)
        for found in reach.unreachable {
            // For some there is more to say, and it is said elsewhere.
            guard !found.coveredBy.isEmpty || hasNoBetterReason(found) else { continue }
            add(
                found.coveredBy.isEmpty ? .neverHolds : .unreachableRule, .error, found.location, found.rule,
                "rule `\(found.rule)` never decides: \(found.reason)")
        }
        if reach.unexamined > 0, let first = engine.rules.dropLast(reach.unexamined - 1).last?.rule {
            add(
                .unexamined, .note, first.location, first.name,
                "whether rule `\(first.name)` and \(reach.unexamined - 1) rules asked after it are reachable was not "
                    + "looked at: there are too many rules")
        }
    }

    /// Whether nothing else is found that keeps the rule from ever holding.
    private func hasNoBetterReason(_ found: UnreachableRule) -> Bool {
        guard let match = rulesByName[found.rule]?.match else { return true }
        let isContradiction =
            match.callers?.maximumDelegationDepth == 0
            && (match.callers?.requireDelegation == true || match.callers?.delegatedFrom != nil)
        let isUnknown =
            !match.actions.isEmpty
            && !match.actions.contains { glob in
                let compiled = Glob(glob)
                return engine.actions.keys.contains { compiled.matches($0) }
            }
        return !isContradiction && !isUnknown
    }

    /// Under `target_binding: enforce` an action meets no target of another type than its own.
    private mutating func lookAtTypes() {
        var fitting = Set<Int>()
        for action in engine.actions.values {
            for index in engine.index.members(of: action.rules)
            where engine.rules[index].rule.match.targets?.types?.contains(where: action.definition.targetTypes.contains)
                ?? true
            {
                fitting.insert(index)
            }
        }
        for (index, compiled) in engine.rules.enumerated() where !fitting.contains(index) {
            let rule = compiled.rule
            // Without a known action there is something else to say.
            guard let types = rule.match.targets?.types, !types.isEmpty, rule.match.actions.contains(where: isMatched)
            else { continue }
            add(
                .typeMismatch, .error, rule.location, rule.name,
                "no action that rule `\(rule.name)` names works on a target of type \(Excerpt.list(types))")
        }
    }

    private func isMatched(_ glob: String) -> Bool { matchedGlobs[glob] ?? true }

    // MARK: - One rule, one freeze

    private mutating func look(at rule: Rule) {
        let subject = "rule `\(rule.name)`"
        look(at: rule.match, rule.location, rule.name, subject)
        let match = rule.match
        let isForEverybody = match.callers.map { $0 == CallerSelector() } ?? true
        let isForEverything = match.targets.map { $0 == TargetSelector() } ?? true
        if rule.decision == .allow, isForEverybody, isForEverything {
            let isForEveryAction = engine.actions.keys.allSatisfy { name in
                match.actions.contains { Glob($0).matches(name) }
            }
            add(
                .allowAll, isForEveryAction ? .error : .note, rule.location, rule.name,
                "\(subject) allows \(isForEveryAction ? "everything" : Excerpt.list(match.actions)) and names neither callers "
                    + "nor targets")
        }
        look(atDepthOf: rule, subject)
        look(atPrechecksOf: rule, subject)
        if rule.decision == .requireApproval, !rule.approvals.isEmpty {
            lookAtApprovals(rule.approvals, rule.location, subject)
        }
    }

    private mutating func look(atPrechecksOf rule: Rule, _ subject: String) {
        guard !rule.advisoryPrechecks.isEmpty else { return }
        let globs = rule.match.actions.map { Glob($0) }
        let checked = engine.actions.filter { name, _ in globs.contains { $0.matches(name) } }
            .flatMap { $1.definition.prechecks.map(\.name) }
        for name in Set(rule.advisoryPrechecks).sorted() {
            if rule.decision == .deny {
                add(
                    .unknownPrecheck, .error, rule.location, rule.name,
                    "\(subject) denies, so nothing asks for the precheck `\(name)` that it makes advisory")
            } else if !checked.contains(name) {
                add(
                    .unknownPrecheck, .error, rule.location, rule.name,
                    "no action that \(subject) names has the precheck `\(name)` that it makes advisory")
            } else {
                add(
                    .advisoryPrecheck, .note, rule.location, rule.name,
                    "\(subject) lets happen what it decides on though the precheck `\(name)` fails")
            }
        }
    }

    private mutating func look(atDepthOf rule: Rule, _ subject: String) {
        guard let callers = rule.match.callers, let depth = callers.maximumDelegationDepth else { return }
        if rule.decision == .deny {
            add(
                .delegationDepth, .error, rule.location, rule.name,
                "\(subject) denies callers up to delegation depth \(depth), direct ones too, and lets deeper chains pass; to stop "
                    + "deep chains, put `max_delegation_depth` into the rules that allow")
        } else if depth == 0, callers.requireDelegation == true || callers.delegatedFrom != nil {
            add(
                .delegationDepth, .error, rule.location, rule.name,
                "\(subject) asks for a delegation, and for a depth of 0, which is that of a caller without one")
        } else if depth >= Self.deepestChain {
            add(
                .delegationDepth, .note, rule.location, rule.name,
                "\(subject) limits nothing with `max_delegation_depth: \(depth)`: no chain is deeper than \(Self.deepestChain)"
            )
        }
    }

    /// No delegation chain is longer.
    private static let deepestChain = Delegation.maximumDepth

    private mutating func look(at freeze: Freeze, _ now: Timestamp) {
        let subject = "freeze `\(freeze.name)`"
        look(at: freeze.match, freeze.location, freeze.name, subject)
        for exception in freeze.exceptions { look(at: exception, freeze.location, freeze.name, subject) }
        if freeze.isOver(at: now) {
            add(.freezeOver, .note, freeze.location, freeze.name, "\(subject) is over, and will never hold again")
        }
        if freeze.decision == .requireApproval, !freeze.approvals.isEmpty {
            lookAtApprovals(freeze.approvals, freeze.location, subject)
        }
    }

    private mutating func look(
        at match: RuleMatch, _ location: SourceLocation, _ name: String, _ subject: String
    ) {
        for glob in match.actions {
            if matchedGlobs[glob] == nil {
                let compiled = Glob(glob)
                matchedGlobs[glob] = engine.actions.keys.contains { compiled.matches($0) }
            }
            if !isMatched(glob) {
                let hint = Suggestion.text(for: glob, among: engine.actions.keys)
                add(
                    .unknownAction, .error, location, name,
                    "\(subject) names \(Excerpt.quoted(glob)), which no action of the catalogue matches\(hint)")
            }
        }
        for (code, message) in names.unknown(in: match) { add(code, .note, location, name, "\(subject) \(message)") }
    }

    private mutating func lookAtApprovals(
        _ approvals: [ApprovalRequirement], _ location: SourceLocation, _ subject: String
    ) {
        guard let people = names.people else { return }
        let missing = missingPeople[approvals] ?? ApprovalAssignment(approvals, voters: people).missing
        missingPeople[approvals] = missing
        guard !missing.isEmpty else { return }
        let lacking = missing.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
        add(
            .unmeetableApprovals, .error, location, subject.split(separator: "`").last.map(String.init) ?? subject,
            "\(subject) asks for approvals that nobody can give: identities.yaml lacks \(lacking), each another person")
    }
}
