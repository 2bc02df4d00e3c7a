/// One thing that is wrong with a file.
public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1; 0 when the trouble has no place in the file.
    public var line: Int
    /// From 1, in Unicode scalars.
    public var column: Int
    public var message: String
    /// What to do next.
    public var advice: String?
    public var excerpt: Excerpt?

    public init(
        file: String, line: Int = 0, column: Int = 0, message: String, advice: String? = nil, excerpt: Excerpt? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.advice = advice
        self.excerpt = excerpt
    }

    /// `policies/default.yaml:12:5: unknown key …`, one line whatever the file is called.
    public var summary: String {
        let name = EscapedText.bounded(file, limit: 300)
        return line > 0 ? "\(name):\(line):\(column): \(message)" : "\(name): \(message)"
    }

    /// The summary, the line itself with a caret under the column, and the advice.
    public func render() -> String {
        var text = summary
        if let excerpt {
            text += "\n    \(excerpt.text)\n    \(String(repeating: " ", count: excerpt.caret))^"
        }
        if let advice { text += "\n  \(advice)" }
        return text
    }

    public var description: String { render() }
}
