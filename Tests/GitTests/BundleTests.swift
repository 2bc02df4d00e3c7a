import Git
import OperatingSystem
import TestSupport
import Testing

@Suite("Bundles and packs in one spelling")
struct BundleTests {
    /// Ships a branch of `work` commit by commit along its first parents, and returns the bundles.
    private func bundles(
        _ sandbox: Sandbox, _ branch: String = "main", growth: BranchGrowth? = nil
    ) throws -> [[UInt8]] {
        let repository = try Repository(containing: sandbox.path("work"))
        let growth = growth ?? BranchGrowth(repository)
        let ids = try sandbox.git(["rev-list", "--first-parent", "--reverse", branch]).split(separator: "\n")
            .compactMap { ObjectID($0) }
        var last: ObjectID?
        var found: [[UInt8]] = []
        for id in ids {
            let head = Bundle.head(
                prerequisites: last.map { [$0] } ?? [], references: [.init(name: "refs/heads/main", id: id)])
            let objects = try growth.objects(from: last, to: id)
            found.append(head + (try repository.storedPack(of: objects, limit: 64 << 20)))
            last = id
        }
        return found
    }

    /// Rebuilds a repository from bundles with stock git, and compares the branch.
    private func rebuild(_ bundles: [[UInt8]], _ sandbox: Sandbox, _ branch: String = "main") throws {
        try sandbox.git(["init", "-q", "--bare", sandbox.path("copy.git")], in: nil)
        for (number, bytes) in bundles.enumerated() {
            let path = sandbox.path("\(number).bundle")
            try Files.create(path, bytes)
            try sandbox.git(["bundle", "verify", "-q", path], in: "copy.git")
            try sandbox.git(["fetch", "-q", path, "refs/heads/*:refs/heads/*"], in: "copy.git")
        }
        #expect(try sandbox.id("main", in: "copy.git") == sandbox.id(branch))
        try sandbox.git(["fsck", "--full", "--connectivity-only"], in: "copy.git")
        let log = ["log", "--format=%H %T", "main"]
        #expect(try sandbox.git(log, in: "copy.git") == sandbox.git(["log", "--format=%H %T", branch]))
    }

