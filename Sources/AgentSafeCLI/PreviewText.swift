internal import AgentSafe
internal import ChangeModel
internal import Ledger

/// What steps would do, as people read it; from a dry run, or from the record of one.
enum PreviewText {
    static func lines(_ outcome: PreviewOutcome, _ terminal: Terminal) -> [String] {
        [
            "\(terminal.verdict(outcome.status.rawValue))  \(outcome.id)  \(outcome.summary)",
            "  \(visible(outcome.detail))",
        ] + lines(steps: outcome.steps.map(\.json), terminal).map { "  " + $0 }
            + (outcome.height.map { ["  recorded at height \($0)"] } ?? [])
    }

    /// A recorded one.
    ///
    /// - Parameter plan: what would run today; nil where that does not matter any more.
    static func lines(_ event: LedgerEvent, plan: Digest?, _ terminal: Terminal) -> [String] {
        let stale = plan != nil && event.plan != plan ? ", of another plan: what would run today was not looked at" : ""
        return [
            "preview of \(event.at), by \(event.by) with \(visible(event.body["executor"]?.stringValue ?? ""))\(stale)"
        ] + lines(steps: event.body["steps"]?.arrayValue ?? [], terminal).map { "  " + $0 }
    }

    private static func lines(steps: [JSONValue], _ terminal: Terminal) -> [String] {
        steps.enumerated().flatMap { index, step -> [String] in
            let words = ["action", "target"].map { step[$0]?.stringValue ?? "" }
            let head = steps.count == 1 ? "" : "step \(index + 1), \(visible(words.joined(separator: " on "))): "
            var lines = [head + terminal.verdict(step["outcome"]?.stringValue ?? "") + reason(of: step)]
            for check in step["prechecks"]?.arrayValue ?? [] where check["passed"] != .bool(true) {
                let note = check["advisory"] == .bool(true) ? " (advisory)" : ""
                lines.append(
                    "  precheck \(visible(check["name"]?.stringValue ?? "")) fails\(note): \(visible(check["detail"]?.stringValue ?? ""))"
                )
            }
            for difference in step["diff"]?.arrayValue ?? [] {
                lines.append("  " + DifferenceText.line(difference))
            }
            for note in step["notes"]?.arrayValue ?? [] { lines.append("  \(visible(note.stringValue ?? ""))") }
            return lines
        }
    }

    private static func reason(of step: JSONValue) -> String {
        if let reason = step["reason"]?.stringValue { return ": \(visible(reason))" }
        guard step["outcome"] == "predicted" else { return "" }
        guard step["changes"] == .bool(true) else { return ": nothing would change" }
        return step["diff"]?.arrayValue?.isEmpty == true
            ? ": it would change, in nothing that a recorded field shows" : ""
    }
}

/// One state field that is not what it was, or would not be.
enum DifferenceText {
    /// The longest value that is shown, in characters.
    private static let limit = 400

    static func line(_ difference: JSONValue) -> String {
        "\(visible(difference["field"]?.stringValue ?? "")): \(value(difference["before"])) -> \(value(difference["after"]))"
    }

    private static func value(_ value: JSONValue?) -> String {
        let text = (value ?? .null).canonicalText
        return visible(text.count > limit ? String(text.prefix(limit)) + "…" : text)
    }
}
