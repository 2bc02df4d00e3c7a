internal import ChangeModel

/// Text from outside, made fit for a one-line message: short, and in printable ASCII.
enum Excerpt {
    private static let maximumLength = 60
    private static let maximumEntries = 10

    /// `` `name` ``
    static func quoted(_ text: String) -> String { "`\(printable(text))`" }

    /// The value as JSON, without the quotation marks of a string.
    static func quoted(_ value: JSONValue) -> String {
        if case .string(let text) = value { return quoted(text) }
        return quoted(value.canonicalText)
    }

    /// `[a, b]`
    static func list(_ names: [String]) -> String {
        let shown = names.prefix(maximumEntries).map(printable)
        let rest = names.count > maximumEntries ? ["… \(names.count - maximumEntries) more"] : []
        return "[\((shown + rest).joined(separator: ", "))]"
    }

    static func printable(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "`") }
        if isPlain, text.utf8.count <= maximumLength { return text }
        var result = ""
        for scalar in text.unicodeScalars.prefix(maximumLength) {
            if (0x20...0x7E).contains(scalar.value), scalar != "`" {
                result.unicodeScalars.append(scalar)
            } else {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return text.unicodeScalars.dropFirst(maximumLength).isEmpty ? result : result + "…"
    }
}

extension JSONValue {
    /// Whether `plainText` is exactly `text`.
    func hasPlainText(_ text: String) -> Bool {
        if case .string(let own) = self { return own.isIdentical(to: text) }
        return canonicalText.isIdentical(to: text)
    }

    /// A scalar as a locator or an `enum` would spell it; canonical JSON for the rest.
    var plainText: String {
        if case .string(let text) = self { return text }
        return canonicalText
    }
}

extension String {
    /// Whether both are the same bytes. `==` holds two spellings of one accented letter equal, which no target does.
    func isIdentical(to other: String) -> Bool {
        // Identical bytes are always equal, and equality is quick to deny.
        guard self == other, utf8.count == other.utf8.count else { return false }
        var (own, their) = (self, other)
        return own.withUTF8 { own in their.withUTF8 { own.elementsEqual($0) } }
    }
}
