public import ChangeModel
internal import YAML

/// A file of the policy folder: a list of rules, a list of freezes, or both.
public enum PolicyDocument {
    /// Reads the rules, in the order of the file. What the format knows and this version does not enforce is refused, never
    /// passed over; and so is a condition without a value, which would otherwise match everything.
    public static func parse(_ file: SourceFile) throws(DocumentError) -> [Rule] {
        try parseMarked(file).rules
    }

    /// Reads the freezes, in the order of the file.
    public static func parseFreezes(_ file: SourceFile) throws(DocumentError) -> [Freeze] {
        try parseMarked(file).freezes
    }

    /// A file with the places of its names, which are unique among all files.
    struct Marked {
        let rules: [Rule]
        let freezes: [Freeze]
        let names: [PolicyName]
        let reader: DocumentReader
    }

    static func parseMarked(_ file: SourceFile) throws(DocumentError) -> Marked {
        let reader = try DocumentReader(file)
        return try reader.document("a policy file", requiresValues: true) { fields in
            let freezes = fields.optional("freeze", FreezeDocument.freezes(file))
            let type = FieldType<[(value: Rule, mark: YAMLMark)]>.list(of: rule(file).marked())
            // What holds freezes alone needs no rules.
            let rules = freezes == nil ? fields.required("rules", type) : fields.optional("rules", type) ?? []
            var names = rules.map { PolicyName("rule", $0.value.name, $0.value.location, $0.mark) }
            for case (let freeze?, let mark) in freezes ?? [] {
                names.append(PolicyName("freeze", freeze.name, freeze.location, mark))
            }
            names.sort { $0.location.line < $1.location.line }
            var first: [String: PolicyName] = [:]
            for name in names { name.enter(&first, reader) }
            return Marked(
                rules: rules.map(\.value), freezes: (freezes ?? []).compactMap(\.value), names: names, reader: reader)
        }
    }

    private static func rule(_ file: SourceFile) -> FieldType<Rule> {
        let placeholder = Rule(
            name: "", decision: .deny, reason: "", location: SourceLocation(file: file.name, line: 1))
        return .mapping("a rule", placeholder: placeholder) { fields in
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
                advisoryPrechecks: fields.optional("prechecks", prechecks) ?? [],
                location: SourceLocation(file: file.name, line: fields.mark.line))
        }
    }

    /// `prechecks: {advisory: [NAME, …]}`.
    private static let prechecks = FieldType<[String]>.mapping("the prechecks", placeholder: []) { fields in
        fields.required("advisory", .list(of: .name, count: 1...100))
    }

    static let match = FieldType<RuleMatch>.mapping("a match", placeholder: RuleMatch()) { fields in
        RuleMatch(
            actions: fields.optional("actions", words) ?? ["*"],
            targets: fields.optional("targets", targets),
            callers: fields.optional("callers", callers),
            riskClasses: fields.optional("risk_classes", .list(of: .riskLevel)),
            timeWindows: fields.optional("time_windows", .list(of: timeWindow, count: 0...100)),
            requireTicket: fields.optional("require_ticket", .boolean),
            ticketPattern: fields.optional("ticket_pattern", .pattern),
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

/// The name of a rule or a freeze, and where it stands.
struct PolicyName {
    private let noun: String
    private let name: String
    let location: SourceLocation
    private let mark: YAMLMark

    init(_ noun: String, _ name: String, _ location: SourceLocation, _ mark: YAMLMark) {
        self.noun = noun
        self.name = name
        self.location = location
        self.mark = mark
    }

    /// Enters the name among those before it, and reports one that is taken: rules and freezes share their names, since a
    /// decision says only one.
    func enter(_ names: inout [String: PolicyName], _ reader: DocumentReader) {
        guard !name.isEmpty, let other = names.insertFirst(self, for: name.lowercased()) else { return }
        let message =
            if other.name != name {
                "the \(noun) `\(name)` differs from `\(other.name)` at \(other.location) only in case"
            } else if other.noun != noun {
                "the \(noun) `\(name)` has the name of the \(other.noun) at \(other.location)"
            } else {
                "the \(noun) `\(name)` stands twice, first at \(other.location)"
            }
        reader.report(mark, message, advice: "give each \(noun) a name of its own")
    }
}
