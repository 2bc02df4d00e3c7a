internal import ChangeModel

/// How scalars are written in files that this project makes.
enum ScalarText {
    /// Plain where no YAML version could read it as anything but this string, double-quoted otherwise.
    static func identifier(_ text: String) -> String { isSafePlain(text) ? text : quoted(text) }

    /// Whether YAML 1.1 and 1.2 both read the plain text as a string, in any schema:
    /// 1. only letters, digits and `.` `_` `/` `@` `:` `-`, starting with a letter or digit, not ending with `:`;
    /// 2. starting with a letter, it is none of the words that some version reads as a boolean or null;
    /// 3. starting with a digit, it has a letter that occurs in no number (`0x1f`, `0b10`, `0o17`, `1e3`, `190:20:30`) and
    ///    in no date (`2001-12-14t21:59:43Z`) of any version.
    static func isSafePlain(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.last != UInt8(ascii: ":") else { return false }
        guard bytes.allSatisfy({ isLetter($0) || isDigit($0) || "._/@:-".utf8.contains($0) }) else { return false }
        if isLetter(first) { return !reservedWords.contains(text.lowercased()) }
        return isDigit(first) && bytes.contains { isLetter($0) && !"abcdefotxz".utf8.contains($0 | 0x20) }
    }

    private static let reservedWords: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]

    /// Printable ASCII in double quotes. Other characters of the basic plane become `\uXXXX`, the rest `\UXXXXXXXX`.
    static func quoted(_ text: String, keepingVisible: Bool = false) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case " "..."~": result.unicodeScalars.append(scalar)
            default:
                if keepingVisible, VisibleText.isVisible(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += scalar.value > 0xFFFF ? "\\U\(hexadecimal(scalar, 8))" : "\\u\(hexadecimal(scalar, 4))"
                }
            }
        }
        return result + "\""
    }

    /// ECMAScript's shortest form, with a dot in every mantissa: YAML 1.1 reads `1e+21` as text, and `1.0e+21` as a number,
    /// as YAML 1.2 does. Integral values get an exponent, so that no number looks like an integer.
    static func number(_ value: Double) -> String {
        let text = JSONValue.number(value).canonicalText
        if let marker = text.firstIndex(of: "e") {
            return text[..<marker].contains(".") ? text : "\(text[..<marker]).0\(text[marker...])"
        }
        if text.contains(".") { return text }
        let sign = text.hasPrefix("-") ? "-" : ""
        let digits = text.dropFirst(sign.count)
        var significant = digits[...]
        while significant.count > 1, significant.last == "0" { significant.removeLast() }
        let fraction = significant.dropFirst()
        return "\(sign)\(significant.prefix(1)).\(fraction.isEmpty ? "0" : fraction)e+\(digits.count - 1)"
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar, _ width: Int) -> String {
        let digits = String(scalar.value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
