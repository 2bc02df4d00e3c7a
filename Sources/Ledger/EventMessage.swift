internal import ChangeModel

/// The commit message of an event: a subject that tells the story in `git log`, notes for people, and the trailers.
enum EventMessage {
    /// The start of the subject, which readers check; what follows is for people.
    static func subjectPrefix(_ event: LedgerEvent) -> String {
        event.change.map { "\(event.kind.rawValue) \($0.id): " } ?? "\(event.kind.rawValue): "
    }

    static func trailers(
        _ event: LedgerEvent, previous: Digest?, evidence: Digest
    ) -> [(key: String, value: String)] {
        event.kind.trailers.map { key in
            let value: String? =
                switch key {
                case "Agentsafe-Event": event.kind.rawValue
                case "Agentsafe-Change": event.change.map { "\($0.id) \($0.digest)" }
                case "Agentsafe-Decision": event.decisionTrailer
                case "Agentsafe-Main": event.main.description
                case "Agentsafe-Height": String(event.height)
                case "Agentsafe-Previous": previous?.description
                default: evidence.description
                }
            return (key, value ?? "")
        }
    }

    /// - Parameters:
    ///   - headline: what happened, in the subject.
    ///   - notes: lines for people. Each is indented, so that text from outside never reaches a line's start.
    static func text(
        _ event: LedgerEvent, headline: String, notes: [String], previous: Digest?, evidence: Digest
    ) -> String {
        var lines = [subjectPrefix(event) + singleLine(headline), ""]
        if !notes.isEmpty { lines += notes.map { "    " + singleLine($0) } + [""] }
        lines += trailers(event, previous: previous, evidence: evidence).map { "\($0.key): \($0.value)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// One printable line of bounded length: whatever could break or hide a line becomes a question mark.
    private static func singleLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(200) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                line.append("?")
            default: line.append(scalar)
            }
        }
        return String(line)
    }
}
