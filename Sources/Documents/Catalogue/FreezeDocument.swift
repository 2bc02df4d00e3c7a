internal import ChangeModel
internal import YAML

/// The `freeze:` list of a policy file.
enum FreezeDocument {
    static func freezes(_ file: SourceFile) -> FieldType<[(value: Freeze?, mark: YAMLMark)]> {
        .list(of: freeze(file).marked(), count: 0...1000)
    }

    private static func freeze(_ file: SourceFile) -> FieldType<Freeze?> {
        .mapping("a freeze", placeholder: nil) { fields in
            let period = period(fields)
            let zone = Zone(fields.required("zone", zone))
            let decision = fields.optional("decision", decision) ?? .deny
            let approvals = fields.optional("approvals", ApprovalFields.peopleAlone) ?? []
            if decision == .deny, !approvals.isEmpty {
                fields.report(
                    "approvals", "this freeze denies, and nobody's approval changes that",
                    advice: "write `decision: require_approval`, or remove `approvals`")
            }
            let (name, reason) = (fields.required("name", .name), fields.required("reason", .prose(limit: 1000)))
            let description = fields.optional("description", .prose()) ?? ""
            let match = fields.optional("match", PolicyDocument.match)
            let exceptions = fields.optional("except", .list(of: exception, count: 0...100)) ?? []
            if match?.timeWindows != nil {
                fields.report(
                    "match", "a freeze names its time with `from` and `until`", advice: "remove `time_windows`")
            }
            guard let period, let zone else { return nil }
            return Freeze(
                name: name, description: description, period: period, zone: zone, match: match ?? RuleMatch(),
                exceptions: exceptions, decision: decision, approvals: approvals, reason: reason,
                location: SourceLocation(file: file.name, line: fields.mark.line))
        }
    }

    private static let decision = FieldType<Verdict>.choice([
        ("deny", .deny), ("require_approval", .requireApproval),
    ])

    /// What lets everything pass is no exception.
    private static let exception = PolicyDocument.match.checked { match in
        if match.timeWindows != nil { return ("an exception holds as long as its freeze", "remove `time_windows`") }
        return match == RuleMatch()
            ? ("an exception without a condition lets everything pass", "say who or what may pass, or remove it") : nil
    }

    private static let zone = FieldType<String>.line(limit: 100).checked { name in
        if Zone(name) != nil { return nil }
        return (
            "`\(EscapedText.bounded(name))` is no time zone of tzdata \(Zone.tableVersion)",
            Suggestion.advice(for: name, among: Zone.names) ?? "write a name like `Europe/Berlin`"
        )
    }

    /// One edge of a period.
    private enum Edge: Sendable {
        case once(WallTime)
        case weekly(Int)
        case daily(Int)
    }

    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    private static let edge = FieldType<Edge?>(
        scalar: "a time on the wall: `2026-12-23T18:00`, `Fri 16:00` for every week, or `22:00` for every day",
        placeholder: nil
    ) {
        if case .string(let text) = $0, let edge = edge(text) { edge } else { nil }
    }

    private static func edge(_ text: String) -> Edge? {
        if let wall = WallTime(text) { return .once(wall) }
        if let minute = minute(text[...]) { return .daily(minute) }
        guard let day = days.firstIndex(of: String(text.prefix(3))), text.dropFirst(3).first == " ",
            let minute = minute(text.dropFirst(4))
        else { return nil }
        return .weekly(day * FreezePeriod.minutesOfDay + minute)
    }

    /// `22:00`, since midnight.
    private static func minute(_ text: Substring) -> Int? {
        guard text.utf8.count == 5, let wall = WallTime("1970-01-01T" + text) else { return nil }
        return Int(wall.seconds / 60)
    }

    private static func period(_ fields: Fields) -> FreezePeriod? {
        let (first, last) = (fields.required("from", edge), fields.required("until", edge))
        guard let from = first, let until = last else { return nil }
        switch (from, until) {
        case (.once(let from), .once(let until)):
            if from < until { return .once(from: from, until: until) }
            fields.report("until", "`until` does not come after `from`")
        case (.weekly(let from), .weekly(let until)):
            if from != until { return .weekly(from: from, until: until) }
            fields.report(
                "until", "`until` is `from`: no time lies between", advice: "give a freeze without end two dates")
        case (.daily(let from), .daily(let until)):
            if from != until { return .daily(from: from, until: until) }
            fields.report(
                "until", "`until` is `from`: no time lies between", advice: "give a freeze without end two dates")
        default:
            fields.report(
                "until", "`from` and `until` are of different kinds",
                advice: "give both a date, both a day of the week, or both a time of day alone")
        }
        return nil
    }
}
