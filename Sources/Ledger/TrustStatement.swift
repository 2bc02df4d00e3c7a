internal import ChangeModel
public import Git

/// What admins sign to change anything that gives power: the repository, the new trust version, and the exact difference.
///
///     agentsafe-trust v1
///     repository 51t4bdacbn17p35b5604fjp1nc
///     trust_version 2
///     100644 <old blob or -> <new blob or -> identities.yaml
///
/// One line for each differing path outside `trust/`, sorted by path; the mode is the new one, or `000000` for a removal.
public struct TrustStatement: Sendable, Equatable {
    /// What is signed, to the last line feed.
    public let text: String
    public static let namespace = "trust@agentsafe"
    public static let fileName = "statement.txt"
    /// A statement has a line for each file; longer ones are not looked at.
    static let maximumSize = 16 << 20

    public init(repository: String, version: Int, changes: [TreeChange]) {
        var lines = ["agentsafe-trust v1", "repository \(repository)", "trust_version \(version)"]
        for change in changes where !change.path.hasPrefix("trust/") {
            let old = change.old?.id.description ?? "-"
            let new = change.new?.id.description ?? "-"
            lines.append("\(change.new?.mode ?? "000000") \(old) \(new) \(Self.quoted(change.path))")
        }
        text = lines.joined(separator: "\n") + "\n"
    }

    /// A path in a form in which no character can pretend to be another line.
    private static func quoted(_ path: String) -> String {
        let plain = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
        return plain ? path : JSONValue.string(path).canonicalText
    }

    public static func folder(version: Int) -> String { "trust/\(version)" }
}
