/// Refuses what people and programs would read differently, before libyaml sees a byte: encodings other than UTF-8, line
/// breaks other than LF (libyaml also breaks at CR, U+0085, U+2028 and U+2029), control characters, and characters that
/// turn the direction of text.
struct InputCheck {
    let bytes: UnsafeBufferPointer<UInt8>

    func run() throws(YAMLError) {
        try refuseForeignEncodings()
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte >= 0x20, byte < 0x7F {
                index += 1
            } else if byte < 0x80 {
                try checkControl(byte, at: index)
                index += 1
            } else {
                guard let (scalar, length) = decode(at: index) else {
                    throw error(
                        at: index, "the byte 0x\(hexadecimal(UInt32(byte))) is not valid UTF-8",
                        advice: "save the file as UTF-8")
                }
                try checkScalar(scalar, at: index)
                index += length
            }
        }
    }

    private func refuseForeignEncodings() throws(YAMLError) {
        let first = bytes.prefix(4).map { $0 }
        let advice = "save the file as UTF-8 without a byte order mark"
        if first.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw error(at: 0, "the file starts with a byte order mark", advice: advice)
        }
        let hasUTF16Mark = first.starts(with: [0xFF, 0xFE]) || first.starts(with: [0xFE, 0xFF])
        let hasUTF16Zero = first.count > 1 && (first[0] == 0) != (first[1] == 0)
        if hasUTF16Mark || hasUTF16Zero { throw error(at: 0, "the file is not UTF-8 but UTF-16", advice: advice) }
    }

    private func checkControl(_ byte: UInt8, at index: Int) throws(YAMLError) {
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: "\t"): return
        case UInt8(ascii: "\r"):
            throw error(at: index, "a carriage return", advice: "end lines with LF alone, not with CR or CR LF")
        default:
            throw error(
                at: index, "the control character U+\(hexadecimal(UInt32(byte), width: 4))", advice: "remove it")
        }
    }

    private func checkScalar(_ scalar: UInt32, at index: Int) throws(YAMLError) {
        let name = "U+\(hexadecimal(scalar, width: 4))"
        switch scalar {
        case 0x85, 0x2028, 0x2029:
            throw error(
                at: index, "the character \(name), which some programs read as a line break", advice: "remove it")
        case 0x80...0x9F:
            throw error(at: index, "the control character \(name)", advice: "remove it")
        case 0x202A...0x202E, 0x2066...0x2069:
            throw error(
                at: index, "the character \(name), which makes text look different from what it is",
                advice: "remove it")
        case 0xFEFF:
            throw error(at: index, "a byte order mark inside the text", advice: "remove it")
        case 0xFFFE, 0xFFFF:
            throw error(at: index, "\(name), which is no character", advice: "remove it")
        default: return
        }
    }

    /// Strict UTF-8 (RFC 3629): no overlong form, no surrogate, nothing beyond U+10FFFF.
    private func decode(at index: Int) -> (scalar: UInt32, length: Int)? {
        let first = bytes[index]
        let (length, minimum): (Int, UInt32)
        switch first {
        case 0xC2...0xDF: (length, minimum) = (2, 0x80)
        case 0xE0...0xEF: (length, minimum) = (3, 0x800)
        case 0xF0...0xF4: (length, minimum) = (4, 0x10000)
        default: return nil
        }
        guard index + length <= bytes.count else { return nil }
        var scalar = UInt32(first) & (0x7F >> UInt32(length))
        for offset in 1..<length {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        guard scalar >= minimum, Unicode.Scalar(scalar) != nil else { return nil }
        return (scalar, length)
    }

    private func error(at offset: Int, _ message: String, advice: String) -> YAMLError {
        var line = 1
        var column = 1
        for byte in bytes[..<offset] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return YAMLError(mark: YAMLMark(line: line, column: column), message: message, advice: advice)
    }

    private func hexadecimal(_ value: UInt32, width: Int = 2) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
