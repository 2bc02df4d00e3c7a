/// The meaning of a scalar by the core schema of YAML 1.2.2, section 10.3.2. `no`, `yes` and `on` are strings; `017` is
/// seventeen and `0o17` fifteen; `1e3` is a float.
public enum YAMLScalar: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Written as an integer, beyond 64 bits. It is neither rounded nor read as text.
    case oversizedInteger(String)
    /// May be infinite or not a number: by `.inf` and `.nan`, or by an exponent beyond a double's range.
    case float(Double)
    case string(String)

    /// Reads a plain scalar: quoted and block scalars are always strings.
    public init(plain text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .bool(true)
        case "false", "False", "FALSE": self = .bool(false)
        case ".nan", ".NaN", ".NAN": self = .float(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": self = .float(.infinity)
        case "-.inf", "-.Inf", "-.INF": self = .float(-.infinity)
        default: self = Self.number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> YAMLScalar? {
        // Cheap for the common case: only a sign, a dot or a digit can start a number.
        guard let first = text.utf8.first, isDigit(first) || "+-.".utf8.contains(first) else { return nil }
        let bytes = Array(text.utf8)
        if bytes.starts(with: "0o".utf8) { return integer(text, bytes[2...], radix: 8) }
        if bytes.starts(with: "0x".utf8) { return integer(text, bytes[2...], radix: 16) }
        let unsigned = first == UInt8(ascii: "+") || first == UInt8(ascii: "-") ? bytes[1...] : bytes[...]
        if !unsigned.isEmpty, unsigned.allSatisfy(isDigit) {
            return Int64(text).map { .integer($0) } ?? .oversizedInteger(text)
        }
        guard isFloat(unsigned), let value = Double(text) else { return nil }
        return .float(value)
    }

    private static func integer(_ text: String, _ digits: ArraySlice<UInt8>, radix: Int) -> YAMLScalar? {
        guard !digits.isEmpty, digits.allSatisfy({ isDigit($0, radix: radix) }) else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self), radix: radix).map { .integer($0) }
            ?? .oversizedInteger(text)
    }

    /// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isFloat(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let fraction = rest.prefix(while: isDigit)
            guard !(whole.isEmpty && fraction.isEmpty) else { return false }
            rest = rest.dropFirst(fraction.count)
        } else if whole.isEmpty {
            return false
        }
        guard let marker = rest.first else { return true }
        guard marker == UInt8(ascii: "e") || marker == UInt8(ascii: "E") else { return false }
        rest = rest.dropFirst()
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isDigit(_ byte: UInt8, radix: Int) -> Bool {
        if radix == 8 { return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "7") }
        return isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"))
    }
}
