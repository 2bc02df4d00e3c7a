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
    private let hidesSecrets: Bool

    /// - Parameter hidesSecrets: excerpts leave out lines that may hold a secret.
    init(_ file: SourceFile, limits: YAMLLimits = YAMLLimits(), hidesSecrets: Bool = false) throws(DocumentError) {
        self.file = file
        self.hidesSecrets = hidesSecrets
        do throws(YAMLError) {
            root = try parseYAML(file.bytes, limits: limits)
        } catch {
            throw DocumentError(
                Self.diagnostic(file, error.mark, error.message, advice: error.advice, hidesSecrets: hidesSecrets))
        }
    }

    func report(_ mark: YAMLMark, _ message: String, advice: String? = nil) {
        guard diagnostics.count < DocumentError.maximumCount else {
            omitted += 1
            return
        }
        diagnostics.append(Self.diagnostic(file, mark, message, advice: advice, hidesSecrets: hidesSecrets))
    }

    /// Whether another diagnostic would be kept: what is dropped needs no costly advice.
    var isFull: Bool { diagnostics.count >= DocumentError.maximumCount }

    func finish<Result>(_ result: Result) throws(DocumentError) -> Result {
        if let error = DocumentError(diagnostics, omitted: omitted) { throw error }
        return result
    }

    /// Reads the whole file as one mapping.
    ///
    /// - Parameter noun: what the file holds, e.g. `an action`.
    func document<Result>(
        _ noun: String, requiresValues: Bool = false, _ read: (Fields) -> Result
    ) throws(DocumentError) -> Result {
        guard case .mapping(let pairs) = root.kind else {
            report(root.mark, "expected \(noun), which is a mapping, found \(root.summary)")
            throw DocumentError(diagnostics[0])
        }
        let fields = Fields(self, pairs, mark: root.mark, noun: noun, requiresValues: requiresValues)
        let result = read(fields)
        fields.refuseOthers()
        return try finish(result)
    }

    private static func diagnostic(
        _ file: SourceFile, _ mark: YAMLMark, _ message: String, advice: String?, hidesSecrets: Bool
    ) -> Diagnostic {
        let isHidden = hidesSecrets && SecretLines.mayHoldSecret(file.bytes, line: mark.line)
        return Diagnostic(
            file: file.name, line: mark.line, column: mark.column, message: message, advice: advice,
            excerpt: isHidden ? nil : Excerpt(of: file.bytes, at: mark))
    }
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

extension YAMLNode {
    /// What stands here, in a few words for a message. Never the text of a string: it may be long, or a secret.
    var summary: String {
        switch kind {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar(let text, _):
            switch scalar {
            case .null: "nothing"
            case .bool: "the boolean `\(text)`"
            case .integer: "the integer `\(EscapedText.bounded(text, limit: 40))`"
            case .oversizedInteger: "an integer beyond 64 bits"
            case .float: "the number `\(EscapedText.bounded(text, limit: 40))`"
            case .string, nil: "text"
            }
        }
    }
}
