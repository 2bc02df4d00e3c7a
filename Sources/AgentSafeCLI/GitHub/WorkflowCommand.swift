/// One line of GitHub's workflow command syntax, `::error file=…,line=…,title=…::message`, escaped as GitHub's own
/// toolkit does it (actions/toolkit, `packages/core/src/command.ts`).
struct WorkflowCommand {
    /// What GitHub shows, in the order of its weight.
    enum Level: Int, Comparable {
        case error, warning, notice

        var name: String {
            switch self {
            case .error: "error"
            case .warning: "warning"
            case .notice: "notice"
            }
        }

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    let level: Level
    var file: String?
    var line: Int?
    let title: String
    let message: String

    /// GitHub shows ten annotations of a step and drops the rest, unseen.
    static let maximum = 10
    /// In characters. An annotation is a hint; the whole story is in the step's summary.
    static let maximumMessage = 1000
    static let maximumTitle = 200

    var text: String {
        var properties: [String] = []
        if let file { properties.append("file=\(Self.escapedProperty(file))") }
        if let line { properties.append("line=\(line)") }
        properties.append("title=\(Self.escapedProperty(Self.cut(title, Self.maximumTitle)))")
        let data = Self.escapedData(Self.cut(message, Self.maximumMessage))
        return "::\(level.name) \(properties.joined(separator: ","))::\(data)"
    }

    /// The commands to print: the gravest first, and no more than are shown.
    static func shown(_ commands: [WorkflowCommand]) -> [WorkflowCommand] {
        let ordered = commands.enumerated().sorted { ($0.element.level, $0.offset) < ($1.element.level, $1.offset) }
        return ordered.prefix(maximum).map(\.element)
    }

    static func escapedData(_ text: String) -> String {
        replacing(text, ["%": "%25", "\r": "%0D", "\n": "%0A"])
    }

    static func escapedProperty(_ text: String) -> String {
        replacing(text, ["%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"])
    }

    private static func replacing(_ text: String, _ escapes: [Unicode.Scalar: String]) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let escape = escapes[scalar] {
                result.append(contentsOf: escape.unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    private static func cut(_ text: String, _ limit: Int) -> String {
        text.unicodeScalars.count <= limit
            ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))) + "…"
    }

    /// A line for people in which GitHub's runner finds no command: it reads `::` at the start of a line, blanks aside, and
    /// the older `##[` anywhere in one.
    static func harmless(_ line: String) -> String {
        var result = String.UnicodeScalarView()
        var isAtStart = true
        var hashes = 0
        for scalar in line.unicodeScalars {
            if isAtStart, scalar == ":" { result.append(" ") }
            if hashes >= 2, scalar == "[" { result.append(" ") }
            result.append(scalar)
            hashes = scalar == "#" ? hashes + 1 : 0
            if isAtStart, scalar == ":" { result.append(" ") }
            if !scalar.properties.isWhitespace { isAtStart = false }
        }
        return String(result)
    }
}
