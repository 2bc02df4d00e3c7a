public import ChangeModel
internal import YAML

/// A file of the policy folder: a list of rules.
public enum PolicyDocument {
    /// Reads the rules, in the order of the file. What the format knows and this version does not enforce is refused, never
    /// passed over; and so is a condition without a value, which would otherwise match everything.
    public static func parse(_ file: SourceFile) throws(DocumentError) -> [Rule] {
        try parseMarked(file).rules.map(\.value)
    }

    static func parseMarked(
        _ file: SourceFile
    ) throws(DocumentError) -> (rules: [(value: Rule, mark: YAMLMark)], reader: DocumentReader) {
        let reader = try DocumentReader(file)
        let rules = try reader.document("a policy file", requiresValues: true) { fields in
            fields.refuse("freeze")
            let rules = fields.required("rules", .list(of: rule(file).marked()))
            checkUniqueness(rules, reader)
            return rules
        }
        return (rules, reader)
    }

    private static func checkUniqueness(_ rules: [(value: Rule, mark: YAMLMark)], _ reader: DocumentReader) {
        var names: [String: Rule] = [:]
        for (rule, mark) in rules where !rule.name.isEmpty {
            if let other = names.insertFirst(rule, for: rule.name.lowercased()) {
                reader.report(mark, duplicate(rule, of: other), advice: "give each rule a name of its own")
            }
        }
    }

    static func duplicate(_ rule: Rule, of other: Rule) -> String {
        other.name == rule.name
            ? "the rule `\(rule.name)` stands twice, first at \(other.location)"
            : "the rule `\(rule.name)` differs from `\(other.name)` at \(other.location) only in case"
    }

    private static func rule(_ file: SourceFile) -> FieldType<Rule> {
        let placeholder = Rule(
            name: "", decision: .deny, reason: "", location: SourceLocation(file: file.name, line: 1))
        return .mapping("a rule", placeholder: placeholder) { fields in
            fields.refuse("freeze")
            let approvals = fields.optional("approvals", ApprovalFields.ofRule)
            return Rule(
                name: fields.required("name", .name),
                description: fields.optional("description", .prose()) ?? "",
                priority: fields.optional("priority", .integer(-1_000_000...1_000_000)) ?? 0,
                match: fields.required("match", match),
                decision: fields.required("decision", FieldType<Verdict>.choice()),
                reason: fields.required("reason", .prose(limit: 1000)),
                approvals: approvals?.require ?? [],
                terms: approvals?.terms ?? ApprovalTerms(),
                location: SourceLocation(file: file.name, line: fields.mark.line))
        }
    }

    private static let match = FieldType<RuleMatch>.mapping("a match", placeholder: RuleMatch()) { fields in
        fields.refuse("freeze")
        return RuleMatch(
            actions: fields.optional("actions", words) ?? ["*"],
            targets: fields.optional("targets", targets),
            callers: fields.optional("callers", callers),
            riskClasses: fields.optional("risk_classes", .list(of: .riskLevel)),
            timeWindows: fields.optional("time_windows", .list(of: timeWindow, count: 0...100)),
            requireTicket: fields.optional("require_ticket", .boolean),
            rollback: fields.optional("rollback", .boolean))
    }

    private static let targets = FieldType<TargetSelector>.mapping(
        "a target selector", placeholder: TargetSelector()
    ) { fields in
        TargetSelector(
            environments: fields.optional("environments", .list(of: FieldType<Environment>.choice())),
            sensitivities: fields.optional("sensitivities", .list(of: FieldType<Sensitivity>.choice())),
            types: fields.optional("types", words),
            labels: fields.optional("labels", .map(keys: .line(limit: 200), to: .line())))
    }

    private static let callers = FieldType<CallerSelector>.mapping(
        "a caller selector", placeholder: CallerSelector()
    ) { fields in
        CallerSelector(
            agentIDs: fields.optional("agent_ids", words),
            roles: fields.optional("roles", words),
            groups: fields.optional("groups", words),
            kinds: fields.optional("kinds", .list(of: FieldType<IdentityKind>.choice())),
            delegatedFrom: fields.optional("delegated_from", words),
            maximumDelegationDepth: fields.optional("max_delegation_depth", .integer(0...100)),
            requireDelegation: fields.optional("require_delegation", .boolean))
    }

    private static let timeWindow = FieldType<TimeWindow>.mapping(
        "a time window", placeholder: TimeWindow()
    ) { fields in
        TimeWindow(
            days: fields.optional("days", .list(of: weekday)),
            startHour: fields.optional("start_hour", .integer(0...23)) ?? 0,
            endHour: fields.optional("end_hour", .integer(0...23)) ?? 23)
    }

    private static let weekday = FieldType<Int>(scalar: "a day from 0 (Monday) to 6 (Sunday)", placeholder: 0) {
        if case .integer(let day) = $0, (0...6).contains(day) { Int(day) } else { nil }
    }

    private static let words = FieldType<[String]>.list(of: .line(limit: 200), count: 0...1000)
}
