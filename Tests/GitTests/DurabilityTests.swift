import Git
import OperatingSystem
import TestSupport
import Testing

@Suite("Objects that outlive the machine's power")
struct DurabilityTests {
    private func write(_ count: Int, into repository: Repository) throws -> [ObjectID] {
        try (0..<count).map { try repository.write(.blob, Array("content \($0)".utf8)) }
    }

    @Test("what was written is synced once, whether it is asked for or a reference is set")
    func once() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        #expect(try repository.sync() == 0)
        _ = try write(40, into: repository)
        #expect(try repository.sync() == 40)
        #expect(try repository.sync() == 0)
        let tip = try sandbox.commit("one")
        let blob = try repository.write(.blob, [1])
        try repository.setReference("refs/agentsafe/test/a", to: tip, from: nil, message: "a test")
        #expect(try repository.sync() == 0)
        #expect(try repository.blob(blob) == [1])
    }

    @Test("in a linked work tree the files are those of the repository that it belongs to")
    func linked() throws {
        let sandbox = try Sandbox()
        _ = try sandbox.repository()
        _ = try sandbox.commit("one")
        try sandbox.git(["worktree", "add", "-q", sandbox.path("linked")])
        let repository = try Repository(containing: sandbox.path("linked"))
        _ = try write(3, into: repository)
        #expect(try repository.sync() == 3)
    }

    @Test("what git has packed meanwhile needs no sync, and is no error")
    func packed() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let blob = try write(1, into: repository)[0]
        try sandbox.git(["repack", "-q", "-a", "-d"])
        try sandbox.git(
            ["pack-objects", "-q", sandbox.path("work/.git/objects/pack/pack")], input: Array("\(blob)\n".utf8))
        try sandbox.git(["prune-packed", "-q"])
        #expect(try repository.sync() == 0)
        #expect(try repository.blob(blob) == Array("content 0".utf8))
    }

    @Test("a file that cannot be synced is told, and nothing names what is in it")
    func fails() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        let tip = try sandbox.commit("one")
        let blob = try write(1, into: repository)[0]
        let path = sandbox.path("work/.git/objects/\(blob.description.prefix(2))/\(blob.description.dropFirst(2))")
        // A link is nothing that git writes.
        try Files.remove(path)
        _ = try Program.run(["ln", "-s", "elsewhere", path], environment: sandbox.environment)
        #expect(throws: GitError.self) {
            try repository.setReference("refs/agentsafe/test/a", to: tip, from: nil, message: "a test")
        }
        #expect(try repository.reference("refs/agentsafe/test/a") == nil)
    }

    @Test("an object whose file a lost machine left empty is written anew")
    func damaged() throws {
        let sandbox = try Sandbox()
        let blob = try write(1, into: try sandbox.repository())[0]
        let path = sandbox.path("work/.git/objects/\(blob.description.prefix(2))/\(blob.description.dropFirst(2))")
        let whole = try Files.read(path)
        try Files.remove(path)
        try Files.create(path, [])
        let repository = try Repository(containing: sandbox.path("work"))
        #expect(throws: GitError.self) { try repository.blob(blob) }
        #expect(try write(1, into: repository) == [blob])
        #expect(try repository.blob(blob) == Array("content 0".utf8))
        #expect(try Files.read(path) == whole)
    }
}
