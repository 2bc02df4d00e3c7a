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

    init(_ settings: BenchmarkSettings) throws {
        let parent = settings.host.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        directory = try Files.temporaryDirectory(in: parent, prefix: "agentsafe-bench-")
        agentsafe = settings.agentsafe
        environment = [
            "PATH": settings.host.environment["PATH"] ?? "/usr/bin:/bin", "HOME": directory, "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1", "AGENTSAFE_STATE_HOME": "\(directory)/state",
        ]
        try Files.create(
            "\(directory)/.gitconfig",
            Array("[user]\n\tname = bench\n\temail = bench@example.com\n[init]\n\tdefaultBranch = main\n".utf8))
        for name in ["alice", "agent", "runner"] {
            try run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key(name)])
        }
        try run(["git", "init", "-q", "--bare", remote])
        try run([agentsafe, "init", clone, "--admin", "alice", "--key", key("alice"), "--remote", remote, "--push"])
        // Programs are started where this one stands: there is no shell between.
        guard chdir(clone) == 0 else { throw SystemError(call: "change into", subject: clone, code: errno) }
        for (id, name, kind, role) in [
            ("deploy-agent-01", "agent", "agent", "deployer"), ("runner", "runner", "service", "runner"),
        ] {
            try run([
                agentsafe, "identity", "add", id, "--kind", kind, "--role", role, "--key-file", "\(key(name)).pub",
                "--push",
            ])
        }
    }

    deinit {
        _ = chdir("/")
        try? Files.removeTree(directory)
    }

    var remote: String { "\(directory)/remote.git" }
    var clone: String { "\(directory)/governance" }
    var state: String { "\(directory)/state" }
    func key(_ name: String) -> String { "\(directory)/\(name).key" }

    /// Runs a program and insists on its status; returns what it printed.
    @discardableResult
    func run(_ arguments: [String], expecting status: Int32 = 0) throws -> String {
        let result = try Program.run(arguments, environment: environment, timeout: 120)
        guard result.status == status else {
            throw BenchmarkError(
                description: "`\(arguments.joined(separator: " "))` ended with \(result.status): "
                    + result.errorText.split(separator: "\n").prefix(3).joined(separator: " "))
        }
        return result.outputText
    }

    /// Runs the program that is measured.
    @discardableResult
    func agentsafe(_ arguments: String..., expecting status: Int32 = 0) throws -> String {
        try run([agentsafe] + arguments, expecting: status)
    }

    /// Proposes a change that the policy allows, as the agent; returns its branch.
    func propose() throws -> String {
        let report = try agentsafe(
            "propose", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--reason",
            "Queue depth doubled", "--key", key("agent"), "--push", "--output", "json")
        guard let branch = try JSONValue(parsing: report)["branch"]?.stringValue else {
            throw BenchmarkError(description: "`agentsafe propose` named no branch")
        }
        return branch
    }
}
