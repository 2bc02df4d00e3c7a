import TestSupport
import Testing

@testable import Git

@Suite("Putting a difference onto another tree")
struct TreeOverlayTests {
    /// A tree of random files of every mode, in folders whose names are files elsewhere.
    private func randomTree(
        _ generator: inout SeededGenerator, blobs: [ObjectID], in sandbox: Sandbox
    ) throws -> ObjectID {
        let folders = ["", "a/", "a/b/", "é/", "e\u{301}/", "x/"]
        try sandbox.git(["read-tree", "--empty"])
        for _ in 0..<generator.below(14) {
            let path = generator.pick(folders) + generator.pick(["x", "a", "b", "é", "e\u{301}"])
            let mode = generator.pick(["100644", "100755", "120000", "160000"])
            try sandbox.git(
                ["update-index", "-z", "--replace", "--index-info"],
                input: bytes("\(mode) \(generator.pick(blobs))\t\(path)\0"))
        }
        return try #require(ObjectID(try sandbox.line(["write-tree", "--missing-ok"])))
    }

    @Test("the difference between any two trees, put onto the first, gives the second, modes and folders included")
    func there() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let blobs = try ["1", "2", "3"].map { try repository.writeBlob(bytes($0)) }
        var generator = SeededGenerator(stream: 402)
        var differing = 0
        for _ in 0..<60 {
            let old = try randomTree(&generator, blobs: blobs, in: sandbox)
            let new = try randomTree(&generator, blobs: blobs, in: sandbox)
            let changes = try repository.changes(from: old, to: new)
            differing += changes.isEmpty ? 0 : 1
            #expect(try repository.apply(changes, to: old) == new)
            #expect(try repository.apply(changes.reversed(), to: old) == new)
            #expect(try repository.apply(changes, to: new) == new)
        }
        #expect(differing > 40)
        #expect(try repository.apply([], to: nil) == repository.write(.tree, []))
    }

    @Test("on a tree that went on elsewhere it changes its own files alone, as git's own merge does")
    func elsewhere() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        func tree(_ files: [String: String]) throws -> ObjectID {
            try repository.edit(nil, try files.mapValues { .some(try repository.writeBlob(bytes($0))) })
        }
        let base = try tree(["a/x": "1", "a/y": "1", "z": "1"])
        let branch = try tree(["a/x": "2", "z": "1", "n/m": "1"])
        let main = try tree(["a/x": "1", "a/y": "1", "z": "1", "a/q": "1", "changes/c": "1"])
        let ours = try repository.apply(try repository.changes(from: base, to: branch), to: main)
        try sandbox.git(["read-tree", "-i", "-m", "--aggressive", "\(base)", "\(main)", "\(branch)"])
        #expect("\(ours)" == (try sandbox.line(["write-tree"])))
    }

    @Test("another commit's author line is taken over, and never as a header more")
    func author() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let tree = try repository.write(.tree, [])
        func made(_ author: String?) throws -> Commit {
            var draft = CommitDraft(
                tree: tree, parents: [], person: "alice <a@b>", time: 1_795_392_000, message: "x\n")
            draft.author = author
            let id = try repository.write(.commit, draft.payload)
            return try repository.commit(id)
        }
        #expect(try made("bob <b@c> 5 +0100").author == "bob <b@c> 5 +0100")
        #expect(try made(nil).author == "alice <a@b> 1795392000 +0000")
        for hostile in ["bob <b@c> 5 +0100\nparent \(tree)", "bob <b@c> 5 +0100\r\ngpgsig x"] {
            let commit = try made(hostile)
            #expect(commit.author == "alice <a@b> 1795392000 +0000" && commit.parents == [])
        }
    }
}
