/// A bundle (gitformat-bundle(5), version 2): a few references and a pack with what they need beyond the prerequisites. Stock
/// git fetches from it as from a remote.
public struct Bundle: Sendable {
    public struct Reference: Sendable, Hashable {
        public let name: String
        public let id: ObjectID

        public init(name: String, id: ObjectID) {
            self.name = name
            self.id = id
        }
    }

    /// Commits that whoever fetches must have.
    public let prerequisites: [ObjectID]
    public let references: [Reference]
    public let pack: StoredPack

    private static let signature = "# v2 git bundle\n"
    /// Bytes of all that stands before the pack.
    private static let maximumHead = 4096

    /// The lines before a pack, the empty one included.
    public static func head(prerequisites: [ObjectID], references: [Reference]) -> [UInt8] {
        let lines = prerequisites.map { "-\($0)\n" } + references.map { "\($0.id) \($0.name)\n" }
        return Array((signature + lines.joined() + "\n").utf8)
    }

    /// Reads what ``head(prerequisites:references:)`` and ``Repository/storedPack(of:limit:)`` write.
    ///
    /// - Throws: `GitError` of code `malformed` for everything else, other bundles that stock git would read among it.
    public init(parsing bytes: [UInt8]) throws(GitError) {
        (prerequisites, references) = try Self.head(of: bytes)
        let head = Self.head(prerequisites: prerequisites, references: references)
        guard bytes.starts(with: head) else {
            throw GitError(.malformed, "the bundle's lines are not written as this program writes them")
        }
        pack = try StoredPack(parsing: Array(bytes[head.count...]))
    }

    /// What a bundle says it holds, whatever follows.
    public static func head(of bytes: [UInt8]) throws(GitError) -> (prerequisites: [ObjectID], references: [Reference])
    {
        func malformed(_ why: String) -> GitError { GitError(.malformed, why) }
        let signature = Array(Self.signature.utf8)
        guard bytes.starts(with: signature) else { throw malformed("it is no bundle of version 2") }
        var (prerequisites, references): ([ObjectID], [Reference]) = ([], [])
        var rest = bytes[signature.count..<min(bytes.count, maximumHead)]
        while true {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                throw malformed("the bundle's head does not end")
            }
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if line.isEmpty { return (prerequisites, references) }
            guard let text = String(validating: line, as: UTF8.self) else {
                throw malformed("the bundle's head is no text")
            }
            if text.hasPrefix("-") {
                guard let id = ObjectID(text.dropFirst().prefix(40)), references.isEmpty else {
                    throw malformed("a prerequisite of the bundle cannot be read")
                }
                prerequisites.append(id)
            } else {
                let words = text.split(separator: " ", maxSplits: 1)
                guard words.count == 2, let id = ObjectID(words[0]) else {
                    throw malformed("a reference of the bundle cannot be read")
                }
                references.append(Reference(name: String(words[1]), id: id))
            }
        }
    }
}
