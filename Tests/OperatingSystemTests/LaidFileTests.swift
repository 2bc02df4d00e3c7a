import OperatingSystem
import TestSupport
import Testing

@Suite("Files that others lay, and files that are laid once")
struct LaidFileTests {
    private func code(_ body: () throws(SystemError) -> Void) -> SystemError? {
        do {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("a file comes whole and read-only, leaves nothing beside it, and never takes another's place")
    func creating() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("a")
        try Files.createAtomically(path, [1, 2, 3], mode: 0o444)
        #expect(try Files.read(path) == [1, 2, 3] && Files.permissions(path) == 0o444)
        let error = code { () throws(SystemError) in try Files.createAtomically(path, [4]) }
        #expect(error?.isExisting == true)
        #expect(try Files.read(path) == [1, 2, 3])
        #expect(try Files.list(folder.path) == ["a"])
        // A link that leads nowhere stands there, too.
        _ = try Program.run(["ln", "-s", "nowhere", folder.file("b")], environment: Host.real().environment)
        #expect(
            code { () throws(SystemError) in try Files.createAtomically(folder.file("b"), [4]) }?.isExisting == true)
        #expect(Files.isTemporary("a.agentsafe-12-345.tmp") && !Files.isTemporary("a.tmp"))
    }

    @Test("links, pipes, folders and large files are not read where plain ones are asked for")
    func reading() throws {
        let folder = try TemporaryDirectory()
        let environment = Host.real().environment
        try Files.create(folder.file("plain"), [1, 2, 3])
        _ = try Program.run(["ln", "-s", "plain", folder.file("link")], environment: environment)
        _ = try Program.run(["mkfifo", folder.file("pipe")], environment: environment)
        #expect(try Files.readPlain(folder.file("plain"), limit: 3) == [1, 2, 3])
        #expect(
            code { () throws(SystemError) in _ = try Files.readPlain(folder.file("plain"), limit: 2) }?.isTooLarge
                == true)
        for name in ["link", "pipe", "."] {
            #expect(
                code { () throws(SystemError) in _ = try Files.readPlain(folder.file(name), limit: 9) } != nil,
                "\(name)")
        }
        #expect(code { () throws(SystemError) in _ = try Files.list(folder.path, limit: 2) }?.isTooLarge == true)
        #expect(try Files.list(folder.path, limit: 3).count == 3)
    }
}
