import Git
import OperatingSystem
import TestSupport
import Testing

@Suite("Pushing and fetching")
struct RemoteTests {
    /// A clone `work` with two commits, and an empty bare remote.
    private struct Setting {
        let sandbox: Sandbox
        let repository: Repository
        let connection: RemoteConnection
        let first: ObjectID
        let second: ObjectID

        init(adding variables: [String: String] = [:], timeout: Int = 60) throws {
            sandbox = try Sandbox()
            _ = try sandbox.repository("remote.git", bare: true)
            repository = try sandbox.repository()
            first = try sandbox.commit("first")
            second = try sandbox.commit("second")
            connection = RemoteConnection(
                directory: sandbox.path("work"), url: sandbox.path("remote.git"),
                environment: sandbox.environment.merging(variables) { $1 }, timeout: timeout)
        }

        func push(_ source: ObjectID, to branch: String = "main", expecting expected: ObjectID?) throws
            -> RemoteConnection.PushOutcome
        {
            try connection.push([.init(source: source, reference: "refs/heads/\(branch)", expected: expected)])[0]
        }

        func remoteTip(_ branch: String = "main") throws -> ObjectID? {
            try? sandbox.id("refs/heads/\(branch)", in: "remote.git")
        }

        func hook(_ name: String, _ script: String) throws {
            let path = sandbox.path("remote.git/hooks/\(name)")
            try Files.createDirectory(Files.parent(of: path))
            try Files.writeAtomically(path, bytes("#!/bin/sh\n\(script)\n"), mode: 0o755)
        }
    }

    @Test("a push that moves the branch is `updated`; one that finds its commit there has won nothing")
    func updated() throws {
        let setting = try Setting()
        #expect(try setting.push(setting.first, expecting: nil) == .updated)
        #expect(try setting.remoteTip() == setting.first)
        #expect(try setting.push(setting.first, expecting: setting.first) == .upToDate)
        #expect(try setting.push(setting.first, expecting: nil) == .upToDate)
        #expect(try setting.push(setting.second, expecting: setting.first) == .updated)
        #expect(try setting.remoteTip() == setting.second)
    }

    @Test("a lease that does not hold is refused, and the remote stays as it was")
    func staleLease() throws {
        let setting = try Setting()
        _ = try setting.push(setting.second, expecting: nil)
        for expected in [setting.first, nil] {
            guard case .rejected(let words) = try setting.push(setting.first, expecting: expected) else {
                Issue.record("the push went through")
                continue
            }
            #expect(words.contains("stale info"))
        }
        guard case .rejected = try setting.push(setting.first, to: "other", expecting: setting.second) else {
            Issue.record("a branch that should exist was made")
            return
        }
        #expect(try setting.remoteTip() == setting.second)
        #expect(try setting.remoteTip("other") == nil)
    }

    @Test("several branches go together or not at all")
    func atomic() throws {
        let setting = try Setting()
        _ = try setting.push(setting.first, expecting: nil)
        let outcomes = try setting.connection.push([
            .init(source: setting.second, reference: "refs/heads/new", expected: nil),
            .init(source: setting.second, reference: "refs/heads/main", expected: setting.second),
        ])
        #expect(outcomes.allSatisfy { if case .rejected = $0 { true } else { false } }, "\(outcomes)")
        #expect(try setting.remoteTip("new") == nil)
        #expect(try setting.remoteTip() == setting.first)
        let both = try setting.connection.push([
            .init(source: setting.second, reference: "refs/heads/new", expected: nil),
            .init(source: setting.second, reference: "refs/heads/main", expected: setting.first),
        ])
        #expect(both == [.updated, .updated])
    }

    @Test("a hook's refusal is told in the remote's own words")
    func hookRefuses() throws {
        let setting = try Setting()
        try setting.hook("pre-receive", "echo 'the freeze holds until Monday' >&2; exit 1")
        guard case .rejected(let words) = try setting.push(setting.first, expecting: nil) else {
            Issue.record("the push went through")
            return
        }
        #expect(words.contains("pre-receive hook declined"))
        #expect(words.contains("the freeze holds until Monday"))
        #expect(try setting.remoteTip() == nil)
    }

    @Test("local hooks, followed tags and push options of the user's settings do not come along")
    func settingsAside() throws {
        let setting = try Setting()
        let hooks = setting.sandbox.path("work/.git/hooks")
        try Files.createDirectory(hooks)
        try Files.writeAtomically("\(hooks)/pre-push", bytes("#!/bin/sh\nexit 1\n"), mode: 0o755)
        try setting.sandbox.git(["tag", "-a", "-m", "a tag", "v1"])
        for (name, value) in [
            ("push.followTags", "true"), ("push.gpgSign", "true"), ("push.recurseSubmodules", "check"),
        ] {
            try setting.sandbox.git(["config", name, value])
        }
        #expect(try setting.push(setting.second, expecting: nil) == .updated)
        #expect(try setting.sandbox.git(["tag"], in: "remote.git") == "")
    }

