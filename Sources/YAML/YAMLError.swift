/// Why a text was refused, and where.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    public let mark: YAMLMark
    public let message: String
    /// What to do about it.
    public let advice: String?

    public init(mark: YAMLMark, message: String, advice: String? = nil) {
        self.mark = mark
        self.message = message
        self.advice = advice
    }

    public var line: Int { mark.line }
    public var column: Int { mark.column }
    public var description: String { "line \(line), column \(column): \(message)" }
}

/// Bounds for a text from outside. What exceeds them is refused, never cut.
public struct YAMLLimits: Hashable, Sendable {
    /// Bytes of the whole text.
    public var bytes: Int
    /// Levels of lists and mappings.
    public var depth: Int
    /// Scalars, lists and mappings together, keys included.
    public var nodes: Int
    /// Bytes of one scalar.
    public var scalarBytes: Int

    public init(bytes: Int = 1 << 20, depth: Int = 32, nodes: Int = 100_000, scalarBytes: Int = 64 << 10) {
        self.bytes = bytes
        self.depth = depth
        self.nodes = nodes
        self.scalarBytes = scalarBytes
    }
}
