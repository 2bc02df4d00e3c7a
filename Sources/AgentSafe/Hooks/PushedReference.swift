internal import ChangeModel
internal import Ledger

/// What a reference is to the protocol, by its name.
enum PushedReference: Hashable {
    case main
    case ledger
    case change(ChangeID)
    case vote(VoteBranchName)
    /// A branch, tag or note that means nothing here: proposals for admins to sign (`trust/<n>`) among them.
    case other

    private static let reserved = ["main", "ledger", "change", "vote", "trust"]
    /// With one of these in front, git could take a short name for the full name of something else.
    private static let namespaces = ["head", "refs", "heads", "tags", "remotes", "notes"]

    /// - Throws: for names that git, a file system or a person could take for another one, and for what is neither branch,
    ///   tag nor note.
    init(_ name: String) throws(AgentSafeError) {
        func refused(_ why: String) -> AgentSafeError { AgentSafeError(.notAuthentic, why) }
        if name.hasPrefix("refs/replace/") {
            throw refused("a replacement makes git show other objects than those that were signed; push none")
        }
        if name.hasPrefix("refs/agentsafe/") { throw refused("this name is kept for agentsafe itself; choose another") }
        if name.hasPrefix("refs/notes/") {
            self = .other
        } else if name.hasPrefix("refs/tags/") {
            self = try Self.tag(Self.parts(name.dropFirst("refs/tags/".count)))
        } else if name.hasPrefix("refs/heads/") {
            self = try Self.branch(Self.parts(name.dropFirst("refs/heads/".count)))
        } else {
            throw refused("only branches, tags and notes are taken: `refs/heads/`, `refs/tags/`, `refs/notes/`")
        }
    }

    private static func parts(_ name: Substring) -> [Substring] { name.split(separator: "/") }

    private static func branch(_ parts: [Substring]) throws(AgentSafeError) -> PushedReference {
        let name = parts.joined(separator: "/")
        switch parts.first {
        case "main" where parts.count == 1: return .main
        case "ledger" where parts.count == 1: return .ledger
        case "change" where parts.count > 1 && parts[1] == "withdrawn":
            guard let vote = VoteBranchName(name) else {
                throw AgentSafeError(
                    .notAuthentic,
                    "an agent's withdrawal is on `change/withdrawn/<id>/<agent>-<random>`; withdraw with `agentsafe withdraw`"
                )
            }
            return .vote(vote)
        case "change":
            guard parts.count == 2, let id = ChangeID(parts[1]) else {
                throw AgentSafeError(
                    .notAuthentic,
                    "a change's branch is `change/<id>`, with an identifier like `chg-20261122-7f3k9q2m4x`; push the branch that "
                        + "`agentsafe propose` made")
            }
            return .change(id)
        case "vote":
            guard let vote = VoteBranchName(name) else {
                throw AgentSafeError(
                    .notAuthentic,
                    "a vote's branch is `vote/<id>/<voter>-<random>`, with up to 40 of a-z and 0-9 at its end; vote with "
                        + "`agentsafe approve` or `reject`")
            }
            return .vote(vote)
        case "trust" where parts.count > 1: return .other
        default: break
        }
        try checkDistinct(parts.prefix(1))
        return .other
    }

    /// Git prefers a tag to a branch of the same name, a remote's branch included.
    private static func tag(_ parts: [Substring]) throws(AgentSafeError) -> PushedReference {
        try checkDistinct(parts[...])
        return .other
    }

    private static func checkDistinct(_ parts: ArraySlice<Substring>) throws(AgentSafeError) {
        for part in parts {
            if namespaces.contains(part.lowercased()) {
                throw AgentSafeError(
                    .notAuthentic,
                    "with `\(part)` in it, the name reads like another reference's full name; choose another")
            }
            if let other = reserved.first(where: { resembles(part, $0) }) {
                throw AgentSafeError(
                    .notAuthentic, "the name could be mistaken for that of `\(other)`; choose another")
            }
        }
    }

    /// Whether `name` is `reserved` to a careless eye or file system: in other case, with characters that are not seen, with
    /// a dot at its end, or with some letters of other scripts.
    static func resembles(_ name: some StringProtocol, _ reserved: String) -> Bool {
        var seen = name.lowercased().unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint }
        while seen.last == "." { seen.removeLast() }
        let letters = Array(reserved.unicodeScalars)
        guard seen.count == letters.count else { return false }
        let pairs = zip(seen, letters)
        return pairs.contains { $0 == $1 } && pairs.allSatisfy { $0 == $1 || !$0.isASCII }
    }
}
