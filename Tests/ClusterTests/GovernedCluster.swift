import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// A governance repository whose targets are in one test's namespace of the real cluster. The program, `git` and `ssh-keygen` are the
/// real ones, each in a process of its own; so is the clock.
final class GovernedCluster {
    let cluster: RealCluster
    private let directory: TemporaryDirectory
    private let program: String
    private var isMade = false

    private static let actors = [
        ("bob", "person", "approver"), ("agent", "agent", "deployer"), ("runner", "service", "runner"),
        ("carol", "person", "approver"),
    ]

    /// - Parameter node: the node of the target `prod/node`.
    init(_ cluster: RealCluster, node: String = "none") throws {
        self.cluster = cluster
        directory = try TemporaryDirectory()
        program = try Self.installedProgram()
        try directory.write(
            ".gitconfig", "[user]\n\tname = tests\n\temail = tests@example.com\n[init]\n\tdefaultBranch = main\n")
        for name in ["alice"] + Self.actors.map(\.0) { try SSHKeys.makeKey(name: "\(name).key", in: directory) }
        try run(["git", "init", "-q", "--bare", directory.file("remote.git")])
        try agentsafe(
            "alice",
            [
                "init", clone, "--admin", "alice", "--key", key("alice"), "--remote", directory.file("remote.git"),
                "--push", "--no-limits",
            ])
        isMade = true
        for (name, kind, role) in Self.actors {
            try agentsafe(
                "alice",
                ["identity", "add", name, "--kind", kind, "--role", role, "--key-file", "\(key(name)).pub", "--push"])
        }
        try Files.writeAtomically("\(clone)/inventory.yaml", Array(try inventory(node).utf8))
        try agentsafe("alice", ["trust", "commit", "-m", "Our own cluster", "--push"])
    }

    private func inventory(_ node: String) throws -> String {
        let uid = try cluster.get("/api/v1/namespaces/kube-system").at("metadata", "uid")?.stringValue ?? ""
        func entry(_ id: String, _ type: String, _ rest: String) -> String {
            """
              - id: \(id)
                type: \(type)
                environment: \(id.split(separator: "/").first ?? "")
                sensitivity: internal
                owner: tests
                labels:
                  exec-commands: "echo *, ls *"
                locator:
                  cluster_uid: "\(uid)"
            \(rest)

            """
        }
        let namespace = "      namespace: \(cluster.namespace)\n"
        return "targets:\n"
            + entry("staging/web", "k8s-deployment", namespace + "      deployment: web")
            + entry("prod/other", "k8s-deployment", namespace + "      deployment: other")
            + entry("staging/pod", "k8s-pod", namespace + "      pod: web")
            + entry("staging/node", "k8s-node", "      node: \(node)")
    }

    /// The program that was built beside these tests.
    private static func installedProgram() throws -> String {
        var folder = Files.parent(of: CommandLine.arguments[0])
        while folder != "/" && folder != "." {
            if Files.kind("\(folder)/agentsafe", followingLinks: true) == .file { return "\(folder)/agentsafe" }
            folder = Files.parent(of: folder)
        }
        throw SSHKeys.ProgramFailure(description: "no `agentsafe` beside the tests")
    }

    var clone: String { directory.file("governance") }
    private func key(_ actor: String) -> String { directory.file("\(actor).key") }

    @discardableResult
    func run(_ arguments: [String], expecting status: Int32 = 0, as actor: String = "alice") throws -> ProgramResult {
        let environment = [
            "PATH": "\(try RealCluster.path("bin")):\(Host.real().environment["PATH"] ?? "/usr/bin:/bin")",
            "HOME": directory.path, "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "AGENTSAFE_KEY": key(actor),
            "AGENTSAFE_STATE_HOME": directory.file("state"),
        ]
        let words =
            ["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", isMade ? clone : directory.path] + arguments
        let result = try Program.run(words, environment: environment, timeout: 300)
        guard result.status == status else {
            throw SSHKeys.ProgramFailure(
                description: "\(arguments) ended with \(result.status): \(result.outputText)\(result.errorText)")
        }
        return result
    }

    @discardableResult
    func agentsafe(_ actor: String, _ arguments: [String], expecting status: Int32 = 0) throws -> ProgramResult {
        try run([program] + arguments, expecting: status, as: actor)
    }

    /// Adds lines to `agentsafe.yaml`, as an admin.
    func configure(_ lines: String) throws {
        let path = "\(clone)/agentsafe.yaml"
        try Files.writeAtomically(path, try Files.read(path) + Array(lines.utf8))
        try agentsafe("alice", ["trust", "commit", "-m", "Settings", "--push"])
    }

    /// Of whoever has the token of `useToken`.
    var tokenKubeconfig: String { directory.file("token.kubeconfig") }

    func useToken(_ token: String) throws {
        let admin = String(decoding: try Files.read(try RealCluster.path("admin.kubeconfig")), as: UTF8.self)
        let head = admin.split(separator: "users:").first ?? ""
        try directory.write(
            "token.kubeconfig",
            head
                + """
                users:
                - name: token
                  user: {token: "\(token)"}
                contexts:
                - name: tests
                  context: {cluster: tests, user: token}
                current-context: tests

                """, mode: 0o600)
    }

    func propose(_ action: String, on target: String, _ parameters: [String]) throws -> String {
        let words = parameters.flatMap { ["--param", $0] }
        let report = try agentsafe(
            "agent",
            ["propose", action, "--target", target, "--reason", "Tests", "--push", "--output", "json"] + words)
        return try #require(try JSONValue(parsing: report.outputText)["id"]?.stringValue)
    }

    /// Lands a change as a maintainer does.
    func land(_ id: String) throws {
        try run(["git", "fetch", "-q"])
        try run(["git", "checkout", "-q", "-B", "main", "origin/main"])
        try run(["git", "merge", "-q", "--ff", "-m", "Land it", "origin/change/\(id)"])
        try run(["git", "push", "-q", "origin", "main"])
    }

    /// - Parameter user: whose kubeconfig the runner has.
    @discardableResult
    func execute(
        _ id: String, as user: String = "admin", through way: [String] = [], expecting status: Int32 = 0
    ) throws -> ProgramResult {
        try agentsafe(
            "runner", ["run", id, "--kubeconfig", try RealCluster.path("\(user).kubeconfig")] + way, expecting: status)
    }

    func state(of id: String) throws -> String? {
        try run(["git", "fetch", "-q", "--prune"])
        return try JSONValue(parsing: try agentsafe("bob", ["status", id, "--output", "json"]).outputText)["state"]?
            .stringValue
    }
}

/// What the API server itself says of the requests that it got.
enum AuditLog {
    /// Verbs and targets of one user's requests that came after the first `skipped` ones.
    static func requests(of user: String, after skipped: Int = 0) throws -> [String] {
        let text = String(decoding: try Files.read(try RealCluster.path("audit.log"), limit: 1 << 30), as: UTF8.self)
        // The user is looked for first: most lines are the controllers'.
        let lines = text.split(separator: "\n").filter { $0.contains("\"username\":\"\(user)\"") }
        return try lines.map { line in
            let event = try JSONValue(parsing: String(line))
            return "\(event["verb"]?.stringValue ?? "") \(event["requestURI"]?.stringValue ?? "")"
        }
        .dropFirst(skipped).map { $0 }
    }
}
