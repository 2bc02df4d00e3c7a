/// The path and query of a request in origin form (RFC 9112 section 3.2.1), taken apart: `/api/v1/nodes/a?limit=5`.
///
/// Names from outside become path segments only through here, so that one name is always one segment: it can neither
/// climb (`..`), nor add segments (`/`), nor begin a query (`?`).
public struct RequestTarget: Hashable, Sendable {
    public struct QueryItem: Hashable, Sendable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Decoded segments without the slashes between them.
    public let segments: [String]
    public let query: [QueryItem]
    /// Whether the path ends in `/`. To many servers that names a whole collection.
    public let endsWithSlash: Bool

    /// The longest target that is read, in bytes.
    public static let maximumLength = 8 << 10

    /// - Returns: nil when a segment is empty, `.` or `..`, or holds `/`, `\` or a control character.
    public init?(segments: [String], query: [QueryItem] = []) {
        guard !segments.isEmpty, segments.allSatisfy(Self.isSafeSegment) else { return nil }
        self.segments = segments
        self.query = query
        endsWithSlash = false
    }

    /// Reads a target as a server does. Empty segments in the middle stay, since they are not the same path.
    ///
    /// - Returns: nil for anything but an absolute path with valid percent-encoding of valid UTF-8.
    public init?(parsing text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.first == UInt8(ascii: "/"), !text.utf8.contains(0x23)
        else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        var segments: [String] = []
        for part in parts[0].dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let segment = PercentEncoding.decode(part) else { return nil }
            segments.append(segment)
        }
        endsWithSlash = segments.last?.isEmpty == true
        if endsWithSlash { segments.removeLast() }
        self.segments = segments
        var query: [QueryItem] = []
        if parts.count == 2 {
            for item in parts[1].split(separator: UInt8(ascii: "&")) {
                let pair = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = PercentEncoding.decode(pair[0], plusIsSpace: true),
                    let value = PercentEncoding.decode(
                        pair.count == 2 ? pair[1] : pair[0][..<pair[0].startIndex],
                        plusIsSpace: true)
                else { return nil }
                query.append(QueryItem(name, value))
            }
        }
        self.query = query
    }

    /// The first value of a query item.
    public func value(of name: String) -> String? { query.first { $0.name == name }?.value }

    /// The percent-encoded form that goes on the wire.
    public var text: String {
        var text = segments.map { "/" + PercentEncoding.encode($0) }.joined()
        if endsWithSlash || segments.isEmpty { text += "/" }
        if !query.isEmpty {
            text += "?"
            text += query.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
                .joined(separator: "&")
        }
        return text
    }

    private static func isSafeSegment(_ segment: String) -> Bool {
        guard !segment.isEmpty, segment != ".", segment != ".." else { return false }
        return segment.utf8.allSatisfy {
            $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\")
        }
    }
}

/// Percent-encoding (RFC 3986 section 2.1).
public enum PercentEncoding {
    /// Encodes every byte but the unreserved ones (section 2.3), so the text fits a segment and a query value alike.
    public static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Returns: nil for a `%` without two hexadecimal digits, and for bytes that are not UTF-8.
    public static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(value), let low = rest.popFirst().flatMap(value) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            } else if byte == UInt8(ascii: "+"), plusIsSpace {
                bytes.append(0x20)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }
}
