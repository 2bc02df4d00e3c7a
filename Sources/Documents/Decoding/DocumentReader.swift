internal import YAML

/// One file while it is read: its tree, and everything found wrong so far.
///
/// Readers go on after an error, with a placeholder in place of the value, so that one pass finds as much as possible;
/// `finish` lets a result out only when nothing was reported.
final class DocumentReader {
    let file: SourceFile
    let root: YAMLNode
    private(set) var diagnostics: [Diagnostic] = []
    private var omitted = 0
    let hidesSecrets: Bool

    /// - Parameter hidesSecrets: excerpts leave out lines that may hold a secret.
    init(_ file: SourceFile, limits: YAMLLimits = .catalogue, hidesSecrets: Bool = false) throws(DocumentError) {
        self.file = file
        self.hidesSecrets = hidesSecrets
        do throws(YAMLError) {
            root = try parseYAML(file.bytes, limits: limits)
        } catch {
            throw DocumentError(
                Self.diagnostic(
                    file, error.mark, EscapedText.bounded(error.message, limit: 300), advice: error.advice,
                    hidesLine: hidesSecrets && SecretLines.mayHoldSecret(file.bytes, line: error.line)))
        }
    }

    /// - Parameter hidesLine: leaves out the excerpt, which may show a secret.
    func report(_ mark: YAMLMark, _ message: String, advice: String? = nil, hidesLine: Bool = false) {
        guard diagnostics.count < DocumentError.maximumCount else {
            omitted += 1
            return
        }
        let hidesLine = hidesLine || (hidesSecrets && SecretLines.mayHoldSecret(file.bytes, line: mark.line))
        diagnostics.append(Self.diagnostic(file, mark, message, advice: advice, hidesLine: hidesLine))
    }

    /// Whether another diagnostic would be kept: what is dropped needs no costly advice.
    var isFull: Bool { diagnostics.count >= DocumentError.maximumCount }

    func finish<Result>(_ result: Result) throws(DocumentError) -> Result {
        let inOrder = diagnostics.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        if let error = DocumentError(inOrder, omitted: omitted) { throw error }
        return result
    }

    /// Reads the whole file as one mapping.
    ///
    /// - Parameter noun: what the file holds, e.g. `an action`.
    func document<Result>(
        _ noun: String, requiresValues: Bool = false, _ read: (Fields) -> Result
    ) throws(DocumentError) -> Result {
        guard case .mapping(let pairs) = root.kind else {
            report(root.mark, "expected \(noun), which is a mapping, found \(summary(root))")
            throw DocumentError(diagnostics[0])
        }
        let fields = Fields(self, pairs, mark: root.mark, noun: noun, requiresValues: requiresValues)
        let result = read(fields)
        fields.refuseOthers()
        return try finish(result)
    }

    /// What stands at a node, in a few words for a message.
    func summary(_ node: YAMLNode) -> String {
        guard case .scalar(let text, _) = node.kind else {
            if case .sequence = node.kind { return "a list" }
            return "a mapping"
        }
        let excerpt = EscapedText.bounded(text, limit: 40)
        switch node.scalar {
        case .null: return "nothing"
        case .bool: return "the boolean `\(excerpt)`"
        case .integer: return "the integer `\(excerpt)`"
        case .float: return "the number `\(excerpt)`"
        case .oversizedInteger: return "an integer beyond 64 bits"
        case .string, nil: return hidesSecrets ? "text" : "the text `\(excerpt)`"
        }
    }

    private static func diagnostic(
        _ file: SourceFile, _ mark: YAMLMark, _ message: String, advice: String?, hidesLine: Bool
    ) -> Diagnostic {
        Diagnostic(
            file: file.name, line: mark.line, column: mark.column, message: message, advice: advice,
            excerpt: hidesLine ? nil : Excerpt(of: file.bytes, at: mark))
    }
}

extension YAMLLimits {
    /// For files that admins sign: as much as a large organisation has in one.
    static let catalogue = YAMLLimits(bytes: SourceFile.maximumSize, nodes: 1_000_000)
}

/// Which lines of a configuration may hold a secret: a key that sounds like one, and what follows it up to the next
/// top-level key.
private enum SecretLines {
    static func mayHoldSecret(_ bytes: [UInt8], line target: Int) -> Bool {
        var isSecret = false
        var number = 1
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if namesSecret(line) {
                isSecret = true
            } else if isTopLevelKey(line) {
                isSecret = false
            }
            if number == target { return isSecret }
            number += 1
        }
        return isSecret
    }

    private static func namesSecret(_ line: ArraySlice<UInt8>) -> Bool {
        let letters = line.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
        let text = String(decoding: letters, as: UTF8.self).lowercased()
        return ["signing", "secret", "password", "private", "token"].contains { text.contains($0) }
    }

    private static func isTopLevelKey(_ line: ArraySlice<UInt8>) -> Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let name = line.prefix { letters.contains($0 | 0x20) || $0 == UInt8(ascii: "_") }
        return !name.isEmpty && line.dropFirst(name.count).first == UInt8(ascii: ":")
    }
}
