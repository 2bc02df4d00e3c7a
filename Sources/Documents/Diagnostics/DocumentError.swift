/// Why a document was refused: everything that is wrong with it, as far as that was easy to find out.
public struct DocumentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Never empty, at most `maximumCount`.
    public let diagnostics: [Diagnostic]
    /// How many more there were.
    public let omitted: Int

    public static let maximumCount = 20

    init(_ first: Diagnostic, _ others: [Diagnostic] = [], omitted: Int = 0) {
        let all = [first] + others
        diagnostics = Array(all.prefix(Self.maximumCount))
        self.omitted = omitted + all.count - diagnostics.count
    }

    /// nil when there is nothing to complain about.
    init?(_ diagnostics: [Diagnostic], omitted: Int = 0) {
        guard let first = diagnostics.first else { return nil }
        self.init(first, Array(diagnostics.dropFirst()), omitted: omitted)
    }

    /// All diagnostics, each with its source line, without a final line feed.
    public func render() -> String {
        let text = diagnostics.map { $0.render() }.joined(separator: "\n")
        return omitted > 0 ? text + "\nand \(omitted) more" : text
    }

    /// The first diagnostic in one line.
    public var summary: String { diagnostics.first?.summary ?? "" }
    public var description: String { render() }
}
