/// Lower-case hexadecimal.
public enum Hexadecimal {
    public static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    public static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Decodes lower-case digits alone: one byte sequence has one spelling.
    public static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            for digit in digits[index...index + 1] where digit >= UInt8(ascii: "A") && digit <= UInt8(ascii: "F") {
                return nil
            }
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}

/// Crockford's base32 in lower case: digits and letters without i, l, o, u, five bits each.
public enum CrockfordBase32 {
    static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The first `count` symbols of the bits in `bytes`, most significant first; missing bits at the end count as zero.
    public static func text(_ bytes: [UInt8], count: Int) -> String {
        var symbols: [UInt8] = []
        for index in 0..<count {
            var value = 0
            for bit in index * 5..<index * 5 + 5 {
                value <<= 1
                if bit / 8 < bytes.count { value |= Int(bytes[bit / 8] >> (7 - UInt8(bit % 8))) & 1 }
            }
            symbols.append(alphabet[value])
        }
        return String(decoding: symbols, as: UTF8.self)
    }

    public static func isSymbol(_ byte: UInt8) -> Bool { alphabet.contains(byte) }
}
