import AgentSafeCLI
import ChangeModel
import Git
import OperatingSystem
import Synchronization
import TestSupport
import Testing

/// A governance repository with a bare remote, and one clone, home and state folder for each actor, as if on machines of
/// their own. `agentsafe` runs in this process with an injected clock; `git` and `ssh-keygen` are the real ones.
///
/// Actors: alice (admin, approver), bob and carol (approvers), sam (sre), agent (agent `deploy-agent-01`, deployer), rogue (an
/// agent without roles), runner and gate (services), stranger (a key that belongs to nobody).
final class Governance: Sendable {
    static let actors = ["alice", "bob", "carol", "sam", "agent", "rogue", "runner", "gate", "stranger"]

    let directory: TemporaryDirectory
    let clock: TestClock
    private let generator: Mutex<SeededGenerator>
    /// Where clones are copied from when they are first asked for; nil for the repository that all are copied from.
    private let original: Governance?
    private let copied = Mutex<Set<String>>([])
    private static let counter = Atomic<UInt64>(0)

    /// Copies a repository that was made once for all tests.
    convenience init() throws {
        try self.init(copying: try Self.template.shared())
    }

    /// Copies another test's repository as it is, its clock included.
    init(copying template: Governance) throws {
        directory = try TemporaryDirectory()
        clock = TestClock()
        clock.advance(template.clock.now - clock.now)
        generator = Mutex(SeededGenerator(stream: Self.counter.add(1, ordering: .relaxed).newValue))
        original = template
        let names = try Files.list(template.directory.path).filter { $0 != "clones" }
        _ = try run(["cp", "-a"] + names.map { "\(template.directory.path)/\($0)" } + [directory.path])
        try Files.createDirectory("\(directory.path)/clones")
    }

    /// Copies one actor's clone, once. Absolute paths in its settings follow the copy.
    private func copyClone(_ actor: String, from original: Governance) throws {
        let folder = "\(directory.path)/clones/\(actor)"
        // Which may be a copy itself, and have the clone only now.
        _ = try run(["cp", "-a", original.clone(actor), folder])
        let path = "\(folder)/.git/config"
        let text = String(decoding: try Files.read(path), as: UTF8.self)
        let parts = text.split(separator: original.directory.path, omittingEmptySubsequences: false)
        try Files.writeAtomically(path, Array(parts.joined(separator: directory.path).utf8))
    }

    private static let template = Result {
        let template = try Governance(making: ())
        KeptFolders.remember(template.directory.path)
        return template
    }

    /// Makes a repository from nothing, with a clock that stands at `start`.
    init(making: Void, at start: Int64 = TestClock.start, hasLimits: Bool = false) throws {
        directory = try TemporaryDirectory()
        clock = TestClock()
        clock.advance(start - clock.now)
        generator = Mutex(SeededGenerator(stream: 0))
        original = nil
        try Files.createDirectory("\(directory.path)/homes")
        for actor in Self.actors {
            let home = "\(directory.path)/homes/\(actor)"
            try Files.createDirectory(home)
            try Files.create(
                "\(home)/.gitconfig",
                Array(
                    "[user]\n\tname = \(actor)\n\temail = \(actor)@example.com\n[init]\n\tdefaultBranch = main\n[core]\n\tfsync = none\n"
                        .utf8))
            try SSHKeys.makeKey(name: "\(actor).key", in: directory)
        }
        _ = try run(["git", "init", "-q", "--bare", "--template=", "-b", "main", remote])
        // Most tests propose more in one hour than one agent should.
        let words = ["init", clone("alice"), "--admin", "alice", "--key", key("alice")]
        try expect(0, "alice", words + (hasLimits ? [] : ["--no-limits"]), in: directory.path)
        _ = try git("alice", "remote", "add", "origin", remote)
        _ = try git("alice", "push", "-q", "origin", "main", "ledger")
        _ = try git("alice", "fetch", "-q")
        let identities: [(String, [String])] = [
            ("bob", ["--kind", "person", "--role", "approver"]), ("carol", ["--kind", "person", "--role", "approver"]),
            ("sam", ["--kind", "person", "--role", "sre"]),
            ("agent", ["--kind", "agent", "--role", "deployer"]), ("rogue", ["--kind", "agent"]),
            ("runner", ["--kind", "service", "--role", "runner"]), ("gate", ["--kind", "service", "--role", "gate"]),
        ]
        for (actor, options) in identities {
            try expect(
                0, "alice",
                ["identity", "add", Self.identity(actor), "--key-file", key(actor) + ".pub", "--push"] + options)
        }
        // Copies are made for every test: few files, then.
        for repository in [remote, clone("alice")] {
            _ = try run(["git", "-C", repository, "gc", "-q", "--prune=now"])
            _ = try run(["rm", "-rf", "\(repository)/hooks", "\(repository)/.git/hooks"])
        }
        let genesis = try git("alice", "config", "agentsafe.genesis")
        for actor in Self.actors where actor != "alice" {
            _ = try run(["git", "clone", "-q", "--template=", remote, clone(actor)])
            try expect(0, actor, ["setup", "--genesis", genesis, "--key", key(actor)])
        }
        // Copied for nearly every test: few files, so that this is quick.
        for repository in [remote] + Self.actors.map({ "\(clone($0))/.git" }) {
            _ = try run(["git", "--git-dir=\(repository)", "repack", "-a", "-d", "-q"])
            try Files.removeTree("\(repository)/hooks")
        }
    }

