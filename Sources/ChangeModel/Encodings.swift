/// Lower-case hexadecimal.
public enum Hexadecimal {
    public static func text(_ bytes: some Collection<UInt8>) -> String {
        String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            var index = 0
            for byte in bytes {
                text[index] = digit(byte >> 4)
                text[index + 1] = digit(byte & 15)
                index += 2
            }
            return index
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
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
    public static func bytes(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { bytes($0) }
    }

    static func bytes(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = lowerCaseValue(text[index]), let low = lowerCaseValue(text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func lowerCaseValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// Crockford's base32 in lower case: digits and letters without i, l, o, u, five bits each.
public enum CrockfordBase32 {
    static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    private static let isSymbol: [Bool] = (0...255).map { alphabet.contains(UInt8($0)) }

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

    public static func isSymbol(_ byte: UInt8) -> Bool { isSymbol[Int(byte)] }
}
