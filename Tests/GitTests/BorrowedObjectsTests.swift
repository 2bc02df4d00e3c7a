import Git
import OperatingSystem
import TestSupport
import Testing

@Suite("Objects outside of the repository")
struct BorrowedObjectsTests {
    /// A bare repository, and a folder of objects beside it that holds one commit.
    private func scene() throws -> (sandbox: Sandbox, commit: ObjectID, folder: String) {
        let sandbox = try Sandbox()
        _ = try sandbox.repository()
        try sandbox.git(["init", "-q", "--bare", sandbox.path("bare.git")], in: nil)
        let commit = try sandbox.commit("quarantined")
        return (sandbox, commit, sandbox.path("work/.git/objects"))
    }

    private func open(_ sandbox: Sandbox, _ folders: [String]) throws -> Repository {
        let path = sandbox.path("bare.git")
        return try Repository(containing: path, gitDirectory: path, borrowing: BorrowedObjects(folders: folders))
    }

    private func objects(_ sandbox: Sandbox) throws -> String {
        try Program.run(
            ["find", sandbox.path("bare.git"), sandbox.path("work/.git/objects"), "-type", "f"],
            environment: sandbox.environment
        ).outputText
    }

    @Test("they are read beside the repository's own, and by those who borrow alone")
    func reading() throws {
        let (sandbox, commit, folder) = try scene()
        let repository = try open(sandbox, [folder])
        #expect(try repository.commit(commit).message == "quarantined\n")
        #expect(repository.contains(commit))
        let path = sandbox.path("bare.git")
        let plain = try Repository(containing: path, gitDirectory: path)
        #expect(!plain.contains(commit))
        #expect(code { _ = try plain.commit(commit) } == .missing)
    }

    @Test("what is written meanwhile is read again and leaves no trace")
    func writing() throws {
        let (sandbox, _, folder) = try scene()
        let before = try objects(sandbox)
        do {
            let repository = try open(sandbox, [folder])
            let blob = try repository.writeBlob(bytes("written\n"))
            let tree = try repository.edit(nil, ["a/b": blob])
            #expect(try repository.file("a/b", in: tree) == bytes("written\n"))
            #expect(try repository.blob(blob) == bytes("written\n"))
            let named = try sandbox.line(["hash-object", "--stdin"], in: "bare.git", input: bytes("written\n"))
            #expect(blob.description == named)
        }
        #expect(try objects(sandbox) == before)
        let path = sandbox.path("bare.git")
        let plain = try Repository(containing: path, gitDirectory: path)
        _ = try plain.writeBlob(bytes("written\n"))
        #expect(try objects(sandbox) != before, "without borrowing, objects are kept")
    }

    @Test("a folder that is not there is an error, not an empty one")
    func missingFolder() throws {
        let (sandbox, _, _) = try scene()
        #expect(code { _ = try open(sandbox, [sandbox.path("nowhere")]) } == .missing)
    }

    @Test("a setting of the repository's own is not one of the user's")
    func localConfiguration() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        try sandbox.git(["config", "agentsafe.genesis", "here"])
        #expect(try repository.localConfiguration("agentsafe.genesis") == "here")
        #expect(try repository.localConfiguration("user.name") == nil)
        #expect(try repository.localConfiguration("agentsafe.none") == nil)
    }

    @Test("a symbolic reference names what it stands for, even where that is not there yet")
    func symbolicReferences() throws {
        let sandbox = try Sandbox()
        let repository = try sandbox.repository()
        #expect(try repository.symbolicTarget("HEAD") == "refs/heads/main")
        try sandbox.commit()
        try sandbox.git(["symbolic-ref", "refs/heads/alias", "refs/heads/main"])
        #expect(try repository.symbolicTarget("refs/heads/alias") == "refs/heads/main")
        #expect(try repository.symbolicTarget("refs/heads/main") == nil)
        #expect(try repository.symbolicTarget("refs/heads/none") == nil)
        #expect(try repository.symbolicTarget("no name") == nil)
    }
}
