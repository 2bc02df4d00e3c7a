import TestSupport
import Testing

@testable import Git

@Suite("Trees, with git as the peer")
struct TreeTests {
    /// Names whose order differs by whether they are folders, and by how bytes compare.
    static let names = [
        "a", "a.b", "a-b", "a0", "a b", "ab", "A", "Z", "é", "e\u{301}", "😀", "\u{FB33}", "-option", "~", ".hidden",
        "\u{7F}", "\"quoted\"", "new\nline", "x\ty", "changes",
    ]

    private func randomEntries(_ generator: inout SeededGenerator, ids: [ObjectID]) -> [TreeEntry] {
        generator.some(of: Self.names).map { name in
            TreeEntry(
                mode: generator.pick(["100644", "100755", "120000", "40000", "160000"]), name: name,
                id: generator.pick(ids))
        }
    }

    @Test("a tree that git made reads as `git ls-tree` prints it, and is written to the same bytes in any order")
    func roundTrip() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let ids = (0..<8).map { ObjectID(bytes: [UInt8](repeating: UInt8($0 * 31 + 1), count: 20)) }
        var generator = SeededGenerator(stream: 401)
        for _ in 0..<40 {
            let entries = randomEntries(&generator, ids: ids)
            let lines = entries.map { entry in
                let kind = entry.isTree ? "tree" : entry.mode == "160000" ? "commit" : "blob"
                return "\(entry.isTree ? "040000" : entry.mode) \(kind) \(entry.id)\t\(entry.name)\0"
            }
            let id = try #require(
                ObjectID(try sandbox.line(["mktree", "-z", "--missing"], input: bytes(lines.joined()))))
            let read = try repository.tree(id)
            let printed = read.map { entry in
                let kind = entry.isTree ? "tree" : entry.mode == "160000" ? "commit" : "blob"
                return "\(entry.isTree ? "040000" : entry.mode) \(kind) \(entry.id)\t\(entry.name)\0"
            }
            #expect(Array(printed.joined().utf8) == Array(try sandbox.git(["ls-tree", "-z", "\(id)"]).utf8))
            let shuffled = entries.shuffled(using: &generator)
            #expect(try repository.write(.tree, TreeEntry.serialise(shuffled)) == id)
        }
    }

    @Test("edits give the tree that `git update-index` gives, and differences are those of `git diff-tree`")
    func editing() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let blobs = try (0..<6).map { try repository.writeBlob(bytes("blob \($0)\n")) }
        let folders = ["", "a/", "a.b/", "a/é/", "a/e\u{301}/", "changes/2026/11/"]
        var generator = SeededGenerator(stream: 402)
        var root: ObjectID?
        for _ in 0..<60 {
            var edits: [[UInt8]: ObjectID?] = [:]
            for _ in 0..<(1 + generator.below(6)) {
                let path = generator.pick(folders) + generator.pick(["x", "y.z", "é", "e\u{301}", "0"])
                let isRemoval = generator.chance(35)
                // Git removes files only, and takes the lines of one input in their order: here each path stands alone.
                let isFolder = try root.map { try repository.entry(at: path, in: $0)?.isTree == true } ?? false
                let isNear = edits.keys.contains {
                    $0.starts(with: bytes(path + "/")) || bytes(path).starts(with: $0 + [0x2F])
                }
                if isNear || (isRemoval && isFolder) { continue }
                edits[bytes(path)] = isRemoval ? .some(nil) : .some(generator.pick(blobs))
            }
            let lines = edits.map { path, blob in
                let name = String(decoding: path, as: UTF8.self)
                return blob.map { "100644 \($0)\t\(name)\0" } ?? "0 \(ObjectID.zero)\t\(name)\0"
            }
            try sandbox.git(["update-index", "-z", "--replace", "--index-info"], input: bytes(lines.joined()))
            let theirs = try #require(ObjectID(try sandbox.line(["write-tree"])))
            // One edit a call: a dictionary of strings takes two Unicode forms of a name for one key.
            var ours = root
            for (path, blob) in edits {
                ours = try repository.edit(ours, [String(decoding: path, as: UTF8.self): blob])
            }
            #expect(ours == theirs)
            let changes = try repository.changes(from: root, to: theirs)
            let old = try root ?? repository.write(.tree, [])
            let raw = try sandbox.git(["diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "\(old)", "\(theirs)"])
            let printed = changes.map { change in
                let status = change.old == nil ? "A" : change.new == nil ? "D" : "M"
                return ":\(change.old?.mode ?? "000000") \(change.new?.mode ?? "000000") "
                    + "\(change.old?.id ?? .zero) \(change.new?.id ?? .zero) \(status)\0\(change.path)\0"
            }
            #expect(Array(printed.joined().utf8) == Array(raw.utf8))
            root = theirs
        }
    }

    @Test(
        "a file that only changed its name's Unicode form differs, and one of two such names is never taken for the other"
    )
    func unicodeForms() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let nothing: ObjectID? = nil
        let (one, two) = (try repository.writeBlob(bytes("1")), try repository.writeBlob(bytes("2")))
        func tree(_ entries: [(String, ObjectID)]) throws -> ObjectID {
            try repository.write(
                .tree, TreeEntry.serialise(entries.map { TreeEntry(mode: "100644", name: $0.0, id: $0.1) }))
        }
        let (composed, decomposed) = ("\u{E9}.yaml", "e\u{301}.yaml")
        let renamed = try repository.changes(from: tree([(composed, one)]), to: tree([(decomposed, one)]))
        #expect(renamed.count == 2)
        let both = try tree([(composed, one), (decomposed, two)])
        #expect(try repository.changes(from: both, to: tree([(decomposed, one)])).count == 2)
        #expect(try repository.entry(at: composed, in: both)?.id == one)
        #expect(try repository.entry(at: decomposed, in: both)?.id == two)
        #expect(try repository.tree(repository.edit(both, [composed: nothing])).map(\.id) == [two])
    }

    @Test("removing what is not there changes nothing")
    func removingNothing() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let nothing: ObjectID? = nil
        let blob = try repository.writeBlob([])
        let root = try repository.edit(nil, ["a": blob, "b/c": blob])
        for path in ["x", "a/x", "b/x", "b/c/x", "x/y/z"] {
            #expect(try repository.edit(root, [path: nothing]) == root, "\(path)")
        }
    }

    struct BadTree: Sendable, CustomTestStringConvertible {
        let name: String
        let entries: [(mode: String, name: [UInt8])]
        init(_ name: String, _ entries: [(String, String)]) {
            self.name = name
            self.entries = entries.map { (mode: $0.0, name: Array($0.1.utf8)) }
        }
        var testDescription: String { name }
    }

    static let badTrees = [
        BadTree("out of order", [("100644", "b"), ("100644", "a")]),
        BadTree("a folder where a file would stand", [("100644", "a.b"), ("100644", "a")]),
        BadTree("one name twice", [("100644", "a"), ("100644", "a")]),
        BadTree("one name for a file and a folder", [("100644", "a"), ("40000", "a")]),
        BadTree("one name for a file and, later, a folder", [("100644", "a"), ("100644", "a.b"), ("40000", "a")]),
        BadTree("no name", [("100644", "")]),
        BadTree("this folder", [("40000", ".")]),
        BadTree("the folder above", [("40000", "..")]),
        BadTree("git's own folder", [("40000", ".git")]),
        BadTree("git's own folder, shouted", [("40000", ".GIT")]),
        BadTree("git's own folder by its short name", [("40000", "git~1")]),
        BadTree("git's own folder with a dot that Windows drops", [("40000", ".git.")]),
        BadTree("git's own folder as a stream", [("100644", ".git::$INDEX_ALLOCATION")]),
        BadTree("git's own folder with a character that macOS drops", [("40000", ".g\u{200C}it")]),
        BadTree("a path", [("100644", "a/b")]),
        BadTree("a padded mode", [("040000", "a")]),
        BadTree("a mode that git does not know", [("100666", "a")]),
    ]

    @Test("a tree that `git fsck --strict` finds fault with is refused", arguments: badTrees)
    func refused(_ bad: BadTree) throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let blob = try repository.writeBlob(bytes("x"))
        let tree = try repository.edit(nil, ["x": blob])
        var content: [UInt8] = []
        for entry in bad.entries {
            let isTree = entry.mode.hasSuffix("40000")
            content += bytes(entry.mode) + [0x20] + entry.name + [0] + (isTree ? tree : blob).bytes
        }
        let id = try sandbox.store("tree", content)
        let verdict = try sandbox.tryGit(["fsck", "--strict", "--no-dangling"])
        #expect(verdict.errorText.contains("in tree \(id)"), "fsck: \(verdict.errorText)")
        #expect(code { _ = try repository.tree(id) } == .malformed)
    }

    @Test("a tree that ends in the middle of an entry is refused, wherever it is cut")
    func truncated() throws {
        let entries = [
            TreeEntry(mode: "100644", name: "a", id: ObjectID(bytes: [UInt8](repeating: 7, count: 20))),
            TreeEntry(mode: "40000", name: "b", id: ObjectID(bytes: [UInt8](repeating: 9, count: 20))),
        ]
        let whole = TreeEntry.serialise(entries)
        let boundary = TreeEntry.serialise([entries[0]]).count
        for length in 1..<whole.count where length != boundary {
            #expect(code { _ = try TreeObject(checking: Array(whole[..<length]), of: .zero) } == .malformed)
        }
        #expect(try TreeObject(checking: whole, of: .zero).entries == entries)
    }
}
