import ChangeModel
import OperatingSystem
import Testing

/// Rewrites the ledger as somebody can who has stock git, a key, and the right to push it: other trees, other messages,
/// events left out or added, everything after them carried over to the new parents.
final class LedgerForgery {
    struct Entry {
        /// The commit as it was; nil for an invented one.
        var original: String?
        var tree: String
        var message: String
    }

    let governance: Governance
    /// Whose clone is the workshop. The key is another question.
    private let actor = "stranger"
    /// Oldest first.
    private(set) var entries: [Entry] = []
    /// What was edited, from which entry on.
    private var edits: [(from: Int, path: String, content: String?)] = []

    init(_ governance: Governance) throws {
        self.governance = governance
        try governance.git(actor, "fetch", "-q")
        let log = try governance.git(actor, "log", "--reverse", "--format=%H%n%T%n%B%x00", "origin/ledger")
        for text in log.split(separator: "\0") where !text.allSatisfy(\.isNewline) {
            let lines = text.drop { $0.isNewline }.split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init)
            var message = lines[2...].joined(separator: "\n")
            while message.hasSuffix("\n\n") { message.removeLast() }
            entries.append(Entry(original: lines[0], tree: lines[1], message: message))
        }
    }

    /// A commit's bytes, all of them.
    private func raw(_ id: String) throws -> String {
        let result = try governance.tryGit(actor, "cat-file", "commit", id)
        try #require(result.status == 0, "\(result.errorText)")
        return result.outputText
    }

    // MARK: - Looking

    /// The newest event of a kind.
    func newest(_ event: String) throws -> Int {
        try #require(entries.lastIndex { $0.message.hasPrefix("\(event) ") })
    }

    func trailer(_ key: String, of entry: Int) -> String {
        let line = entries[entry].message.split(separator: "\n").last { $0.hasPrefix("\(key): ") }
        return line.map { String($0.dropFirst(key.count + 2)) } ?? ""
    }

    /// A file that the event of `entry` added, by the end of its name.
    func file(_ suffix: String, of entry: Int) throws -> String {
        let original = try #require(entries[entry].original)
        let paths = try governance.git(actor, "diff", "--name-only", "\(original)~1", original).split(separator: "\n")
        return try String(#require(paths.first { $0.hasSuffix(suffix) && !$0.hasPrefix("state/") }))
    }

    func text(_ path: String, in entry: Int) throws -> String {
        try governance.text(path, at: entries[entry].tree, seenBy: actor)
    }

    // MARK: - Tampering

    /// Writes, or for nil removes, a file in the commit of `entry` and in all that follow.
    func edit(_ path: String, from entry: Int, _ content: String?) { edits.append((entry, path, content)) }

    func editMessage(_ entry: Int, _ edit: (String) -> String) { entries[entry].message = edit(entries[entry].message) }

    func leaveOut(_ entry: Int) { entries.remove(at: entry) }

    func swap(_ one: Int, _ other: Int) { entries.swapAt(one, other) }

    /// Adds an event after the newest one: that of `entry` once more, with the height that follows and the newest time and
    /// main commit, but for what `change` makes of its JSON.
    ///
    /// - Returns: the new event's path.
    @discardableResult
    func append(copying entry: Int, as kind: String? = nil, height: Int64? = nil, _ change: (inout JSONValue) -> Void)
        throws -> String
    {
        let old = try #require(entries[entry].message.split(separator: " ").first.map(String.init))
        var json = try JSONValue(parsing: text(try file("-\(old).json", of: entry), in: entry))
        let last = entries.count - 1
        // The subject of an event without a change goes on with a colon.
        let newest = try #require(entries[last].message.split { $0 == " " || $0 == ":" }.first)
        let previous = try JSONValue(parsing: text(try file("-\(newest).json", of: last), in: last))
        let kind = kind ?? old
        let next = height ?? (previous["height"]?.integerValue ?? 0) + 1
        let body = json[old]
        json[old] = nil
        json[kind] = body
        json["event"] = .string(kind)
        json["height"] = .integer(next)
        json["at"] = previous["at"]
        json["main"] = previous["main"]
        json["files"] = [:]
        change(&json)
        let id = try #require(json.at("change", "id")?.stringValue.flatMap { ChangeID($0) })
        let path = "\(id.folder)/\(String(repeating: "0", count: 6 - String(next).count))\(next)-\(kind).json"
        let text = String(decoding: json.evidenceBytes, as: UTF8.self)
        var trailers = [
            "Agentsafe-Event: \(kind)",
            "Agentsafe-Change: \(id) \(json.at("change", "digest")?.stringValue ?? "")",
        ]
        if kind == "claim" || kind == "decision" {
            trailers.append("Agentsafe-Decision: \(trailer("Agentsafe-Decision", of: entry))")
        }
        trailers += [
            "Agentsafe-Main: \(json["main"]?.stringValue ?? "")", "Agentsafe-Height: \(next)",
            "Agentsafe-Previous: none",
            "Agentsafe-Evidence: \(Digest(of: json.evidenceBytes))",
        ]
        entries.append(
            Entry(
                original: nil, tree: entries[last].tree,
                message: "\(kind) \(id): forged\n\n\(trailers.joined(separator: "\n"))\n"))
        edit(path, from: entries.count - 1, text)
        return path
    }

    // MARK: - Making it

    enum Signing {
        case key(String)
        case none
        /// The signature of the commit as it was, over what it is now.
        case kept
    }

    /// Makes the commits from `start` on and pushes them over the remote's ledger.
    ///
    /// - Parameters:
    ///   - signing: who signs each of them.
    ///   - chained: whether each names its predecessor's new digest, as the protocol wants.
    /// - Returns: the new commits by their place.
    @discardableResult
    func publish(from start: Int, signing: (Int) -> Signing = { _ in .key("runner") }, chained: Bool = true) throws
        -> [Int: String]
    {
        var made: [Int: String] = [:]
        var parent = try #require(entries[start - 1].original)
        for (place, entry) in entries.enumerated().dropFirst(start) {
            let applied = edits.filter { $0.from <= place }
            let tree = try governance.tree(
                actor, entry.tree, Dictionary(applied.map { ($0.path, $0.content) }, uniquingKeysWith: { $1 }))
            var message = entry.message
            if chained {
                let digest = Digest(of: Array(try raw(parent).utf8))
                message = message.split(separator: "\n", omittingEmptySubsequences: false)
                    .map { $0.hasPrefix("Agentsafe-Previous: ") ? "Agentsafe-Previous: \(digest)" : String($0) }
                    .joined(separator: "\n")
            }
            switch signing(place) {
            case .key(let signer):
                parent = try governance.commit(actor, tree: tree, parents: [parent], message: message, signedBy: signer)
            case .none:
                parent = try governance.commit(actor, tree: tree, parents: [parent], message: message, signedBy: nil)
            case .kept:
                let old = try raw(try #require(entry.original))
                let head = old[..<(try #require(old.firstRange(of: "\n\n"))).upperBound]
                let lines = head.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                    line.hasPrefix("tree ")
                        ? "tree \(tree)" : line.hasPrefix("parent ") ? "parent \(parent)" : String(line)
                }
                parent = try governance.run(
                    ["git", "-C", governance.clone(actor), "hash-object", "-t", "commit", "-w", "--stdin"], as: actor,
                    input: Array((lines.joined(separator: "\n") + message).utf8))
            }
            made[place] = parent
        }
        try governance.push(actor, parent, to: "ledger")
        return made
    }
}
