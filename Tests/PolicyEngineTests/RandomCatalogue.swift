import ChangeModel
import PolicyEngine
import TestSupport

@testable import NaiveEngine

/// Makes catalogues and requests from small vocabularies, so that rules match, nearly match and contradict one another often.
struct RandomCatalogue {
    let catalogue: Catalogue

    /// The regular expressions in use, and what they mean. `(` does not compile, and so is not listed.
    static let patterns: [String: @Sendable (String) -> Bool] = [
        "[a-z][a-z0-9-]{0,7}": { text in
            let letters = Array(text.utf8)
            return (1...8).contains(letters.count) && (97...122).contains(letters[0])
                && letters.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        },
        "^(prod|staging)(-[0-9]+)?$": { text in
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts[0] == "prod" || parts[0] == "staging" else { return false }
            return parts.count == 1
                || parts.count == 2 && !parts[1].isEmpty && parts[1].allSatisfy { $0.isASCII && $0.isNumber }
        },
        "INC-[0-9]+": {
            $0.hasPrefix("INC-") && $0.count > 4 && $0.dropFirst(4).allSatisfy { "0123456789".contains($0) }
        },
        "(INC|CHG)-[1-9]": {
            $0.count == 5 && ($0.hasPrefix("INC-") || $0.hasPrefix("CHG-")) && "123456789".contains($0.last!)
        },
    ]

    private static let actionNames = ["scale-deployment", "scale-hpa", "get-logs", "delete-pod", "drain-node", "a"]
    private static let globs = [
        "*", "scale-*", "*-pod", "get-logs", "[d-g]*", "[!s]*", "?", "*-[hn]*", "scale-deploymen", "s*e*-*", "[]a]",
        "delete-po?", "drain-node", "scale-hpa", "delete-pod",
    ]
    private static let types = ["k8s-pod", "k8s-deployment", "k8s-node"]
    private static let labels = ["team": ["a", "b"], "tier": ["1", "2"]]
    private static let roles = ["deployer", "admin", "reader", "on-call"]
    private static let groups = ["east", "west", "night"]
    private static let delegators = ["alice", "bob", "orchestrator", "agent-3"]
    private static let names = ["agent-1", "agent-2", "alice"]

    /// A param, and values that it mostly accepts.
    private static let parameters: [(ParameterDefinition, [JSONValue])] = [
        (parameter("namespace", .string, pattern: "[a-z][a-z0-9-]{0,7}"), ["prod", "staging", "a-1", "dev"]),
        (parameter("stage", .string, pattern: "^(prod|staging)(-[0-9]+)?$"), ["prod", "staging-12", "prod-0"]),
        (parameter("replicas", .integer, minimum: 0, maximum: 100), [0, 3, 100, 5]),
        (parameter("ratio", .number, minimum: 0.5, maximum: 1.5), [0.5, 1, 1.5, 1.25]),
        (parameter("force", .boolean), [true, false]),
        (parameter("command", .array, lengths: 1...2), [["ls"], ["ls", "-l"], [1]]),
        (parameter("verbs", .array, allowed: ["get", "list"]), [["get"], ["list", "get"], []]),
        (parameter("image", .string, lengths: 1...8), ["nginx", "a", "12345678"]),
        (parameter("level", .string, allowed: ["low", "high"]), ["low", "high"]),
        (parameter("count", .integer, allowed: ["1", "2", 3]), [1, 2, 3]),
        (parameter("password", .string, sensitive: true), ["vault:db", "vault:a.b_c-9"]),
    ]
    private static let broken = (parameter("broken", .string, pattern: "("), [JSONValue]())
    private static let anyValues: [JSONValue] = [
        "prod", "staging", "", "9bad", "much-too-long-a-value", "é", "vault:", "vault:-x", "secret", "5", "true", "get",
        "staging-", "stagin", -1, 0, 1, 2, 3, 5, 100, 101, .integer(.max), .integer(.min), 0.25, 1.0, 1.5, 1.75, 5.0,
        true, false, nil, [], ["get"], ["put"], [1, 2, 3], [nil], [:], ["a": 1],
    ]
    private static let locatorTexts = ["prod", "staging", "5", "100", "true", "1.25", "get", "9bad", "low", "vault:db"]

