/// The final block of a commit message, as `git interpret-trailers` sees it: the last paragraph, `Key: value` in each line.
///
/// Only what stands there counts. Text from outside never starts a line elsewhere, and where one of our keys does so
/// outside of the final block, the message is refused.
struct Trailers {
    let entries: [(key: String, value: String)]

    static let prefix = "Agentsafe-"

    /// - Throws: for a repeated or unknown `Agentsafe-` key, and for one that stands outside of the final block.
    init(message: String, known: Set<String>) throws(LedgerError) {
        // By scalars: to Swift a CR and an LF are one character, to git they are not.
        var lines = message.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        while lines.last?.isEmpty == true { lines.removeLast() }
        let start = lines.lastIndex(of: "").map { $0 + 1 } ?? lines.count
        var entries: [(key: String, value: String)] = []
        for line in lines[start...] {
            guard Self.startsLikeOurs(line) else { continue }
            guard let colon = line.firstIndex(of: ":"), line[colon...].hasPrefix(": ") else {
                throw .notAuthentic("the trailer `\(line.prefix(60))` has no value")
            }
            let key = String(line[..<colon])
            guard known.contains(key) else { throw .notAuthentic("the trailer `\(key.prefix(60))` is not known") }
            guard !entries.contains(where: { $0.key == key }) else {
                throw .notAuthentic("the trailer `\(key)` stands there twice")
            }
            entries.append((key, String(line[line.index(colon, offsetBy: 2)...])))
        }
        for line in lines[..<start] where Self.startsLikeOurs(line) {
            throw .notAuthentic("an `Agentsafe-` line stands outside of the final trailer block")
        }
        self.entries = entries
    }

    private static func startsLikeOurs(_ line: String) -> Bool {
        line.lowercased().hasPrefix(prefix.lowercased())
    }

    subscript(key: String) -> String? { entries.first { $0.key == key }?.value }
}
