public import ChangeModel

/// What was told, and what is still to be.
public struct NotifyReport: Sendable {
    struct Entry: Sendable {
        let sink: NotificationSink
    }
    let sinks: [Entry]
    var sent: [NotificationBox.Item] = []
    var waiting: [NotificationBox.Item] = []
    var failed: [NotificationBox.Item] = []
    /// Why a sink could not be sent to, by its name.
    var problems: [String: String] = [:]
    /// How many failed messages had no room, ever.
    var dropped = 0
    /// Whether another process is sending.
    var isBusy = false

    init(_ sinks: [NotificationSink]) { self.sinks = sinks.map { Entry(sink: $0) } }

    /// Whether nothing is left that was not delivered.
    public var isComplete: Bool { waiting.isEmpty && failed.isEmpty && problems.isEmpty }

    /// One line about what is left; nil: nothing is.
    var warning: String? {
        guard !isBusy, !waiting.isEmpty || !failed.isEmpty else { return nil }
        let why = problems.sorted { $0.key < $1.key }.map { "`\($0.key)`: \($0.value)" }
        let left = [
            waiting.isEmpty ? nil : Self.count(waiting.count, "waits", "wait"),
            failed.isEmpty ? nil : Self.count(failed.count, "failed", "failed"),
        ].compactMap { $0 }.joined(separator: ", ")
        let advice = waiting.isEmpty ? "`agentsafe notify --list` shows them" : "`agentsafe notify` sends what waits"
        return "\(left)\(why.isEmpty ? "" : " (\(why.joined(separator: "; ")))"); \(advice)"
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        number == 1 ? "1 notification \(one)" : "\(number) notifications \(many)"
    }

    /// `{"sinks": [...], "notifications": [...], "dropped"}`
    public var json: JSONValue {
        [
            "sinks": .array(
                sinks.map { entry in
                    let name = entry.sink.name
                    return .compact([
                        "name": .string(name), "kind": .string(entry.sink.kind.rawValue),
                        "on": .strings(entry.sink.events.map(\.rawValue)),
                        "waiting": .integer(Int64(waiting.count { $0.sink == name })),
                        "failed": .integer(Int64(failed.count { $0.sink == name })),
                        "problem": problems[name].map { .string($0) },
                    ])
                }),
            "notifications": .array(
                [("sent", sent), ("waiting", waiting), ("failed", failed)].flatMap { state, items in
                    items.map { $0.report(state) }
                }),
            "dropped": .integer(Int64(dropped)),
        ]
    }

    /// For people, one line each; not yet made safe for a terminal.
    public var lines: [String] {
        var lines = [("sent", sent), ("waiting", waiting), ("failed", failed)].flatMap { state, items in
            items.map { $0.line(state) }
        }
        lines += problems.sorted { $0.key < $1.key }.map { "problem  \($0.key): \($0.value)" }
        if dropped > 0 { lines.append("\(dropped) failed notifications had no room and were dropped") }
        if isBusy { lines.append("another process is sending; look again later") }
        return lines.isEmpty
            ? [
                sinks.isEmpty
                    ? "nobody is to be told: agentsafe.yaml names no `notifications`" : "nothing waits to be told"
            ] : lines
    }
}

extension NotificationBox.Item {
    fileprivate func report(_ state: String) -> JSONValue {
        .compact([
            "id": .string(notification.id), "sink": .string(sink), "state": .string(state),
            "type": .string(notification.type), "change": notification.data["change"],
            "height": notification.data["height"], "at": .string(notification.at.description),
            "attempts": .integer(Int64(attempts)), "failure": state == "sent" ? nil : failure.map { .string($0) },
        ])
    }

    fileprivate func line(_ state: String) -> String {
        let change = notification.data["change"]?.stringValue.map { " \($0)" } ?? ""
        let why = state == "sent" ? "" : failure.map { ": \($0)" } ?? ""
        return "\(state)  \(sink)  \(notification.kind?.rawValue ?? "test")\(change), \(notification.at)\(why)"
    }
}