    private static func parameter(
        _ name: String, _ type: ParameterType, minimum: Double? = nil, maximum: Double? = nil,
        lengths: ClosedRange<Int>? = nil, pattern: String? = nil, allowed: [JSONValue]? = nil, sensitive: Bool = false
    ) -> ParameterDefinition {
        ParameterDefinition(
            name: name, type: type,
            constraints: ParameterConstraints(
                minimumValue: minimum, maximumValue: maximum, minimumLength: lengths?.lowerBound,
                maximumLength: lengths?.upperBound, pattern: pattern, allowed: allowed),
            sensitive: sensitive)
    }

    /// - Parameter most: one rule more than there can be.
    init(using random: inout SeededGenerator, rules most: Int = 14) {
        var actions: [ActionDefinition] = []
        for name in Self.actionNames { actions.append(Self.action(name, &random)) }
        var targets: [TargetEntry] = []
        for index in 0..<5 { targets.append(Self.target("t\(index)", &random)) }
        var rules: [Rule] = []
        for index in 0..<random.below(most) { rules.append(Self.rule("r\(index)", &random)) }
        var freezes: [Freeze] = []
        if random.chance(60) {
            for index in 0..<(1 + random.below(3)) { freezes.append(Self.freeze("f\(index)", &random)) }
        }
        var configuration = Configuration(targetBinding: random.chance(80) ? .enforce : .advisory)
        if random.chance(15) { configuration.ticketPattern = random.pick(Self.ticketPatterns) }
        RandomPast.limit(&configuration, using: &random)
        catalogue = Catalogue(
            configuration: configuration, actions: actions, targets: targets, rules: rules, freezes: freezes,
            identities: nil)
    }

    private static func action(_ name: String, _ random: inout SeededGenerator) -> ActionDefinition {
        var parameters = random.some(of: Self.parameters, percent: 25)
        if random.chance(3) { parameters.append(broken) }
        let definitions = parameters.map { definition, values in
            var definition = definition
            definition.required = random.chance(50)
            if random.chance(30) {
                definition.defaultValue =
                    values.isEmpty || random.chance(4) ? random.pick(anyValues) : random.pick(values)
            }
            return definition
        }
        return ActionDefinition(
            name: name, parameters: definitions, riskClass: random.pick(RiskLevel.allCases),
            targetTypes: random.chance(80) ? types : random.some(of: types), digest: Digest(of: Array(name.utf8)),
            location: SourceLocation(file: "actions/\(name).yaml", line: 1))
    }

    private static func target(_ id: String, _ random: inout SeededGenerator) -> TargetEntry {
        var locator: [String: String] = [:]
        if random.chance(50) {
            for (definition, values) in random.some(of: parameters, percent: 15) {
                locator[definition.name] =
                    random.chance(85) && !values.isEmpty
                    ? random.pick(values).stringValue ?? random.pick(values).canonicalText : random.pick(locatorTexts)
            }
            locator["cluster"] = "c1"
        }
        var labels: [String: String] = [:]
        for (key, values) in Self.labels.sorted(by: { $0.key < $1.key }) where random.chance(70) {
            labels[key] = random.pick(values)
        }
        return TargetEntry(
            id: id, type: random.pick(types), environment: random.pick(Environment.allCases),
            sensitivity: random.pick(Sensitivity.allCases), labels: labels, locator: locator,
            location: SourceLocation(file: "inventory.yaml", line: 1))
    }

    static func rule(_ name: String, _ random: inout SeededGenerator) -> Rule {
        Rule(
            name: name, priority: random.below(4) * 10 - 10, match: match(&random),
            decision: random.pick([.allow, .allow, .requireApproval, .requireApproval, .deny]),
            reason: "because \(name)", approvals: random.chance(30) ? approvals(&random) : [],
            advisoryPrechecks: random.chance(30) ? [random.pick(["pdb-check", "rollout-status", "quota-check"])] : [],
            location: SourceLocation(file: "policies/p.yaml", line: 1))
    }

