internal import AgentSafeCLI
internal import ChangeModel
internal import OperatingSystem

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A governance repository in a folder of its own, made by the program that is measured, `git` and `ssh-keygen`, in an
/// environment that knows nothing of the user. The folder goes with the last reference.
final class GovernanceFixture {
    let directory: String
    private let agentsafe: String
    let environment: [String: String]
    private var isMade = false
    private let isKept: Bool

    /// - Parameter founded: the instant at which it all began, for a history that lies in the past.
    init(_ settings: BenchmarkSettings, founded: Timestamp? = nil) throws {
        let parent = settings.host.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        directory = try Files.temporaryDirectory(in: parent, prefix: "agentsafe-bench-")
        agentsafe = settings.agentsafe
        isKept = settings.keeps
        if isKept { BenchTool.say("kept: \(directory)") }
        environment = [
            "PATH": settings.host.environment["PATH"] ?? "/usr/bin:/bin", "HOME": directory, "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1", "AGENTSAFE_STATE_HOME": "\(directory)/state",
        ]
        try Files.create(
            "\(directory)/.gitconfig",
            Array("[user]\n\tname = bench\n\temail = bench@example.com\n[init]\n\tdefaultBranch = main\n".utf8))
        for name in Self.actors {
            try run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key(name)])
        }
        try run(["git", "init", "-q", "--bare", remote])
        // One agent does everything here, and all the time.
        let made = [
            "init", clone, "--admin", "alice", "--key", key("alice"), "--remote", remote, "--push", "--no-limits",
        ]
        try make(made, at: founded ?? Timestamp(seconds: settings.host.now()), settings)
        isMade = true
        for (id, name, kind, role) in [
            ("deploy-agent-01", "agent", "agent", "deployer"), ("runner", "runner", "service", "runner"),
            ("bob", "bob", "person", "approver"), ("carol", "carol", "person", "approver"),
        ] {
            let added = [
                "identity", "add", id, "--kind", kind, "--role", role, "--key-file", "\(key(name)).pub", "--push",
            ]
            try make(added, at: founded ?? Timestamp(seconds: settings.host.now()), settings)
        }
    }

    /// Runs the same command line in this process, with a clock of its own.
    private func make(_ arguments: [String], at instant: Timestamp, _ settings: BenchmarkSettings) throws {
        let words = Locked<[String]>([])
        let terminal = Terminal(
            write: { line in words.withLock { $0.append(line) } }, say: { line in words.withLock { $0.append(line) } },
            ask: { _ in nil }, colors: false, showsProgress: false)
        let host = Host(
            environment: environment.merging(["AGENTSAFE_KEY": key("alice")]) { $1 },
            currentDirectory: isMade ? clone : directory, now: { instant.seconds }, random: settings.host.random,
            sleep: settings.host.sleep)
        let status = CommandLineTool.run(["agentsafe"] + arguments, host: host, terminal: terminal)
        guard status == 0 else {
            throw BenchmarkError(
                description: "`agentsafe \(arguments.joined(separator: " "))` ended with \(status): "
                    + words.withLock { $0.last ?? "" })
        }
    }

    static let actors = ["alice", "agent", "runner", "bob", "carol"]

    deinit {
        if isKept { return }
        _ = chdir("/")
        try? Files.removeTree(directory)
    }

    var remote: String { "\(directory)/remote.git" }
    var clone: String { "\(directory)/governance" }
    var state: String { "\(directory)/state" }
    /// The program that is measured.
    var program: String { agentsafe }
    func key(_ name: String) -> String { "\(directory)/\(name).key" }

    /// Runs a program and insists on its status; returns what it printed.
    @discardableResult
    func run(
        _ arguments: [String], expecting status: Int32 = 0, input: String = "", adding variables: [String: String] = [:]
    ) throws -> String {
        // Programs are started where this one stands: there is no shell between.
        if isMade {
            guard chdir(clone) == 0 else { throw SystemError(call: "change into", subject: clone, code: errno) }
        }
        let result = try Program.run(
            arguments, environment: environment.merging(variables) { $1 }, input: Array(input.utf8), timeout: 1200)
        guard result.status == status else {
            throw BenchmarkError(
                description: "`\(arguments.joined(separator: " "))` ended with \(result.status): "
                    + result.errorText.split(separator: "\n").prefix(3).joined(separator: " "))
        }
        return result.outputText
    }

    /// The demo cluster of the project's checkout, as the embedded cluster reads it.
    func exampleCluster(_ settings: BenchmarkSettings) throws -> [UInt8] {
        // …/.build/<configuration>/agentsafe
        var folder = settings.agentsafe
        while folder != "/" {
            folder = Files.parent(of: folder)
            let path = "\(folder)/examples/clusters/demo.json"
            if Files.kind(path) != nil { return try Files.read(path) }
        }
        throw BenchmarkError(description: "no examples/clusters/demo.json above `\(settings.agentsafe)`")
    }

    /// Runs the program that is measured.
    @discardableResult
    func agentsafe(
        _ arguments: String..., expecting status: Int32 = 0, adding variables: [String: String] = [:]
    ) throws -> String {
        try run([agentsafe] + arguments, expecting: status, adding: variables)
    }

    /// Proposes a change that the policy allows, as the agent; returns its branch.
    func propose(replicas: Int = 6) throws -> String {
        let report = try agentsafe(
            "propose", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=\(replicas)",
            "--reason",
            "Queue depth doubled", "--key", key("agent"), "--push", "--output", "json")
        guard let branch = try JSONValue(parsing: report)["branch"]?.stringValue else {
            throw BenchmarkError(description: "`agentsafe propose` named no branch")
        }
        return branch
    }
}