    @Test("a remote that cannot be reached is an error with advice, since nobody knows what arrived")
    func unreachable() throws {
        let setting = try Setting()
        let connection = RemoteConnection(
            directory: setting.sandbox.path("work"), url: setting.sandbox.path("nowhere.git"),
            environment: setting.sandbox.environment)
        let item = RemoteConnection.PushItem(source: setting.first, reference: "refs/heads/main", expected: nil)
        for (verb, attempt) in [
            ("push to", { _ = try connection.push([item]) }), ("fetch from", { try connection.fetch(into: "origin") }),
        ] as [(String, () throws -> Void)] {
            let error = #expect(throws: GitError.self) { try attempt() }
            #expect(error?.code == .remote)
            #expect(error?.message.contains("cannot \(verb) `\(setting.sandbox.path("nowhere.git"))`") == true)
            #expect(error?.message.contains("check the address") == true)
        }
    }

    @Test("a remote that says nothing is given up at the time limit")
    func silent() throws {
        let setting = try Setting(adding: ["GIT_SSH_COMMAND": "sleep 3;"], timeout: 1)
        let connection = RemoteConnection(
            directory: setting.sandbox.path("work"), url: "ssh://example.invalid/x.git",
            environment: setting.connection.environment, timeout: 1)
        let error = #expect(throws: GitError.self) { try connection.fetch(into: "origin") }
        #expect(error?.message.contains("no answer within 1 seconds") == true)
    }

    @Test("an address is never an option to git")
    func optionLikeAddress() throws {
        let setting = try Setting()
        let trace = setting.sandbox.path("trace")
        for option in ["--upload-pack=touch \(trace)", "--receive-pack=touch \(trace)", "--exec=touch \(trace)"] {
            let connection = RemoteConnection(
                directory: setting.sandbox.path("work"), url: option, environment: setting.sandbox.environment)
            let item = RemoteConnection.PushItem(source: setting.first, reference: "refs/heads/main", expected: nil)
            #expect(code { try connection.fetch(into: "origin") } == .remote)
            #expect(code { _ = try connection.push([item]) } == .remote)
        }
        #expect(Files.kind(trace) == nil)
    }

    @Test("a fetch brings branches, no tags, and drops what is gone at the remote")
    func fetching() throws {
        let setting = try Setting()
        _ = try setting.push(setting.first, expecting: nil)
        _ = try setting.push(setting.second, to: "vote/x/alice-1", expecting: nil)
        try setting.sandbox.git(["tag", "v1"], in: "remote.git")
        try setting.connection.fetch(into: "upstream")
        func names() throws -> [String] {
            try setting.repository.references(under: "refs/remotes/upstream/").map(\.name)
        }
        #expect(try names() == ["refs/remotes/upstream/main", "refs/remotes/upstream/vote/x/alice-1"])
        #expect(try setting.repository.reference("refs/remotes/upstream/main") == setting.first)
        #expect(try setting.repository.references(under: "refs/tags/").isEmpty)
        try setting.sandbox.git(["update-ref", "-d", "refs/heads/vote/x/alice-1"], in: "remote.git")
        // A rewound branch is shown as it is: judging it is for others.
        try setting.sandbox.git(["update-ref", "refs/heads/main", "\(setting.second)"], in: "remote.git")
        try setting.connection.fetch(into: "upstream")
        #expect(try names() == ["refs/remotes/upstream/main"])
        try setting.sandbox.git(["update-ref", "refs/heads/main", "\(setting.first)"], in: "remote.git")
        try setting.connection.fetch(into: "upstream")
        #expect(try setting.repository.reference("refs/remotes/upstream/main") == setting.first)
    }

    @Test("where a calling git thinks it is does not matter")
    func foreignVariables() throws {
        let elsewhere = try Sandbox()
        _ = try elsewhere.repository("other")
        let variables = [
            "GIT_DIR": elsewhere.path("other/.git"), "GIT_WORK_TREE": elsewhere.path("other"), "GIT_PREFIX": "x/",
            "GIT_INDEX_FILE": elsewhere.path("index"),
        ]
        let setting = try Setting(adding: variables)
        #expect(try setting.push(setting.first, expecting: nil) == .updated)
        try setting.connection.fetch(into: "origin")
        #expect(try setting.repository.reference("refs/remotes/origin/main") == setting.first)
    }
}