    private static func approvals(_ random: inout SeededGenerator) -> [ApprovalRequirement] {
        (0...random.below(2)).map { _ in
            ApprovalRequirement(role: random.pick(["approver", "admin", "on-call"]), count: 1 + random.below(2))
        }
    }

    private static func freeze(_ name: String, _ random: inout SeededGenerator) -> Freeze {
        // Quarters of an hour, mostly in the small hours, in which clocks are set.
        func minute() -> Int { random.chance(50) ? 60 + 15 * random.below(9) : 15 * random.below(96) }
        func other(than first: Int, of count: Int) -> Int {
            let second = 1440 * random.below(count) + minute()
            return second == first ? (first + 45) % (1440 * count) : second
        }
        let zone = random.pick(NaiveZone.allCases)
        let period: FreezePeriod
        switch random.below(3) {
        case 0:
            let from = minute()
            period = .daily(from: from, until: other(than: from, of: 1))
        case 1:
            let from = 1440 * random.pick([6, 6, 0, 4, 5]) + minute()
            period = .weekly(from: from, until: other(than: from, of: 7))
        default:
            let from = (zone.changes(in: 2020 + random.below(40))?.forward ?? 1_700_000_100) / 900 * 900
            let start = from - 36_000 + Int64(random.below(80)) * 900
            period = .once(
                from: WallTime(seconds: start), until: WallTime(seconds: start + 900 * Int64(1 + random.below(200))))
        }
        var freeze = Freeze(
            name: name, period: period, zone: Zone(zone.rawValue)!, reason: "frozen by \(name)",
            location: SourceLocation(file: "policies/p.yaml", line: 99))
        if random.chance(40) { freeze.match = match(&random) }
        for _ in 0..<random.below(3) { freeze.exceptions.append(match(&random)) }
        if random.chance(80) { freeze.exceptions.append(RuleMatch(rollback: true)) }
        freeze.match.timeWindows = nil
        for index in freeze.exceptions.indices { freeze.exceptions[index].timeWindows = nil }
        if random.chance(50) { freeze.decision = .requireApproval }
        if random.chance(50) { freeze.approvals = approvals(&random) }
        return freeze
    }

    /// An instant, where there are freezes often one near their edges or near a change of their clocks.
    func instant(using random: inout SeededGenerator) -> Timestamp {
        let any = Timestamp(seconds: Int64(random.below(4_000_000_000)))
        guard !catalogue.freezes.isEmpty, random.chance(75) else { return any }
        let freeze = random.pick(catalogue.freezes)
        var near = any.seconds
        if case .once(let from, let until) = freeze.period, random.chance(85) {
            near = random.pick([from.seconds, until.seconds])
        } else if let changes = NaiveZone(rawValue: freeze.zone.name)?.changes(in: 1971 + random.below(120)),
            random.chance(70)
        {
            near = random.pick([changes.forward, changes.back])
        }
        return Timestamp(seconds: max(0, near / 900 * 900 - 20_000 + Int64(random.below(40_000))))
    }

    private static let ticketPatterns = ["INC-[0-9]+", "(INC|CHG)-[1-9]"]

