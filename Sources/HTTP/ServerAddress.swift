/// Where a server listens: the part of a URL (RFC 3986) before the request target. `https://10.0.0.1:6443/k8s/c-1`.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    public let isPlain: Bool
    /// Without the brackets of an IPv6 address.
    public let host: String
    public let port: Int
    /// Percent-encoded; empty, or starting with `/` and not ending in one.
    public let path: String

    /// The longest address that is read, in bytes.
    public static let maximumLength = 2048

    /// Reads an absolute `https` URL without user, query and fragment. `http` is read too; whether it may be used is for
    /// the caller to say (`isPlain`).
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let (scheme, rest) = Self.split(text, at: "://")
        else { return nil }
        switch scheme.lowercased() {
        case "https": isPlain = false
        case "http": isPlain = true
        default: return nil
        }
        let authority = rest.prefix { $0 != "/" }
        var path = String(rest[authority.endIndex...])
        guard let (host, port) = Self.hostAndPort(authority, standard: isPlain ? 80 : 443) else { return nil }
        while path.hasSuffix("/") { path.removeLast() }
        guard path.isEmpty || RequestTarget(parsing: path).map({ $0.query.isEmpty && !path.contains("?") }) == true
        else { return nil }
        self.host = host
        self.port = port
        self.path = path
    }

    /// With brackets where they are needed.
    var authority: String { Self.bracketed(host) + ":\(port)" }

    /// As the `Host` field has it (RFC 9110, section 7.2): the port only when it is not the usual one.
    public var hostField: String { port == (isPlain ? 80 : 443) ? Self.bracketed(host) : authority }

    public var description: String { "\(isPlain ? "http" : "https")://\(hostField)\(path)" }

    static func bracketed(_ host: String) -> String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host }

    static func split(_ text: String, at separator: String) -> (Substring, Substring)? {
        guard let range = text.firstRange(of: separator) else { return nil }
        return (text[..<range.lowerBound], text[range.upperBound...])
    }

    /// - Returns: nil for anything but a name, an IPv4 address or a bracketed IPv6 address, and a port.
    static func hostAndPort(_ authority: Substring, standard: Int) -> (host: String, port: Int)? {
        var host = authority
        var port = standard
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            guard host.utf8.contains(UInt8(ascii: ":")),
                host.utf8.allSatisfy({ isHexadecimal($0) || ":.".utf8.contains($0) })
            else { return nil }
            let rest = authority[authority.index(after: end)...]
            if !rest.isEmpty {
                guard rest.first == ":", let number = portNumber(rest.dropFirst()) else { return nil }
                port = number
            }
        } else {
            if let colon = authority.firstIndex(of: ":") {
                host = authority[..<colon]
                guard let number = portNumber(authority[authority.index(after: colon)...]) else { return nil }
                port = number
            }
            guard isHostName(host) else { return nil }
        }
        return (String(host), port)
    }

    static func isHostName(_ text: some StringProtocol) -> Bool {
        (1...253).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.allSatisfy { isLetterOrDigit($0) || "-._".utf8.contains($0) }
    }

    private static func portNumber(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), (1...65_535).contains(number)
        else { return nil }
        return number
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
