/// Where and why a regular expression was refused.
public struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Characters before the fault.
    public let offset: Int
    public let message: String

    public init(offset: Int, message: String) {
        self.offset = offset
        self.message = message
    }

    public var description: String { "at character \(offset + 1): \(message)" }
}

/// A regular expression whose matching takes time proportional to the text, whatever the expression: all alternatives are
/// followed at once (Thompson 1968, in the form of Pike's virtual machine), and nothing is ever tried twice.
///
/// Reads the part of Python's `re` syntax that such a machine can run: literals, `.`, `[…]` with ranges, negation and
/// `\d \w \s`, the anchors `^ $ \A \Z`, groups (named ones too), `|`, `* + ?` and `{m,n}`, greedy or not. Classes are ASCII.
/// `$` holds at the very end alone. Back references, look-around and inline flags are refused.
public struct Pattern: Hashable, Sendable {
    public static let maximumLength = 500
    public static let maximumRepetition = 1000
    public static let maximumStates = 20_000

    public let text: String
    private let program: PatternProgram
    /// The same, worked out beforehand for ASCII; nil where that would take too much room.
    private let table: PatternTable?

    public init(_ text: String) throws(PatternError) {
        self.text = text
        var parser = try PatternParser(text)
        program = try PatternProgram(parser.parse())
        table = PatternTable(program)
    }

    /// Whether the expression matches the whole of `candidate`.
    public func matches(_ candidate: String) -> Bool {
        table?.matchesWhole(of: candidate) ?? program.matchesWhole(of: candidate)
    }

    /// By following all alternatives at once, whatever is worked out beforehand.
    func matchesByThreads(_ candidate: String) -> Bool { program.matchesWhole(of: candidate) }
}
