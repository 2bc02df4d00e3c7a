import Git
import OperatingSystem
import TestSupport
import Testing

@Suite("What is read and shown is bounded")
struct BoundsTests {
    @Test("an object larger than its limit is refused, and one of exactly that size is read")
    func objectSize() throws {
        let directory = try TemporaryDirectory()
        let repository = try Repository.create(at: directory.path)
        let blob = try repository.writeBlob([UInt8](repeating: 0, count: 4096))
        #expect(try repository.blob(blob, limit: 4096).count == 4096)
        #expect(throws: GitError.self) { try repository.blob(blob, limit: 4095) }
    }

    @Test(
        "addresses are shown without names and passwords",
        arguments: [
            ("https://bob:secret@example.com/a.git", "https://example.com/a.git"),
            ("http://secret@example.com:8080/a@b", "http://example.com:8080/a@b"),
            ("https://example.com/a@b.git", "https://example.com/a@b.git"),
            ("git@example.com:a.git", "git@example.com:a.git"), ("/srv/a.git", "/srv/a.git"),
        ])
    func credentials(_ address: String, _ shown: String) {
        #expect(RemoteConnection.withoutCredentials(address) == shown)
    }

    @Test("a push that fails names the address without its password")
    func failedPush() throws {
        let directory = try TemporaryDirectory()
        let repository = try Repository.create(at: directory.path)
        let connection = RemoteConnection(
            directory: repository.commandDirectory, url: "http://bob:secret@127.0.0.1:1/a.git",
            environment: ["PATH": Host.real().environment["PATH"] ?? "/usr/bin:/bin", "HOME": directory.path])
        do {
            try connection.fetch(into: "origin")
            Issue.record("nothing listens there")
        } catch {
            #expect(!error.message.contains("secret"), "\(error.message)")
            #expect(error.message.contains("127.0.0.1"))
        }
    }
}
