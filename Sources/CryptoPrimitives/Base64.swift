/// Base64 (RFC 4648).
public enum Base64 {
    private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The standard alphabet, padded with `=`, on one line.
    public static func encode(_ bytes: [UInt8]) -> String {
        var symbols = symbols(bytes, alphabet: standard)
        while !symbols.count.isMultiple(of: 4) { symbols.append(UInt8(ascii: "=")) }
        return String(decoding: symbols, as: UTF8.self)
    }

    /// The alphabet of section 5 (`-` and `_`), without padding.
    public static func encodeURLSafe(_ bytes: [UInt8]) -> String {
        String(decoding: symbols(bytes, alphabet: urlSafe), as: UTF8.self)
    }

    /// Decodes what `encode` writes, and nothing else: no spaces or line breaks, all of the padding, and zeros in the
    /// bits that are left over. So no two texts stand for the same bytes.
    public static func decode(_ text: String) -> [UInt8]? { decode(Array(text.utf8)) }

    /// Decodes what `encodeURLSafe` writes, and nothing else: no padding, no spaces, no `+` or `/`, and zeros in the bits that
    /// are left over.
    public static func decodeURLSafe(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for symbol in text {
            let value = urlSafeValues[Int(symbol)]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
                bits &= (1 << count) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }

    /// Decodes the ASCII bytes of such a text.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        let end = text.count - padding
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        for index in 0..<end {
            let symbol = values[Int(text[index])]
            guard symbol < 64 else { return nil }
            bits = bits << 6 | UInt32(symbol)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        // Two symbols and `==` leave 4 bits over, three and `=` leave 2.
        guard bits == 0, count == padding * 2 else { return nil }
        return bytes
    }

    private static let values = values(of: standard)
    private static let urlSafeValues = values(of: urlSafe)

    private static func values(of alphabet: [UInt8]) -> [UInt8] {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, symbol) in alphabet.enumerated() { values[Int(symbol)] = UInt8(value) }
        return values
    }

    private static func symbols(_ bytes: [UInt8], alphabet: [UInt8]) -> [UInt8] {
        var symbols: [UInt8] = []
        symbols.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                symbols.append(alphabet[Int(bits >> count) & 63])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { symbols.append(alphabet[Int(bits << (6 - count)) & 63]) }
        return symbols
    }
}