    /// A history by chance: merges of branches that began anywhere, octopuses, a second root, folders that come and go.
    private func history(_ stream: UInt64, _ sandbox: Sandbox) throws {
        var generator = SeededGenerator(stream: stream)
        _ = try sandbox.repository()
        try sandbox.commit("root")
        var commits = [try sandbox.id("HEAD")]
        for number in 0..<14 {
            try sandbox.git(["checkout", "-q", "-B", "side", generator.pick(commits).description])
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let folder = sandbox.path("work/d\(Int.random(in: 0..<3, using: &generator))")
                try Files.createDirectory(folder)
                let text = String(repeating: "\(Int.random(in: 0..<9, using: &generator))", count: 3)
                try Files.writeAtomically("\(folder)/\(Int.random(in: 0..<3, using: &generator))", bytes(text))
                try sandbox.git(["add", "-A"])
                commits.append(try sandbox.commit("side \(number)"))
            }
            try sandbox.git(["checkout", "-q", "main"])
            if Bool.random(using: &generator) {
                try sandbox.git(["merge", "-q", "-s", "ours", "--no-ff", "-m", "merge \(number)", "side"])
            } else {
                let tree = try sandbox.line(["rev-parse", "side^{tree}"])
                let parents = ["main", "side", generator.pick(commits).description].flatMap { ["-p", $0] }
                let commit = try sandbox.line(["commit-tree", tree, "-m", "octopus \(number)"] + parents)
                try sandbox.git(["reset", "-q", "--hard", commit])
            }
            commits.append(try sandbox.id("HEAD"))
        }
    }

    @Test("whatever a branch merged, stock git rebuilds it step by step from what each step brings", arguments: 1...6)
    func rebuilding(_ stream: UInt64) throws {
        let sandbox = try Sandbox()
        try history(stream, sandbox)
        let made = try bundles(sandbox)
        try rebuild(made, sandbox)
        // From anywhere in the middle the same bytes come again.
        let repository = try Repository(containing: sandbox.path("work"))
        let ids = try sandbox.git(["rev-list", "--first-parent", "--reverse", "main"]).split(separator: "\n")
            .compactMap { ObjectID($0) }
        for number in stride(from: ids.count - 1, to: 0, by: -3) {
            let objects = try BranchGrowth(repository).objects(from: ids[number - 1], to: ids[number])
            let pack = try repository.storedPack(of: objects, limit: 64 << 20)
            #expect(made[number].suffix(pack.count) == pack[...])
        }
    }

    @Test(
        "what no rule has looked at on a merged branch is taken along: old modes, links, submodules, folders in folders"
    )
    func strangeTrees() throws {
        let sandbox = try Sandbox()
        _ = try sandbox.repository()
        try sandbox.commit("root")
        let blob = try sandbox.store("blob", bytes("hello\n"))
        let gone = Array(repeating: UInt8(0xAB), count: 20)
        var entries: [[UInt8]] = []
        for (mode, name, id) in [
            ("120000", "link", blob.bytes), ("160000", "module", gone), ("100664", "old", blob.bytes),
        ] {
            entries.append(bytes("\(mode) \(name)\0") + id)
        }
        var tree = try sandbox.store("tree", entries.flatMap { $0 })
        // Git itself gives up at 2048.
        for _ in 0..<1500 {
            tree = try Repository(containing: sandbox.path("work")).write(.tree, bytes("40000 d\0") + tree.bytes)
        }
        let side = try sandbox.line(["commit-tree", tree.description, "-p", "HEAD", "-m", "strange"])
        try sandbox.git(["merge", "-q", "-s", "ours", "-m", "merge", side])
        try rebuild(try bundles(sandbox), sandbox)
    }

    @Test("a folder that holds itself a billion times over in names is packed once")
    func treeBomb() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        try sandbox.commit("root")
        var tree = try repository.write(.tree, bytes("100644 f\0") + (try repository.write(.blob, bytes("x"))).bytes)
        for _ in 0..<30 {
            tree = try repository.write(.tree, (0..<8).flatMap { bytes("40000 \($0)\0") + tree.bytes })
        }
        let commit = try sandbox.line(["commit-tree", tree.description, "-p", "HEAD", "-m", "bomb"])
        let id = try #require(ObjectID(commit))
        let objects = try BranchGrowth(repository).objects(from: try sandbox.id("HEAD"), to: id)
        #expect(objects.count == 33)
    }

    @Test("a step must lead to where the branch stood")
    func leading() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let one = try sandbox.commit("one")
        try sandbox.git(["checkout", "-q", "--orphan", "other"])
        let two = try sandbox.commit("two")
        #expect(code { _ = try BranchGrowth(repository).objects(from: one, to: two) } == .malformed)
    }

    @Test(
        "content of every length is read back, by this reader and by git's",
        arguments: [0, 1, 15, 16, 2047, 65_535, 65_536, 200_000])
    func lengths(_ length: Int) throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        var generator = SeededGenerator(stream: UInt64(length))
        let content = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let id = try repository.write(.blob, content)
        let pack = try repository.storedPack(of: [id], limit: 1 << 20)
        let read = try StoredPack(parsing: pack)
        #expect(read.objects.map(\.id) == [id] && read.content(of: id, .blob) == content)
        #expect(read.content(of: id, .tree) == nil)
        try sandbox.git(["init", "-q", "--bare", sandbox.path("other.git")], in: nil)
        try sandbox.git(["unpack-objects", "-q", "--strict"], in: "other.git", input: pack)
        let other = try Repository(containing: sandbox.path("other.git"))
        #expect(try other.blob(id) == content)
        #expect(code { _ = try repository.storedPack(of: [id], limit: length) } == .unsupported)
    }

    @Test("packs that are taken in together are there for everybody, objects that several hold included")
    func batches() throws {
        let sandbox = try Sandbox()
        try history(9, sandbox)
        let repository = try Repository.create(at: sandbox.path("taken.git"), isBare: true)
        var batch = PackBatch()
        #expect(batch.isEmpty)
        try repository.receive(batch)
        let made = try bundles(sandbox)
        for bytes in made + made.prefix(2) { batch.add(try Bundle(parsing: bytes).pack) }
        try repository.receive(batch)
        let tip = try sandbox.id("main")
        #expect(try repository.commit(tip).id == tip)
        let count = try sandbox.git(["rev-list", "--objects", "--count", tip.description], in: "taken.git")
        #expect(try count == sandbox.git(["rev-list", "--objects", "--count", "main"]))
        #expect(try Files.list(sandbox.path("taken.git/objects/pack")).count { $0.hasSuffix(".pack") } == 1)
    }

    @Test("a bundle that is not spelt as it is written here is refused, whatever stock git makes of it")
    func spelling() throws {
        let sandbox = try Sandbox()
        try history(3, sandbox)
        let good = try #require(try bundles(sandbox).last)
        #expect(try Bundle(parsing: good).references.map(\.name) == ["refs/heads/main"])
        try sandbox.git(["bundle", "create", "-q", sandbox.path("stock.bundle"), "main"])
        let stock = try Files.read(sandbox.path("stock.bundle"))
        #expect(try Bundle.head(of: stock).references.map(\.name) == ["refs/heads/main"])
        #expect(code { _ = try Bundle(parsing: stock) } == .malformed)
        var generator = SeededGenerator(stream: 72)
        for _ in 0..<300 {
            var bad = good
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                bad[Int.random(in: 0..<bad.count, using: &generator)] ^= UInt8(
                    1 << Int.random(in: 0..<8, using: &generator))
            case 1: bad.removeLast(Int.random(in: 1..<bad.count, using: &generator))
            default:
                bad.insert(
                    UInt8.random(in: 0...255, using: &generator), at: Int.random(in: 0...bad.count, using: &generator))
            }
            guard bad != good else { continue }
            // What still parses says something else, and only its head can.
            if let parsed = try? Bundle(parsing: bad) {
                let head = try Bundle.head(of: good)
                #expect(parsed.prerequisites != head.prerequisites || parsed.references != head.references)
            }
        }
    }

    @Test("packs that lie about numbers, order and sizes are refused before anything is made of them")
    func lies() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let ids = try (0..<3).map { try repository.write(.blob, bytes("blob \($0)\n")) }
        let pack = try repository.storedPack(of: Set(ids), limit: 1 << 20)
        /// With the checksum that fits.
        func sealed(_ body: [UInt8]) throws -> [UInt8] {
            let path = sandbox.path("body")
            try Files.writeAtomically(path, body)
            let sum = try Program.run(["sha1sum", path], environment: sandbox.environment).outputText.prefix(40)
            return body + (0..<20).compactMap { UInt8(sum.dropFirst($0 * 2).prefix(2), radix: 16) }
        }
        let body = Array(pack.dropLast(20))
        #expect(try sealed(body) == pack)
        let size = (body.count - 12) / 3
        let objects = (0..<3).map { Array(body[12 + $0 * size..<12 + ($0 + 1) * size]) }
        func counted(_ count: UInt8, _ rest: [UInt8]) -> [UInt8] { body[..<11] + [count] + rest }
        let lies: [[UInt8]] = [
            counted(2, Array(body[12...])), counted(4, Array(body[12...])),
            counted(3, objects[1] + objects[0] + objects[2]), counted(3, objects[0] + objects[0] + objects[2]),
            // A size that needs more bytes than there are, one that never ends, a delta, a reserved kind.
            counted(1, [0xBF, 0xFF, 0xFF, 0xFF, 0x7F, 0x78, 0x01]), counted(1, [UInt8](repeating: 0xFF, count: 40)),
            counted(1, [0x75] + objects[0].dropFirst()), counted(1, [0x55] + objects[0].dropFirst()),
            // Another checksum of the content, a block that is not stored.
            counted(1, objects[0].dropLast() + [objects[0][size - 1] ^ 1]),
            counted(1, objects[0][..<3] + [3] + objects[0][4...]),
            // The size in more bytes than it needs.
            counted(1, [objects[0][0] | 0x80, 0x00] + objects[0].dropFirst()),
            body[..<4] + [0, 0, 0, 3] + body[8...], Array(body[..<12]),
        ]
        for (number, lie) in lies.enumerated() {
            #expect(code { _ = try StoredPack(parsing: try sealed(lie)) } == .malformed, "lie \(number)")
        }
        #expect(code { _ = try StoredPack(parsing: []) } == .malformed)
    }
}