    private static func match(_ random: inout SeededGenerator) -> RuleMatch {
        var match = RuleMatch()
        func maybe<Value>(_ percent: Int, _ make: (inout SeededGenerator) -> Value) -> Value? {
            random.chance(percent) ? make(&random) : nil
        }
        if random.chance(75) { match.actions = [random.pick(globs), random.pick(globs)] }
        match.targets = maybe(50) { random in
            TargetSelector(
                environments: random.chance(30) ? random.some(of: Environment.allCases, percent: 60) : nil,
                sensitivities: random.chance(30) ? random.some(of: Sensitivity.allCases, percent: 60) : nil,
                types: random.chance(25) ? random.some(of: types, percent: 60) : nil,
                labels: random.chance(20) ? ["team": random.pick(["a", "b"])] : random.chance(5) ? [:] : nil)
        }
        match.callers = maybe(45) { random in
            CallerSelector(
                agentIDs: random.chance(20) ? random.some(of: names, percent: 60) : nil,
                roles: random.chance(35) ? random.some(of: roles, percent: 50) : nil,
                groups: random.chance(20) ? random.some(of: groups, percent: 60) : nil,
                kinds: random.chance(20) ? random.some(of: IdentityKind.allCases, percent: 60) : nil,
                delegatedFrom: random.chance(20) ? random.some(of: delegators, percent: 60) : nil,
                maximumDelegationDepth: random.chance(40) ? random.below(5) - 1 : nil,
                requireDelegation: random.chance(15) ? random.chance(50) : nil)
        }
        match.riskClasses = maybe(20) { $0.some(of: RiskLevel.allCases, percent: 60) }
        match.timeWindows = maybe(20) { random in
            (0..<random.below(3)).map { _ in
                TimeWindow(
                    days: random.chance(50) ? random.some(of: Array(0...6), percent: 60) : nil,
                    startHour: random.below(24), endHour: random.below(24))
            }
        }
        match.requireTicket = maybe(20) { $0.chance(50) }
        match.ticketPattern = maybe(20) { $0.pick(ticketPatterns) }
        match.rollback = maybe(15) { $0.chance(50) }
        return match
    }

    /// Mostly for everything: what lies outside of a scope never comes to the rules.
    private static func delegation(_ random: inout SeededGenerator) -> CallerDelegation {
        let chain = random.some(of: delegators, percent: 50)
        return CallerDelegation(
            delegators: chain,
            scopes: random.chance(10)
                ? []
                : chain.map { _ in
                    CallerDelegation.Scope(
                        actions: random.chance(85) ? ["*"] : [random.pick(globs), random.pick(globs)],
                        targets: random.chance(85)
                            ? ["t[0-4]", "*"] : random.some(of: ["t0", "t[1-3]", "?4"], percent: 60))
                })
    }

    func request(using random: inout SeededGenerator) -> DecisionRequest {
        let action = random.chance(95) ? random.pick(Self.actionNames) : random.pick(["scale", "", "SCALE-HPA"])
        let target = random.chance(88) ? "t\(random.below(5))" : random.chance(50) ? nil : "t9"
        var given: [String: JSONValue] = [:]
        let bound = target.flatMap { catalogue.targets[$0] }?.locator ?? [:]
        for definition in catalogue.actions[action]?.parameters ?? [] {
            let values = Self.parameters.first { $0.0.name == definition.name }?.1 ?? []
            if let text = bound[definition.name], random.chance(80) {
                if definition.type == .string, random.chance(50) { given[definition.name] = .string(text) }
            } else if random.chance(definition.required ? 96 : 60) {
                given[definition.name] =
                    values.isEmpty || random.chance(6) ? random.pick(Self.anyValues) : random.pick(values)
            }
        }
        if random.chance(2) { given[random.pick(["cluster", "namespac", "x"])] = random.pick(Self.anyValues) }
        let caller =
            random.chance(10)
            ? Caller(id: random.chance(20) ? "" : nil, kind: nil, roles: random.some(of: Self.roles))
            : Caller(
                id: random.pick(Self.names), kind: random.chance(90) ? random.pick(IdentityKind.allCases) : nil,
                roles: random.some(of: Self.roles, percent: 40), groups: random.some(of: Self.groups, percent: 40),
                delegation: random.chance(40) ? Self.delegation(&random) : nil)
        return DecisionRequest(
            action: action, target: target, caller: caller, parameters: given,
            ticket: random.chance(50) ? nil : random.pick(["INC-1", "INC-23", "CHG-2", "inc-1", ""]))
    }
}
