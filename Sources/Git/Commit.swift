/// A commit object, parsed from its raw bytes (gitformat-commit). libgit2's own reader is not used for anything that is
/// trusted: `git_commit_extract_signature` also accepts a signature block that stands in the message.
public struct Commit: Hashable, Sendable {
    public let id: ObjectID
    /// The whole object, as it is hashed.
    public let raw: [UInt8]
    public let tree: ObjectID
    public let parents: [ObjectID]
    public let author: String
    public let committer: String
    /// The signature's armor with its lines unfolded; nil for an unsigned commit.
    public let signature: String?
    /// What the signature is over: the object without its `gpgsig` header.
    public let signedPayload: [UInt8]
    /// Names of headers beyond tree, parent, author, committer and gpgsig.
    public let extraHeaders: [String]
    public let message: String

    public init(id: ObjectID, raw: [UInt8]) throws(GitError) {
        self.id = id
        self.raw = raw
        func malformed(_ why: String) -> GitError { GitError(.malformed, "commit \(id): \(why)") }
        var headers: [(name: String, value: String)] = []
        var payload: [UInt8] = []
        var position = 0
        var inSignature = false
        while true {
            guard let end = raw[position...].firstIndex(of: UInt8(ascii: "\n")) else {
                throw malformed("its headers do not end")
            }
            let line = raw[position..<end]
            position = end + 1
            if line.isEmpty { break }
            if line.contains(0) { throw malformed("a header holds a NUL") }
            if line.first == UInt8(ascii: " ") {
                guard !headers.isEmpty else { throw malformed("it starts with a continuation line") }
                headers[headers.count - 1].value += "\n" + String(decoding: line.dropFirst(), as: UTF8.self)
            } else {
                guard let space = line.firstIndex(of: UInt8(ascii: " ")) else {
                    throw malformed("a header has no value")
                }
                let name = String(decoding: line[..<space], as: UTF8.self)
                headers.append((name, String(decoding: line[(space + 1)...], as: UTF8.self)))
                inSignature = name == "gpgsig"
                guard headers.count <= 100 else { throw malformed("it has more than 100 headers") }
            }
            if !inSignature { payload.append(contentsOf: raw[line.startIndex...end]) }
        }
        payload.append(UInt8(ascii: "\n"))
        payload.append(contentsOf: raw[position...])
        signedPayload = payload

        var rest = headers[...]
        func next(_ name: String) throws(GitError) -> String {
            guard let header = rest.first, header.name == name else {
                throw malformed("`\(name)` is not where it should be")
            }
            rest = rest.dropFirst()
            return header.value
        }
        guard let tree = ObjectID(try next("tree")) else { throw malformed("its tree is no object name") }
        self.tree = tree
        var parents: [ObjectID] = []
        while rest.first?.name == "parent" {
            guard let parent = ObjectID(try next("parent")) else { throw malformed("a parent is no object name") }
            parents.append(parent)
        }
        self.parents = parents
        author = try next("author")
        committer = try next("committer")
        let signatures = rest.filter { $0.name == "gpgsig" }
        guard signatures.count <= 1 else { throw malformed("it carries two signatures") }
        signature = signatures.first.map { $0.value.hasSuffix("\n") ? $0.value : $0.value + "\n" }
        extraHeaders = rest.map(\.name).filter { $0 != "gpgsig" }
        message = String(decoding: raw[position...], as: UTF8.self)
    }

    public var subject: String { String(message.prefix { $0 != "\n" }) }
}

/// The parts of a commit that is about to be made.
public struct CommitDraft: Sendable {
    public var tree: ObjectID
    public var parents: [ObjectID]
    /// `Name <email>`, for author and committer alike.
    public var person: String
    /// Seconds since the epoch; written with the zone `+0000`.
    public var time: Int64
    public var message: String
    /// Who wrote what the commit holds, as another commit's author line has it; nil: `person`, now.
    public var author: String?

    public init(tree: ObjectID, parents: [ObjectID], person: String, time: Int64, message: String) {
        self.tree = tree
        self.parents = parents
        self.person = person
        self.time = time
        self.message = message
    }

    /// The object as it is before signing: exactly what the signature is over.
    public var payload: [UInt8] {
        var text = "tree \(tree)\n"
        for parent in parents { text += "parent \(parent)\n" }
        // A line of another commit may hold what would be further headers here.
        let author = author.flatMap { $0.contains { $0.isNewline } ? nil : $0 } ?? "\(person) \(time) +0000"
        text += "author \(author)\ncommitter \(person) \(time) +0000\n\n"
        return Array((text + message).utf8)
    }

    /// The object with `armor` folded into a `gpgsig` header, as git writes it.
    public func signed(_ armor: String) -> [UInt8] {
        let payload = payload
        // The first blank line ends the headers; the payload always holds one.
        let split = Self.headerEnd(payload)
        var lines = armor.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        let folded = "gpgsig " + lines.joined(separator: "\n ") + "\n"
        return Array(payload[..<split]) + Array(folded.utf8) + Array(payload[split...])
    }

    private static func headerEnd(_ payload: [UInt8]) -> Int {
        var index = 1
        while index < payload.count {
            if payload[index] == UInt8(ascii: "\n"), payload[index - 1] == UInt8(ascii: "\n") { return index }
            index += 1
        }
        return payload.count
    }

    /// A name and an address in the form that commits need: without the characters that git gives a meaning.
    public static func person(name: String, email: String) -> String {
        func clean(_ text: String) -> String {
            String(
                text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F && !"<>".unicodeScalars.contains($0) }
            )
        }
        return "\(clean(name)) <\(clean(email))>"
    }
}
