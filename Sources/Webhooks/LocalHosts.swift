internal import HTTP
internal import OperatingSystem

/// The hosts that a machine names as good receivers wherever they are: on loopback, on this link, over plain http. A repository's
/// files name none: whoever writes those is not who owns the machine.
public struct LocalHosts: Sendable, Hashable {
    private struct Entry: Sendable, Hashable {
        var host: String
        /// nil: every port.
        var port: Int?
    }
    private let entries: [Entry]

    public static let none = LocalHosts(entries: [])

    private init(entries: [Entry]) { self.entries = entries }

    /// Reads hosts with or without ports, between commas or spaces: `127.0.0.1:8080, hooks.corp.example, [::1]`. There are no
    /// wildcards.
    ///
    /// - Returns: nil when an entry is none.
    public init?(_ text: String) {
        var entries: [Entry] = []
        for part in text.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }) {
            let spelling = part.contains("::") && !part.hasPrefix("[") ? "[\(part)]" : String(part)
            guard let address = try? WebhookAddress("https://\(spelling)"), address.target == "/",
                !spelling.hasSuffix("/"),
                !spelling.contains("?")
            else { return nil }
            let hasPort = spelling.hasPrefix("[") ? !spelling.hasSuffix("]") : spelling.contains(":")
            entries.append(
                Entry(host: Self.plain(address.server.host), port: hasPort ? address.server.port : nil))
        }
        self.entries = entries
    }

    func contains(_ address: WebhookAddress) -> Bool {
        let host = Self.plain(address.server.host)
        return entries.contains { $0.host == host && ($0.port == nil || $0.port == address.server.port) }
    }

    /// One spelling for one host.
    private static func plain(_ host: String) -> String { IPAddress(host)?.description ?? host.lowercased() }
}
