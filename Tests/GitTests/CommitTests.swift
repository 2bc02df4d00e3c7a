import Git
import SSHSignature
import TestSupport
import Testing

@Suite("Commits, with git as the peer")
struct CommitTests {
    /// A repository with every kind of commit that git makes; their names by what they are.
    private func history(_ sandbox: Sandbox) throws -> [String: ObjectID] {
        _ = try sandbox.signer()
        var commits: [String: ObjectID] = [:]
        commits["root"] = try sandbox.commit("root")
        commits["signed"] = try sandbox.commit("signed\n\nwith a body\n\nand: a trailer", options: ["-S"])
        commits["no message"] = try sandbox.commit("", options: ["--allow-empty-message"])
        commits["no final line feed"] = try sandbox.commit("no line feed", options: ["--cleanup=verbatim", "-S"])
        commits["UTF-8"] = try sandbox.commit(
            "größer ✓ 😀", options: ["--author", "Jürgen Größe <j@example.com>", "-S"])
        try sandbox.git(["switch", "-q", "-c", "side"])
        commits["side"] = try sandbox.commit("side")
        try sandbox.git(["tag", "-s", "-m", "a signed tag", "v1"])
        try sandbox.git(["switch", "-q", "-c", "third", "HEAD~1"])
        try sandbox.commit("third")
        try sandbox.git(["switch", "-q", "main"])
        try sandbox.git(["merge", "-q", "--no-ff", "-S", "-m", "merge of a signed tag", "v1"])
        commits["merge of a signed tag"] = try sandbox.id("HEAD")
        try sandbox.git(["merge", "-q", "--no-ff", "-m", "merge", "third"])
        commits["merge"] = try sandbox.id("HEAD")
        try sandbox.git(
            ["-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-S", "-F", "-"],
            input: bytes("gr") + [0xF6, 0xDF] + bytes("er\n"))
        commits["Latin 1"] = try sandbox.id("HEAD")
        return commits
    }

    @Test("every kind of commit that git makes reads as git prints it")
    func parsing() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        for (name, id) in try history(sandbox) {
            let commit = try repository.commit(id)
            // Headers of git's own printing are not recoded.
            let raw = try sandbox.tryGit(["cat-file", "commit", "\(id)"]).output
            #expect(commit.raw == raw, "\(name)")
            let format = ["log", "-1", "--encoding=UTF-8", "--format=%T%n%P%n%an <%ae>%n%cn <%ce>", "\(id)"]
            let lines = try sandbox.git(format).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(commit.tree.description == lines[0], "\(name)")
            #expect(commit.parents.map(\.description).joined(separator: " ") == lines[1], "\(name)")
            #expect(commit.author == "\(lines[2]) 1795392000 +0000", "\(name)")
            #expect(commit.committer == "\(lines[3]) 1795392000 +0000", "\(name)")
            let headers = name == "Latin 1" ? ["encoding"] : name.contains("signed tag") ? ["mergetag"] : []
            #expect(commit.extraHeaders == headers, "\(name)")
            let isGood = try sandbox.line(["log", "-1", "--format=%G?", "\(id)"]) == "G"
            #expect((commit.signature != nil) == isGood, "\(name)")
            if let armor = commit.signature {
                let signature = try SSHSignature(armored: armor)
                try signature.verify(message: commit.signedPayload, namespace: "git")
                #expect(try sandbox.tryGit(["verify-commit", "\(id)"]).status == 0)
            } else {
                #expect(commit.signedPayload == raw, "\(name)")
            }
        }
    }

    @Test("a signature block in the message is text: the commit is unsigned")
    func signatureInMessage() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let signer = try sandbox.signer()
        let signed = try repository.commit(try sandbox.commit("signed", options: ["-S"]))
        let folded = try #require(signed.signature).split(separator: "\n").joined(separator: "\n ")
        let head = "tree \(signed.tree)\nauthor \(signed.author)\ncommitter \(signed.committer)\n"
        for message in ["gpgsig \(folded)\n\nsigned\n", "text\n\ngpgsig \(folded)\n"] {
            let id = try sandbox.store("commit", bytes(head + "\n" + message))
            let commit = try repository.commit(id)
            #expect(commit.signature == nil)
            #expect(commit.message == message)
            #expect(try sandbox.tryGit(["verify-commit", "\(id)"]).status != 0)
        }
        #expect(try SSHSignature(armored: signed.signature ?? "").publicKey == signer.publicKey)
    }

    @Test("a flipped byte anywhere in a signed commit is noticed")
    func tampering() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        _ = try sandbox.signer()
        try sandbox.commit("root")
        let raw = try repository.commit(try sandbox.commit("signed\n\nKey: value", options: ["-S"])).raw
        func isGood(_ raw: [UInt8]) -> Bool {
            guard let commit = try? Commit(id: .zero, raw: raw), let armor = commit.signature,
                let signature = try? SSHSignature(armored: armor)
            else { return false }
            return (try? signature.verify(message: commit.signedPayload, namespace: "git")) != nil
        }
        #expect(isGood(raw))
        for position in raw.indices {
            for flip: UInt8 in [0x01, 0x20, 0x80] {
                var copy = raw
                copy[position] ^= flip
                #expect(!isGood(copy), "byte \(position) xor \(flip)")
            }
        }
        for length in 0..<raw.count { #expect(!isGood(Array(raw[..<length])), "cut at \(length)") }
        #expect(!isGood(raw + [0x0A]))
    }

    static let head = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
    static let person = "alice <alice@example.com> 1795392000 +0000"
    static let parent = "parent 1111111111111111111111111111111111111111\n"
    static let people = "author \(person)\ncommitter \(person)\n"
    static let signature = "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n"

    static let malformed: [(String, String)] = [
        ("empty", ""),
        ("no end of headers", head + people),
        ("no tree", people + "\nx"),
        ("a tree twice", head + head + people + "\nx"),
        ("a short tree", "tree 4b825dc6\n" + people + "\nx"),
        ("a tree in upper case", head.uppercased().replacing("TREE", with: "tree") + people + "\nx"),
        ("no author", head + "committer \(person)\n\nx"),
        ("no committer", head + "author \(person)\n\nx"),
        ("two authors", head + "author \(person)\n" + people + "\nx"),
        ("a parent after the author", head + "author \(person)\n" + parent + "committer \(person)\n\nx"),
        ("a short parent", head + "parent 1111\n" + people + "\nx"),
        ("two signatures", head + people + signature + signature + "\nx"),
        ("a signature before the author", head + signature + people + "\nx"),
        ("a continuation first", " x\n" + head + people + "\nx"),
        ("a header without a value", head + people + "word\n\nx"),
        ("a NUL in a header", head + people + "x y\0z\n\nx"),
    ]

    @Test("a commit whose headers are not in git's order and form is refused", arguments: malformed)
    func refused(_ name: String, _ text: String) {
        #expect(code { _ = try Commit(id: .zero, raw: bytes(text)) } == .malformed)
    }

    @Test("more headers than any tool makes are refused")
    func manyHeaders() throws {
        func commit(_ count: Int) -> String {
            Self.head + Self.people + (0..<count).map { "x-\($0) y\n" }.joined() + "\nmessage"
        }
        #expect(try Commit(id: .zero, raw: bytes(commit(97))).extraHeaders.count == 97)
        #expect(code { _ = try Commit(id: .zero, raw: bytes(commit(98))) } == .malformed)
    }
}
