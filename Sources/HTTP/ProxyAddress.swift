#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A proxy: `http://`, `https://` or `socks5://`, host and port, and perhaps a user and a password. It is asked to connect
/// (RFC 9110, section 9.3.6) and sees nothing but the server's name.
public struct ProxyAddress: Sendable, Hashable, CustomStringConvertible {
    /// As libcurl takes it; may hold a password.
    let url: String
    /// Without user and password.
    public let description: String

    public init?(_ text: String) {
        guard text.utf8.count <= ServerAddress.maximumLength, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        // A scheme may be missing, as in Go's net/http and curl.
        let (scheme, rest) = ServerAddress.split(text, at: "://") ?? ("http", text[...])
        let kind: String
        switch scheme.lowercased() {
        case "http": kind = "http"
        case "https": kind = "https"
        // Names are for the proxy to look up, as Go's net/http has it for both.
        case "socks5", "socks5h": kind = "socks5h"
        default: return nil
        }
        var authority = rest
        if authority.hasSuffix("/") { authority.removeLast() }
        var user = ""
        if let at = authority.lastIndex(of: "@") {
            user = String(authority[...at])
            authority = authority[authority.index(after: at)...]
            guard user.dropLast().utf8.allSatisfy({ !"/?#@[]".utf8.contains($0) }) else { return nil }
        }
        let standard = kind == "http" ? 80 : kind == "https" ? 443 : 1080
        guard let (host, port) = ServerAddress.hostAndPort(authority, standard: standard) else { return nil }
        let place = "\(ServerAddress.bracketed(host)):\(port)"
        url = "\(kind)://\(user)\(place)"
        description = "\(kind == "socks5h" ? "socks5" : kind)://\(place)"
    }

    /// What the environment says, by the rules of Go's net/http, which are kubectl's: `HTTPS_PROXY` for https and `HTTP_PROXY`
    /// for http, upper case first; `NO_PROXY` lists hosts, domains with what is below them, addresses, networks (CIDR) and
    /// ports, or `*`; this machine itself is never asked through a proxy.
    ///
    /// - Throws: `InvalidProxy` when the variable holds no address of a proxy.
    public static func of(
        environment: [String: String], for server: ServerAddress
    ) throws(InvalidProxy) -> ProxyAddress? {
        let names = server.isPlain ? ["HTTP_PROXY", "http_proxy"] : ["HTTPS_PROXY", "https_proxy"]
        guard let name = names.first(where: { environment[$0]?.isEmpty == false }), let text = environment[name],
            !NoProxy(environment["NO_PROXY"].flatMap { $0.isEmpty ? nil : $0 } ?? environment["no_proxy"] ?? "")
                .matches(server)
        else { return nil }
        guard let proxy = ProxyAddress(text) else { throw InvalidProxy(variable: name) }
        return proxy
    }
}

/// A variable of the environment that should name a proxy, and does not.
public struct InvalidProxy: Error, Sendable, Hashable {
    public let variable: String

    public init(variable: String) {
        self.variable = variable
    }
}

/// The hosts that are asked directly.
struct NoProxy {
    private let entries: [Substring]

    init(_ text: String) {
        entries = text.split(whereSeparator: { $0 == "," || $0 == " " })
    }

    func matches(_ server: ServerAddress) -> Bool {
        let host = server.host.lowercased()
        let bytes = Self.address(host)
        if host == "localhost" || Self.isLoopback(bytes) { return true }
        return entries.contains { matches($0.lowercased(), host, bytes, server.port) }
    }

    private func matches(_ entry: String, _ host: String, _ bytes: [UInt8]?, _ port: Int) -> Bool {
        if entry == "*" { return true }
        if let slash = entry.firstIndex(of: "/") {
            guard let bytes, let network = Self.address(String(entry[..<slash])), network.count == bytes.count,
                let length = Int(entry[entry.index(after: slash)...]), (0...bytes.count * 8).contains(length)
            else { return false }
            return (0..<length).allSatisfy { bit in
                (bytes[bit / 8] ^ network[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
            }
        }
        var name = entry[...]
        // An IPv6 address has colons of its own, and a port only behind brackets.
        if Self.address(entry) == nil, let (part, number) = ServerAddress.hostAndPort(entry[...], standard: port) {
            guard number == port else { return false }
            name = part[...]
        }
        if let address = Self.address(String(name)) { return address == bytes }
        if name.hasPrefix("*.") { name = name.dropFirst() }
        // `.example.com` is what lies below; `example.com` is that and the domain itself.
        if name.hasPrefix(".") { return bytes == nil && host.hasSuffix(name) }
        return host == name || (bytes == nil && host.hasSuffix("." + name))
    }

    /// The 4 or 16 bytes of an IP address.
    private static func address(_ text: String) -> [UInt8]? {
        for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: size)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }

    private static func isLoopback(_ bytes: [UInt8]?) -> Bool {
        guard let bytes else { return false }
        return bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }
}
