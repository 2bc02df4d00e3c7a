internal import ChangeModel

/// `notifications:` of `agentsafe.yaml`.
///
///     notifications:
///       - {name: audit, kind: webhook, url: "https://hooks.example.com/agentsafe"}
///       - {name: ops-channel, kind: slack, on: [denied, unknown, break_glass], environments: [prod]}
enum NotificationFields {
    static let sinks = FieldType<[NotificationSink]>.list(of: sink, count: 0...NotificationSink.maximumCount)

    private static let sink = FieldType<NotificationSink>.mapping(
        "an entry of `notifications`", placeholder: NotificationSink(name: "", kind: .webhook)
    ) { fields in
        let sink = NotificationSink(
            name: fields.required("name", .name),
            kind: fields.required("kind", FieldType<NotificationSink.Kind>.choice()),
            url: fields.optional("url", .receiver),
            events: fields.optional("on", .list(of: FieldType<NotificationKind>.choice(), count: 1...6))
                ?? NotificationKind.allCases,
            environments: fields.optional("environments", .list(of: FieldType<Environment>.choice(), count: 1...3))
                ?? [])
        if sink.kind == .slack, sink.url != nil {
            fields.report(
                "url",
                "whoever knows a URL of Slack's can write there, so it has no place in a file that many read; take it out, "
                    + "and let the machine say it in AGENTSAFE_NOTIFY_\(sink.variablePart)_URL")
        }
        return sink
    }

    static func check(_ sinks: [NotificationSink], _ fields: Fields) {
        for (index, sink) in sinks.enumerated()
        where sinks[..<index].contains(where: { $0.variablePart == sink.variablePart }) {
            fields.report(
                "notifications",
                "two sinks are named `\(sink.name)`, or so alike that a machine's variables could mean both")
        }
    }

    static func lines(_ sinks: [NotificationSink]) -> [String] {
        guard !sinks.isEmpty else { return [] }
        return ["notifications:"]
            + sinks.flatMap { sink in
                var lines = ["  - name: \(ScalarText.identifier(sink.name))", "    kind: \(sink.kind.rawValue)"]
                if let url = sink.url { lines.append("    url: \(ScalarText.quoted(url))") }
                lines.append("    on: [\(sink.events.map(\.rawValue).joined(separator: ", "))]")
                if !sink.environments.isEmpty {
                    lines.append("    environments: [\(sink.environments.map(\.rawValue).joined(separator: ", "))]")
                }
                return lines
            }
    }
}

extension FieldType where Value == String {
    /// A URL that everybody may know. What no machine would send to is found where it is sent.
    fileprivate static var receiver: FieldType {
        line(limit: 2000).checked { text in
            let isURL =
                (text.hasPrefix("https://") || text.hasPrefix("http://"))
                && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            // The text is not quoted: it may hold what it should not.
            guard isURL else {
                return ("this is no URL of https", "write one like `https://hooks.example.com/agentsafe`")
            }
            guard !text.contains(where: { "@?#\\".contains($0) }) else {
                return (
                    "this URL has a user, a query or a fragment, which are often secrets",
                    "take `url` out, and let the machine say the whole URL"
                )
            }
            return nil
        }
    }
}
