internal import HTTP
internal import OperatingSystem

/// Where a webhook is received: an absolute URL. All of it but the host may be a secret (Slack's paths are), so no text shows it.
public struct WebhookAddress: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Scheme, host and port.
    let server: ServerAddress
    /// Path and query, percent-encoded.
    let target: String

    public var host: String { server.host }

    /// Reads `https://host[:port]/path?query`, and `http` too, which is for the guard to refuse. Hosts are written in one way
    /// only: a name of ASCII letters, digits, `-`, `_` and dots, four decimal numbers, or IPv6 in brackets.
    public init(_ text: String) throws(WebhookAddressError) {
        guard text.utf8.count <= ServerAddress.maximumLength else {
            throw WebhookAddressError("its URL is longer than \(ServerAddress.maximumLength) bytes")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw WebhookAddressError(
                "its URL holds more than printable ASCII; write a host's name as `xn--…`, and other characters percent-encoded"
            )
        }
        guard let scheme = text.firstRange(of: "://") else {
            throw WebhookAddressError("it is no URL like `https://host/path`")
        }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { !"/?#\\".contains($0) }
        guard !authority.contains("@") else {
            throw WebhookAddressError("its URL names a user; take out what stands before `@`")
        }
        let tail = rest[authority.endIndex...]
        guard !tail.contains("#"), !tail.contains("\\") else {
            throw WebhookAddressError("its URL has a fragment or a backslash; take out what begins with it")
        }
        guard let server = ServerAddress(String(text[..<scheme.upperBound] + authority)) else {
            throw WebhookAddressError("its URL is none of https with a host and perhaps a port")
        }
        target = tail.first == "/" ? String(tail) : "/" + tail
        guard RequestTarget(parsing: target) != nil else {
            throw WebhookAddressError("the path of its URL is not percent-encoded as it should be")
        }
        self.server = server
        if let fault = Self.fault(ofHost: server.host) { throw WebhookAddressError(fault) }
    }

    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    private static func fault(ofHost host: String) -> String? {
        if host.utf8.contains(UInt8(ascii: ":")) {
            return IPAddress(host) == nil ? "its host is no IPv6 address" : nil
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.last?.isEmpty != true else { return "its host ends in a dot; write it without" }
        guard labels.allSatisfy({ (1...63).contains($0.utf8.count) && $0.first != "-" && $0.last != "-" }) else {
            return "its host is no name of a host"
        }
        // What ends in a number is an address to everybody who resolves names (WHATWG URL, "ends in a number").
        if let last = labels.last, isNumber(last), IPAddress(host) == nil {
            return "its host is an address in a strange spelling; write four decimal numbers without leading zeros"
        }
        return nil
    }

    private static func isNumber(_ label: Substring) -> Bool {
        if label.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return true }
        guard label.lowercased().hasPrefix("0x") else { return false }
        return label.utf8.dropFirst(2).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
    }
}

/// Why a text is no address of a receiver. The words quote nothing of it.
public struct WebhookAddressError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
