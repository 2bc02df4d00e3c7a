import OperatingSystem
import TestSupport
import Testing

@Suite("Files that are replaced")
struct AtomicWriteTests {
    @Test("what a dead writer left is cleared away by the next one; what a living one writes stays")
    func leftovers() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file.json")
        let (dead, living) = (path + ".agentsafe-7-1.tmp", path + ".agentsafe-7-2.tmp")
        let others = ["other.json.agentsafe-7-1.tmp", "file.json.tmp", "file.json.7.tmp", "file.json.agentsafe-notes"]
        for name in others { try directory.write(name, "theirs") }
        for temporary in [dead, living] { try Files.create(temporary, [1]) }
        let lock = try #require(try FileLock.acquire(file: living, waiting: false))
        try Files.writeAtomically(path, [2])
        withExtendedLifetime(lock) {}
        #expect(try Files.read(path) == [2])
        #expect(Files.kind(dead) == nil && Files.kind(living) == .file)
        #expect(try others.allSatisfy { try Files.read(directory.file($0)) == Array("theirs".utf8) })
    }

    @Test("links, folders and pipes with a temporary file's name are left alone")
    func strangers() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        let target = try directory.write("target", "kept")
        let environment = ["PATH": "/usr/bin:/bin"]
        _ = try Program.run(["ln", "-s", target, path + ".agentsafe-1-1.tmp"], environment: environment)
        _ = try Program.run(["mkfifo", path + ".agentsafe-1-2.tmp"], environment: environment)
        try Files.createDirectory(path + ".agentsafe-1-3.tmp")
        try Files.writeAtomically(path, [1])
        #expect(try Files.list(directory.path).count == 5)
        #expect(try Files.read(target) == Array("kept".utf8))
    }

    @Test("a hundred writers of one file leave one of their contents and nothing else")
    func writers() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    try Files.writeAtomically(path, [UInt8](repeating: UInt8(number), count: 50_000))
                }
            }
            try await group.waitForAll()
        }
        let content = try Files.read(path)
        #expect(content.count == 50_000 && Set(content).count == 1)
        #expect(try Files.list(directory.path) == ["file"])
    }

    @Test("a lock on a folder is held by one, leaves no file, and goes with its holder")
    func folderLock() throws {
        let directory = try TemporaryDirectory()
        var lock = try FileLock.acquire(folder: directory.path, waiting: false)
        #expect(lock != nil)
        #expect(try FileLock.acquire(folder: directory.path, waiting: false) == nil)
        #expect(try Files.list(directory.path).isEmpty)
        lock = nil
        #expect(try FileLock.acquire(folder: directory.path, waiting: false) != nil)
        _ = lock
    }
}
