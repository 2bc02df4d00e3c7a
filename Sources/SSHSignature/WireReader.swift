/// Bytes that do not follow SSH's wire format.
struct WireError: Error {
    /// What is wrong: `ends inside the namespace`.
    let problem: String
}

/// Reads the data types of RFC 4251, section 5. A length is believed only as far as there are bytes.
struct WireReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var remaining: Int { bytes.count - position }
    var isAtEnd: Bool { remaining == 0 }

    mutating func take(_ count: Int, _ name: String) throws(WireError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw WireError(problem: "ends inside the \(name)") }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func byte(_ name: String) throws(WireError) -> UInt8 {
        guard let byte = try take(1, name).first else { throw WireError(problem: "ends inside the \(name)") }
        return byte
    }

    mutating func uint32(_ name: String) throws(WireError) -> UInt32 {
        try take(4, name).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func string(_ name: String) throws(WireError) -> [UInt8] {
        let count = try uint32(name)
        return Array(try take(Int(count), name))
    }

    /// A string of printable ASCII: names of algorithms and namespaces have no other characters, and messages may quote it.
    mutating func name(_ name: String) throws(WireError) -> String {
        let bytes = try string(name)
        guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw WireError(problem: "has unprintable characters in the \(name)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The magnitude of an `mpint` that is positive and has no needless leading zero.
    mutating func positiveInteger(_ name: String) throws(WireError) -> [UInt8] {
        let bytes = try string(name)
        guard let first = bytes.first, first < 0x80 else {
            throw WireError(problem: "has no positive number as \(name)")
        }
        guard first == 0 else { return bytes }
        guard bytes.count > 1, bytes[1] >= 0x80 else {
            throw WireError(problem: "has needless zeros before the \(name)")
        }
        return Array(bytes.dropFirst())
    }

    /// Leftover input is an error.
    func end() throws(WireError) {
        guard remaining == 0 else { throw WireError(problem: "has \(remaining) bytes too many at its end") }
    }
}

/// Writes the data types of RFC 4251, section 5.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    mutating func raw(_ content: some Sequence<UInt8>) {
        bytes += content
    }

    mutating func uint32(_ value: UInt32) {
        bytes += [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
    }

    mutating func string(_ content: some Collection<UInt8>) {
        uint32(UInt32(clamping: content.count))
        bytes += content
    }

    mutating func string(_ text: String) { string(text.utf8) }
}
