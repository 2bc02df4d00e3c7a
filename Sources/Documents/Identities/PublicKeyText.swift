/// The text of a public key as `identities.yaml` holds it: type and base64, one blank between.
///
/// Only the frame is checked here (RFC 4253, section 6.6; OpenSSH's PROTOCOL.u2f): canonical base64, the type again inside,
/// and exactly the fields of that type. So one frame has one text, and a key cannot be listed twice in two spellings.
enum PublicKeyText {
    /// Types that may sign, and how many length-prefixed fields each has.
    static let fieldCounts: [String: Int] = [
        "ssh-ed25519": 2, "ssh-rsa": 3, "ecdsa-sha2-nistp256": 3, "ecdsa-sha2-nistp384": 3, "ecdsa-sha2-nistp521": 3,
        "sk-ssh-ed25519@openssh.com": 3, "sk-ecdsa-sha2-nistp256@openssh.com": 4,
    ]

    /// Why the text is no public key; nil when it is one.
    static func problem(_ text: String) -> String? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            return "a key is its type and its base64 with one blank between, without a comment"
        }
        let type = String(parts[0])
        guard let count = fieldCounts[type] else {
            return "keys of type `\(EscapedText.bounded(type, limit: 40))` are not supported"
        }
        guard let blob = Base64.bytes(parts[1]) else { return "the key's base64 is damaged" }
        guard let fields = fields(blob) else { return "the key is cut off or damaged" }
        guard fields.first?.elementsEqual(type.utf8) == true else {
            return "the key says another type inside than `\(type)`"
        }
        return fields.count == count ? nil : "the key has \(fields.count) fields, and a `\(type)` key has \(count)"
    }

    /// Splits into fields, each a 32-bit big-endian length and so many bytes; nil unless they fill the blob exactly.
    private static func fields(_ blob: [UInt8]) -> [ArraySlice<UInt8>]? {
        var fields: [ArraySlice<UInt8>] = []
        var rest = blob[...]
        while !rest.isEmpty {
            guard rest.count >= 4 else { return nil }
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard length <= rest.count else { return nil }
            fields.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return fields
    }
}

/// Base64 (RFC 4648, section 4), canonical alone: padded, and with zero bits where no bits belong.
private enum Base64 {
    static func bytes(_ text: Substring) -> [UInt8]? {
        let symbols = Array(text.utf8)
        guard !symbols.isEmpty, symbols.count.isMultiple(of: 4) else { return nil }
        let padding = symbols.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(symbols.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        for symbol in symbols.dropLast(padding) {
            guard let value = value(symbol) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }

    private static func value(_ symbol: UInt8) -> UInt32? {
        switch symbol {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(symbol - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(symbol - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(symbol - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
