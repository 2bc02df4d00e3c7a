import Git
import SSHSignature
import TestSupport
import Testing

@Suite("Commits of our own making")
struct CommitDraftTests {
    static let messages = [
        "one line\n", "no line feed", "subject\n\nbody\n\nKey: value\nOther: value\n", "", "\n\nlate\n",
        "größer ✓ 😀\n", " a leading space\n", "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n",
        "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nauthor nobody\n", "trailing spaces  \n\n\n",
        "tab\tand carriage return\r\n",
    ]

    @Test("a signed commit is, byte for byte, the one that `git commit-tree -S` makes", arguments: messages)
    func sameBytes(_ message: String) throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let signer = try sandbox.signer()
        let tree = try repository.edit(nil, ["a/b": try repository.writeBlob(bytes("x"))])
        let parents = [try sandbox.commit("one"), try sandbox.commit("two")]
        for count in 0...2 {
            let draft = CommitDraft(
                tree: tree, parents: Array(parents[..<count]), person: "alice <alice@example.com>", time: 1_795_392_000,
                message: message)
            let ours = draft.signed(try signer.sign(draft.payload, namespace: "git").armored)
            let options = parents[..<count].flatMap { ["-p", "\($0)"] }
            let name = try sandbox.line(
                ["commit-tree", "-S", "\(tree)"] + options + ["-F", "-"], input: bytes(message))
            let theirs = try repository.commit(try #require(ObjectID(name)))
            #expect(ours == theirs.raw)
            #expect(try repository.write(.commit, ours) == theirs.id)
            #expect(theirs.signedPayload == draft.payload)
            #expect(try sandbox.tryGit(["verify-commit", "\(theirs.id)"]).status == 0)
        }
    }

    static let people: [(name: String, email: String)] = [
        ("alice", "alice@example.com"), ("O'Brien", "o'brien@example.com"), ("Jürgen Größe", "j@example.com"),
        ("a<b>c", "<x@example.com>"), ("two\nlines", "x\ny@example.com"), ("nul\0", "n\0@example.com"),
        ("del\u{7F}", "d@example.com"),
    ]

    @Test("no name and no address can break a commit's headers", arguments: people)
    func person(_ name: String, _ email: String) throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let draft = CommitDraft(
            tree: try repository.write(.tree, []), parents: [], person: CommitDraft.person(name: name, email: email),
            time: 1_795_392_000, message: "x\n")
        let id = try repository.write(.commit, draft.payload)
        let commit = try repository.commit(id)
        #expect(commit.extraHeaders.isEmpty && commit.message == "x\n" && commit.author == commit.committer)
        try sandbox.git(["update-ref", "refs/heads/main", "\(id)"])
        let verdict = try sandbox.tryGit(["fsck", "--strict"])
        #expect(verdict.status == 0, "\(verdict.errorText)")
    }
}
