/// Foreign text made safe to print: whatever is not printable ASCII becomes `\u{…}`, so that nothing in a terminal or a
/// log can look like something else.
enum EscapedText {
    static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case " "..."~": String(Character(scalar))
        case "\t": "\\t"
        case "\n": "\\n"
        case "\r": "\\r"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    /// At most `limit` columns, then `…` written as three dots.
    static func bounded(_ text: some StringProtocol, limit: Int = 80) -> String {
        var result = ""
        var width = 0
        for scalar in text.unicodeScalars {
            let piece = escape(scalar)
            width += piece.utf8.count
            guard width <= limit else { return result + "..." }
            result += piece
        }
        return result
    }
}
