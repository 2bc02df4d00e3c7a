extension JSONValue {
    /// Canonical JSON by RFC 8785: no white space, keys sorted by UTF-16 code units, ECMAScript numbers.
    public var canonicalBytes: [UInt8] {
        var writer = JSONWriter(indent: nil)
        writer.write(self, depth: 0)
        return writer.bytes
    }

    public var canonicalText: String { String(decoding: canonicalBytes, as: UTF8.self) }

    /// The form of evidence files: RFC 8785's order and scalars, two spaces of indentation, one final line feed. Readable
    /// in `git show`, and still exactly one byte sequence for each value.
    public var evidenceBytes: [UInt8] {
        var writer = JSONWriter(indent: 2)
        writer.write(self, depth: 0)
        writer.bytes.append(UInt8(ascii: "\n"))
        return writer.bytes
    }

    public var prettyText: String { String(decoding: evidenceBytes.dropLast(), as: UTF8.self) }
}

private struct JSONWriter {
    var bytes: [UInt8] = []
    let indent: Int?

    mutating func write(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let number): append(String(number))
        case .number(let number): append(ECMAScriptNumber.text(number))
        case .string(let text): writeString(text)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                separate(index, depth: depth + 1)
                write(element, depth: depth + 1)
            }
            close(UInt8(ascii: "]"), count: elements.count, depth: depth)
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { Self.precedes($0.key, $1.key) }).enumerated() {
                separate(index, depth: depth + 1)
                writeString(member.key)
                bytes.append(UInt8(ascii: ":"))
                if indent != nil { bytes.append(UInt8(ascii: " ")) }
                write(member.value, depth: depth + 1)
            }
            close(UInt8(ascii: "}"), count: members.count, depth: depth)
        }
    }

    private mutating func separate(_ index: Int, depth: Int) {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        newLine(depth: depth)
    }

    private mutating func close(_ bracket: UInt8, count: Int, depth: Int) {
        if count > 0 { newLine(depth: depth) }
        bytes.append(bracket)
    }

    /// By UTF-16 code units. Their order is that of the bytes of UTF-8, but for characters from U+E000 on.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        for (one, other) in zip(left.utf8, right.utf8) where one != other {
            if one < 0xEE, other < 0xEE { return one < other }
            return left.utf16.lexicographicallyPrecedes(right.utf16)
        }
        return left.utf8.count < right.utf8.count
    }

    private mutating func newLine(depth: Int) {
        guard let indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * depth))
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func writeString(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { text in
            // Runs without anything to escape are copied whole.
            var start = 0
            for index in text.indices where Self.isEscaped(text[index]) {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                writeEscape(text[index])
                start = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func writeEscape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0A: append("\\n")
        case 0x0C: append("\\f")
        case 0x0D: append("\\r")
        default:
            append("\\u00")
            append(Hexadecimal.text([byte]))
        }
    }
}

/// Number::toString of ECMAScript, which RFC 8785 section 3.2.2.3 prescribes for JSON numbers.
enum ECMAScriptNumber {
    static func text(_ number: Double) -> String {
        guard number.isFinite else { return "null" }
        if number == 0 { return "0" }
        let (digits, exponent) = shortestDigits(number.magnitude)
        let sign = number < 0 ? "-" : ""
        let count = digits.count
        // The value is 0.d1d2…dk × 10^point.
        let point = exponent
        switch point {
        case count...21:
            return sign + digits + String(repeating: "0", count: point - count)
        case 1...21:
            return sign + digits.prefix(point) + "." + digits.dropFirst(point)
        case -5...0:
            return sign + "0." + String(repeating: "0", count: -point) + digits
        default:
            let power = point - 1
            let mantissa = count == 1 ? digits : digits.prefix(1) + "." + digits.dropFirst()
            return sign + mantissa + "e" + (power < 0 ? "-" : "+") + String(power.magnitude)
        }
    }

    /// Swift prints the shortest digits that read back as the same double; only their layout differs from ECMAScript's.
    private static func shortestDigits(_ magnitude: Double) -> (digits: String, point: Int) {
        let text = magnitude.description
        let parts = text.split(separator: "e", maxSplits: 1)
        let exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(mantissa[0])
        let fraction = mantissa.count == 2 ? String(mantissa[1]) : ""
        let all = whole + fraction
        let leadingZeros = all.prefix { $0 == "0" }.count
        var digits = String(all.dropFirst(leadingZeros))
        while digits.last == "0" { digits.removeLast() }
        return (digits, whole.count - leadingZeros + exponent)
    }
}
