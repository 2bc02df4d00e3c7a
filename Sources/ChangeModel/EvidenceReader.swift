extension JSONValue {
    /// Reads a text that is in the form of evidence files, which it checks on the way: `evidenceBytes` of the result are
    /// exactly `bytes`.
    ///
    /// - Returns: nil for every text that is not in that form or exceeds `limits`, and for rare ones that are: with keys or
    ///   numbers for which the general reader must be asked.
    public init?(evidence bytes: [UInt8], limits: JSONLimits = JSONLimits()) {
        guard bytes.count <= limits.bytes else { return nil }
        let value = bytes.withUnsafeBufferPointer { bytes -> JSONValue? in
            var reader = EvidenceReader(bytes: bytes, maximumDepth: limits.depth)
            guard let value = reader.value(0), reader.skip(0x0A), reader.isAtEnd else { return nil }
            return value
        }
        guard let value else { return nil }
        self = value
    }
}

/// Reads JSON of which each byte is determined: two spaces for each level, sorted keys, the shortest scalars.
private struct EvidenceReader {
    let bytes: UnsafeBufferPointer<UInt8>
    let maximumDepth: Int
    private var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    var isAtEnd: Bool { position == bytes.count }

    private var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skip(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] { return false }
        position += count
        return true
    }

    private mutating func skipLineFeed(_ depth: Int) -> Bool {
        guard position + 1 + 2 * depth <= bytes.count, bytes[position] == 0x0A else { return false }
        for index in position + 1..<position + 1 + 2 * depth where bytes[index] != 0x20 { return false }
        position += 1 + 2 * depth
        return true
    }

    mutating func value(_ depth: Int) -> JSONValue? {
        guard depth <= maximumDepth else { return nil }
        switch current {
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "{"): return object(depth)
        case UInt8(ascii: "["): return array(depth)
        case UInt8(ascii: "t"): return skip("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return skip("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return skip("null") ? .null : nil
        default: return integer().map { .integer($0) }
        }
    }

    private mutating func object(_ depth: Int) -> JSONValue? {
        position += 1
        if skip(UInt8(ascii: "}")) { return .object([:]) }
        var members: [String: JSONValue] = [:]
        var previous: Range<Int>?
        while true {
            guard skipLineFeed(depth + 1) else { return nil }
            let start = position + 1
            guard let key = string() else { return nil }
            // Without escapes and beyond ASCII, the order of the bytes is the order of UTF-16.
            let range = start..<position - 1
            guard isPlain(range), previous.map({ precedes($0, range) }) ?? true, skip(": "),
                let value = value(depth + 1)
            else { return nil }
            previous = range
            members[key] = value
            if skip(UInt8(ascii: ",")) { continue }
            guard skipLineFeed(depth), skip(UInt8(ascii: "}")) else { return nil }
            return .object(members)
        }
    }

    private mutating func array(_ depth: Int) -> JSONValue? {
        position += 1
        if skip(UInt8(ascii: "]")) { return .array([]) }
        var elements: [JSONValue] = []
        while true {
            guard skipLineFeed(depth + 1), let element = value(depth + 1) else { return nil }
            elements.append(element)
            if skip(UInt8(ascii: ",")) { continue }
            guard skipLineFeed(depth), skip(UInt8(ascii: "]")) else { return nil }
            return .array(elements)
        }
    }

    private func isPlain(_ range: Range<Int>) -> Bool {
        bytes[range].allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "\\") }
    }

    private func precedes(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        var (left, right) = (one.lowerBound, other.lowerBound)
        while left < one.upperBound, right < other.upperBound {
            if bytes[left] != bytes[right] { return bytes[left] < bytes[right] }
            left += 1
            right += 1
        }
        return left == one.upperBound && right < other.upperBound
    }

    private mutating func integer() -> Int64? {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        let digits = position
        var value: Int64 = 0
        while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit <= 9 {
            // 18 digits always fit.
            guard position - digits < 18 else { return nil }
            value = value * 10 + Int64(digit)
            position += 1
        }
        let count = position - digits
        guard count > 0, count == 1 || bytes[digits] != UInt8(ascii: "0"), digits == start || value != 0 else {
            return nil
        }
        // A fraction or an exponent follows: the caller finds neither comma nor line feed.
        return digits == start ? value : -value
    }

    private mutating func string() -> String? {
        guard skip(UInt8(ascii: "\"")) else { return nil }
        let start = position
        var isASCII = true
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let text = UnsafeBufferPointer(rebasing: bytes[start..<position])
                position += 1
                if isASCII { return String(decoding: text, as: UTF8.self) }
                return String(validating: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { return escapedString(from: start) }
            if byte < 0x20 { return nil }
            if byte >= 0x80 { isASCII = false }
            position += 1
        }
        return nil
    }

    /// Goes on at the first backslash of a string that began at `start`.
    private mutating func escapedString(from start: Int) -> String? {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let meant = escape() else { return nil }
                text.append(meant)
            case 0..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    /// The character after a backslash, if it must be escaped, and so.
    private mutating func escape() -> UInt8? {
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): return byte
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "u"):
            guard position + 4 <= bytes.count, bytes[position] == UInt8(ascii: "0"),
                bytes[position + 1] == UInt8(ascii: "0"), let high = digit(position + 2), let low = digit(position + 3)
            else { return nil }
            position += 4
            let value = high << 4 | low
            // The others have a shorter form, or none.
            return value < 0x20 && ![0x08, 0x09, 0x0A, 0x0C, 0x0D].contains(value) ? value : nil
        default: return nil
        }
    }

    /// A hexadecimal digit in lower case.
    private func digit(_ index: Int) -> UInt8? {
        switch bytes[index] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): bytes[index] - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): bytes[index] - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