    // MARK: - Places

    static func identity(_ actor: String) -> String { actor == "agent" ? "deploy-agent-01" : actor }
    var remote: String { "\(directory.path)/remote.git" }
    func clone(_ actor: String) -> String {
        copied.withLock { copied in
            guard let original, !copied.contains(actor), Files.kind(original.clone(actor)) == .directory else { return }
            copied.insert(actor)
            do {
                try copyClone(actor, from: original)
            } catch {
                Issue.record("the clone of \(actor) could not be copied: \(error)")
            }
        }
        return "\(directory.path)/clones/\(actor)"
    }
    func key(_ actor: String) -> String { "\(directory.path)/\(actor).key" }
    var clusterFile: String { "\(directory.path)/cluster.json" }

    // MARK: - Commands

    func environment(_ actor: String) -> [String: String] {
        let time = "\(clock.now) +0000"
        return [
            "PATH": Host.real().environment["PATH"] ?? "/usr/bin:/bin", "HOME": "\(directory.path)/homes/\(actor)",
            "AGENTSAFE_STATE_HOME": "\(directory.path)/homes/\(actor)/state", "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time,
        ]
    }

    func host(_ actor: String, in folder: String? = nil, adding variables: [String: String] = [:]) -> Host {
        let clock = clock
        return Host(
            environment: environment(actor).merging(variables) { $1 }, currentDirectory: folder ?? clone(actor),
            now: { clock.now },
            random: { count in
                self.generator.withLock { generator in
                    (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                }
            }, sleep: { clock.advance(Int64(max(1, $0 / 1000))) },
            bootTime: { UInt64(max(0, clock.now)) * 1_000_000_000 })
    }

    /// Runs `agentsafe` as `actor`, in the actor's clone and with the actor's key.
    func agentsafe(
        _ actor: String, _ arguments: [String], in folder: String? = nil, adding variables: [String: String] = [:]
    ) -> CommandResult {
        let (output, errors) = (LineBuffer(), LineBuffer())
        let terminal = Terminal(
            write: { output.append($0) }, say: { errors.append($0) }, ask: { _ in nil }, colors: false,
            showsProgress: false)
        let keys = ["AGENTSAFE_KEY": key(actor)]
        let status = CommandLineTool.run(
            ["agentsafe"] + arguments, host: host(actor, in: folder, adding: keys.merging(variables) { $1 }),
            terminal: terminal)
        return CommandResult(status: status, output: output.text, errors: errors.text)
    }

    /// Runs `agentsafe` and records an issue when it does not end with `status`.
    @discardableResult
    func expect(
        _ status: Int32, _ actor: String, _ arguments: [String], in folder: String? = nil,
        adding variables: [String: String] = [:], sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        let result = agentsafe(actor, arguments, in: folder, adding: variables)
        try #require(result.status == status, "agentsafe \(arguments): \(result)", sourceLocation: sourceLocation)
        return result
    }

    /// Runs the real `git` in the actor's clone; a failure is thrown with git's words.
    @discardableResult
    func git(_ actor: String, _ arguments: String..., input: String = "") throws -> String {
        try run(["git", "-C", clone(actor)] + arguments, as: actor, input: Array(input.utf8))
    }

    /// Runs the real `git` in the actor's clone, whatever its status.
    func tryGit(_ actor: String, _ arguments: String...) throws -> ProgramResult {
        try Program.run(["git", "-C", clone(actor)] + arguments, environment: environment(actor), timeout: 60)
    }

    @discardableResult
    func run(_ arguments: [String], as actor: String = "alice", input: [UInt8] = []) throws -> String {
        let result = try Program.run(arguments, environment: environment(actor), input: input, timeout: 60)
        guard result.status == 0 else {
            throw SSHKeys.ProgramFailure(description: "\(arguments.joined(separator: " ")): \(result.errorText)")
        }
        return String(result.outputText.reversed().drop { $0.isNewline }.reversed())
    }
}
