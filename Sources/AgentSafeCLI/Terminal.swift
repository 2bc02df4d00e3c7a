internal import ChangeModel
public import OperatingSystem

/// The two streams that a face speaks to: results on standard output, talk on standard error.
public struct Terminal: Sendable {
    public var write: @Sendable (String) -> Void
    public var say: @Sendable (String) -> Void
    /// Asks a yes-or-no question; nil when nobody can answer.
    public var ask: @Sendable (String) -> Bool?
    public var colors: Bool
    /// Whether standard error is a terminal, where progress may be drawn.
    public var showsProgress: Bool

    public init(
        write: @escaping @Sendable (String) -> Void, say: @escaping @Sendable (String) -> Void,
        ask: @escaping @Sendable (String) -> Bool?, colors: Bool, showsProgress: Bool
    ) {
        self.write = write
        self.say = say
        self.ask = ask
        self.colors = colors
        self.showsProgress = showsProgress
    }

    public static func real(_ host: Host) -> Terminal {
        let noColor = host.environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        let isDumb = host.environment["TERM"] == "dumb"
        return Terminal(
            write: { try? Files.write(descriptor: 1, Array(($0 + "\n").utf8), name: "standard output") },
            say: { try? Files.write(descriptor: 2, Array(($0 + "\n").utf8), name: "standard error") },
            ask: { question in
                guard Files.isTerminal(0), Files.isTerminal(2) else { return nil }
                try? Files.write(descriptor: 2, Array("\(question) [y/N] ".utf8), name: "standard error")
                let answer = Swift.readLine() ?? ""
                return ["y", "yes"].contains(answer.lowercased())
            }, colors: Files.isTerminal(1) && !noColor && !isDumb, showsProgress: Files.isTerminal(2) && !isDumb)
    }

    /// Draws a changing line on a terminal; says nothing elsewhere.
    func progress(_ text: String) {
        if showsProgress { try? Files.write(descriptor: 2, Array("\r\u{1B}[K\(text)".utf8), name: "standard error") }
    }

    func endProgress() {
        if showsProgress { try? Files.write(descriptor: 2, Array("\r\u{1B}[K".utf8), name: "standard error") }
    }

    /// Begins a new page on a terminal; does nothing elsewhere.
    func clear() {
        if showsProgress { try? Files.write(descriptor: 2, Array("\u{1B}[2J\u{1B}[H".utf8), name: "standard error") }
    }

    enum Tone: String {
        case good = "32"
        case bad = "31"
        case careful = "33"
        case plain = "0"
        case faint = "2"
        case strong = "1"
    }

    func paint(_ text: String, _ tone: Tone) -> String {
        colors && tone != .plain ? "\u{1B}[\(tone.rawValue)m\(text)\u{1B}[0m" : text
    }

    func verdict(_ text: String) -> String {
        switch text {
        case "allow", "executed", "landed", "approved", "authentic", "succeeded": paint(text, .good)
        case "deny", "denied", "failed", "rejected", "expired", "unknown", "not_authentic": paint(text, .bad)
        default: paint(text, .careful)
        }
    }
}

/// JSON in which no character can move the cursor or reorder what people see: such ones are escaped, which changes no
/// value. Line feeds are the layout; JSON itself has none inside strings.
func printable(_ json: String) -> String {
    if json.utf8.allSatisfy({ $0 < 0x7F }) { return json }
    var result = String.UnicodeScalarView()
    for scalar in json.unicodeScalars {
        if scalar == "\n" || !isInvisible(scalar) {
            result.append(scalar)
        } else {
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                let padding = String(repeating: "0", count: 4 - digits.count)
                result.append(contentsOf: "\\u\(padding)\(digits)".unicodeScalars)
            }
        }
    }
    return String(result)
}

private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
    default: false
    }
}

/// Text from outside in a form that cannot move the cursor, hide a line or pretend to be another one.
func visible(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        if isInvisible(scalar) {
            result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
        } else {
            result.append(scalar)
        }
    }
    return String(result)
}
