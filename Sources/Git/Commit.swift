/// A commit object, parsed from its raw bytes (gitformat-commit). libgit2's own reader is not used for anything that is
/// trusted: `git_commit_extract_signature` also accepts a signature block that stands in the message.
public struct Commit: Hashable, Sendable {
    public let id: ObjectID
    /// The whole object, as it is hashed. Everything else is read off it.
    public let raw: [UInt8]
    public let tree: ObjectID
    public let parents: [ObjectID]
    /// Names of headers beyond tree, parent, author, committer and gpgsig.
    public let extraHeaders: [String]
    private let authorRange: Range<Int>
    private let committerRange: Range<Int>
    /// The lines of the `gpgsig` header, the last line feed included.
    private let signatureRange: Range<Int>?
    private let messageStart: Int

    public init(id: ObjectID, raw: [UInt8]) throws(GitError) {
        self.id = id
        self.raw = raw
        let (headers, end) = try Self.headers(raw, id)
        func malformed(_ why: String) -> GitError { GitError(.malformed, "commit \(id): \(why)") }
        messageStart = end
        var next = 0
        func take(_ name: StaticString) throws(GitError) -> Header {
            guard next < headers.count, headers[next].hasName(name, in: raw) else {
                throw malformed("`\(name)` is not where it should be")
            }
            next += 1
            return headers[next - 1]
        }
        guard let tree = ObjectID(try take("tree"), in: raw) else { throw malformed("its tree is no object name") }
        self.tree = tree
        var parents: [ObjectID] = []
        while next < headers.count, headers[next].hasName("parent", in: raw) {
            guard let parent = ObjectID(try take("parent"), in: raw) else {
                throw malformed("a parent is no object name")
            }
            parents.append(parent)
        }
        self.parents = parents
        authorRange = try take("author").value
        committerRange = try take("committer").value
        var (signature, extra): (Range<Int>?, [String]) = (nil, [])
        for header in headers[next...] {
            if !header.hasName("gpgsig", in: raw) {
                extra.append(String(decoding: raw[header.name], as: UTF8.self))
            } else if signature == nil {
                signature = header.name.lowerBound..<header.value.upperBound + 1
            } else {
                throw malformed("it carries two signatures")
            }
        }
        signatureRange = signature
        extraHeaders = extra
    }

    /// One header by where it stands. Continuation lines belong to the value, with the space that each begins with.
    fileprivate struct Header {
        let name: Range<Int>
        var value: Range<Int>

        func hasName(_ wanted: StaticString, in raw: [UInt8]) -> Bool {
            let bytes = UnsafeBufferPointer(start: wanted.utf8Start, count: wanted.utf8CodeUnitCount)
            return raw[name].elementsEqual(bytes)
        }
    }

    /// The headers, and where the message begins.
    private static func headers(_ raw: [UInt8], _ id: ObjectID) throws(GitError) -> ([Header], end: Int) {
        func malformed(_ why: String) -> GitError { GitError(.malformed, "commit \(id): \(why)") }
        var headers: [Header] = []
        headers.reserveCapacity(6)
        var position = 0
        while true {
            guard let end = raw[position...].firstIndex(of: UInt8(ascii: "\n")) else {
                throw malformed("its headers do not end")
            }
            let line = raw[position..<end]
            if line.isEmpty { return (headers, end + 1) }
            if line.contains(0) { throw malformed("a header holds a NUL") }
            if line.first == UInt8(ascii: " ") {
                guard !headers.isEmpty else { throw malformed("it starts with a continuation line") }
                headers[headers.count - 1].value = headers[headers.count - 1].value.lowerBound..<end
            } else {
                guard let space = line.firstIndex(of: UInt8(ascii: " ")) else {
                    throw malformed("a header has no value")
                }
                headers.append(Header(name: position..<space, value: space + 1..<end))
                guard headers.count <= 100 else { throw malformed("it has more than 100 headers") }
            }
            position = end + 1
        }
    }

    /// A header's value with its lines unfolded.
    private func unfolded(_ value: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.count)
        var isAfterLineFeed = false
        for byte in raw[value] {
            // The space at the start of each further line is git's.
            if !isAfterLineFeed { bytes.append(byte) }
            isAfterLineFeed = byte == UInt8(ascii: "\n")
        }
        return bytes
    }

    public var author: String { String(decoding: unfolded(authorRange), as: UTF8.self) }
    public var committer: String { String(decoding: unfolded(committerRange), as: UTF8.self) }

    /// The signature's armor with its lines unfolded and a line feed at its end; nil for an unsigned commit.
    public var signatureBytes: [UInt8]? {
        guard let signatureRange else { return nil }
        var armor = unfolded(signatureRange.lowerBound + "gpgsig ".utf8.count..<signatureRange.upperBound - 1)
        if armor.last != UInt8(ascii: "\n") { armor.append(UInt8(ascii: "\n")) }
        return armor
    }

    public var signature: String? { signatureBytes.map { String(decoding: $0, as: UTF8.self) } }

    /// What the signature is over: the object without its `gpgsig` header.
    public var signedPayload: [UInt8] {
        guard let signatureRange else { return raw }
        var payload: [UInt8] = []
        payload.reserveCapacity(raw.count)
        payload.append(contentsOf: raw[..<signatureRange.lowerBound])
        payload.append(contentsOf: raw[signatureRange.upperBound...])
        return payload
    }

    public var messageBytes: ArraySlice<UInt8> { raw[messageStart...] }
    public var message: String { String(decoding: messageBytes, as: UTF8.self) }
    public var subject: String {
        String(decoding: messageBytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

extension ObjectID {
    fileprivate init?(_ header: Commit.Header, in raw: [UInt8]) {
        let id = raw.withUnsafeBufferPointer { ObjectID(digits: UnsafeBufferPointer(rebasing: $0[header.value])) }
        guard let id else { return nil }
        self = id
    }
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
