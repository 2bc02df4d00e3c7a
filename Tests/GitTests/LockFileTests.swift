import Git
import OperatingSystem
import TestSupport
import Testing

@Suite("Lock files that nobody holds")
struct LockFileTests {
    private struct Setting {
        let sandbox: Sandbox
        let repository: Repository
        let connection: RemoteConnection
        let commit: ObjectID

        init() throws {
            sandbox = try Sandbox()
            _ = try sandbox.repository("remote.git", bare: true)
            repository = try sandbox.repository()
            commit = try sandbox.commit("first")
            connection = RemoteConnection(
                directory: sandbox.path("work"), url: sandbox.path("remote.git"), environment: sandbox.environment)
            for branch in ["main", "gone"] {
                let outcome = try connection.push([
                    .init(source: commit, reference: "refs/heads/\(branch)", expected: nil)
                ])
                #expect(outcome == [.updated])
            }
        }

        func lock(_ name: String, hoursOld hours: Int = 0) throws -> String {
            let path = sandbox.path("work/.git/\(name).lock")
            try Files.createDirectory(Files.parent(of: path))
            try Files.create(path, [])
            let touched = try Program.run(
                ["touch", "-d", "\(hours) hours ago", path], environment: sandbox.environment)
            #expect(touched.status == 0)
            return path
        }
    }

    @Test("a reference of our own is written and removed over what a killed process left, however new it is")
    func ownReference() throws {
        let setting = try Setting()
        let name = "refs/agentsafe/outbox/chg"
        let lock = try setting.lock(name)
        try setting.repository.setReference(name, to: setting.commit, from: nil, message: "test")
        #expect(try setting.repository.reference(name) == setting.commit)
        #expect(Files.kind(lock) == nil)
        _ = try setting.lock(name)
        #expect(try setting.repository.references(under: "refs/agentsafe/").map(\.name) == [name])
        try setting.repository.removeReference(name)
        #expect(try setting.repository.reference(name) == nil)
        #expect(Files.kind(lock) == nil)
    }

    @Test("a lock on a reference that others write too is left alone and named, with what to do")
    func othersReference() throws {
        let setting = try Setting()
        let lock = try setting.lock("refs/heads/branch", hoursOld: 5)
        let error = #expect(throws: GitError.self) {
            try setting.repository.setReference("refs/heads/branch", to: setting.commit, from: nil, message: "test")
        }
        #expect(error?.message.contains("branch.lock") == true, "\(String(describing: error))")
        #expect(error?.message.contains("remove that file") == true)
        #expect(Files.kind(lock) == .file)
    }

    @Test("a fetch takes away what a killed git left on a remote's reference long ago")
    func abandoned() throws {
        let setting = try Setting()
        let lock = try setting.lock("refs/remotes/origin/main", hoursOld: 1)
        try setting.connection.fetch(into: "origin")
        #expect(Files.kind(lock) == nil)
        #expect(try setting.repository.reference("refs/remotes/origin/main") == setting.commit)
    }

    @Test("a fetch leaves a fresh lock alone, and names the file")
    func fresh() throws {
        let setting = try Setting()
        let lock = try setting.lock("refs/remotes/origin/main")
        let error = #expect(throws: GitError.self) { try setting.connection.fetch(into: "origin") }
        #expect(
            error?.message.contains("`\(lock)` is there, so another git is writing") == true,
            "\(String(describing: error))")
        #expect(error?.message.contains("remove that file") == true)
        #expect(Files.kind(lock) == .file)
        // Nothing of the rest is held back by it.
        #expect(try setting.repository.reference("refs/remotes/origin/gone") == setting.commit)
    }

    @Test("a lock on the packed references holds up the dropping of branches, and nothing else")
    func packed() throws {
        let setting = try Setting()
        #expect(try setting.connection.fetch(into: "origin") == nil)
        try setting.sandbox.git(["pack-refs", "--all"])
        try setting.sandbox.git(["update-ref", "-d", "refs/heads/gone"], in: "remote.git")
        let second = try setting.sandbox.commit("second")
        _ = try setting.connection.push([
            .init(source: second, reference: "refs/heads/main", expected: setting.commit)
        ])
        let lock = try setting.lock("packed-refs", hoursOld: 5)
        #expect(try setting.connection.fetch(into: "origin") == lock)
        #expect(try setting.repository.reference("refs/remotes/origin/main") == second)
        #expect(try setting.repository.reference("refs/remotes/origin/gone") == setting.commit)
        #expect(Files.kind(lock) == .file)
        try Files.remove(lock)
        #expect(try setting.connection.fetch(into: "origin") == nil)
        #expect(try setting.repository.reference("refs/remotes/origin/gone") == nil)
    }

    @Test("fetches of others at the same time do not make one fail")
    func together() throws {
        let setting = try Setting()
        let (work, stop, end) = (
            setting.sandbox.path("work"), setting.sandbox.path("stop"), setting.sandbox.path("end")
        )
        let fetch = "git -C '\(work)' fetch -q '\(setting.connection.url)' '+refs/heads/*:refs/remotes/origin/*' &"
        // Whatever becomes of the test, they are not many.
        let others =
            "for n in $(seq 100); do test -e '\(stop)' && break; \(fetch) \(fetch) \(fetch) \(fetch) wait; done"
        _ = try Program.run(
            ["sh", "-c", "(\(others); touch '\(end)') > /dev/null 2>&1 < /dev/null &"],
            environment: setting.sandbox.environment)
        defer {
            try? Files.create(stop, [])
            for _ in 0..<1000 where Files.kind(end) == nil { Host.real().sleep(10) }
        }
        var tip = setting.commit
        for round in 0..<12 {
            let commit = try setting.sandbox.commit("round \(round)")
            let outcome = try setting.connection.push([
                .init(source: commit, reference: "refs/heads/main", expected: tip)
            ])
            #expect(outcome == [.updated])
            try setting.connection.fetch(into: "origin")
            #expect(try setting.repository.reference("refs/remotes/origin/main") == commit)
            tip = commit
        }
    }
}
