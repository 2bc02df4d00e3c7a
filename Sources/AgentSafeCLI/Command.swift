internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import OperatingSystem

/// One command: how it is called, and what it does. A file each.
protocol Command {
    static var spec: CommandSpec { get }
    /// - Returns: the exit code.
    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32
}

/// What a command works with.
struct CommandContext {
    let host: Host
    let terminal: Terminal
    let arguments: ParsedCommand
    /// Path of the running program.
    let program: String

    var now: Timestamp { Timestamp(seconds: host.now()) }
    var wantsJSON: Bool { arguments.value("output") == "json" }

    var settings: Settings {
        Settings(
            key: arguments.value("key"), remote: arguments.value("remote"), genesis: arguments.value("genesis"),
            cluster: arguments.value("cluster"), kubeconfig: arguments.value("kubeconfig"),
            context: arguments.value("context"), allowsInsecureCluster: arguments.has("insecure-cluster"),
            executor: arguments.value("executor"), trustsRemote: arguments.has("trust-remote"))
    }

    func workspace() throws(AgentSafeError) -> Workspace {
        let terminal = terminal
        return try Workspace(host: host, settings: settings, notify: { terminal.say(visible($0)) })
    }

    func changeID() throws(AgentSafeError) -> ChangeID { try AgentSafeCLI.changeID(arguments.positionals.first ?? "") }

    /// Prints a result: JSON for programs, lines for people.
    func report(_ json: JSONValue, _ lines: @autoclosure () -> [String]) {
        if wantsJSON {
            terminal.write(printable(json.prettyText))
        } else {
            for line in lines() { terminal.write(line) }
        }
    }
}

/// A change's identifier, as somebody typed it.
func changeID(_ text: String) throws(AgentSafeError) -> ChangeID {
    guard let id = ChangeID(text) else {
        throw AgentSafeError(
            .usage,
            "`\(visible(String(text.prefix(60))))` is no change; an identifier looks like `chg-20261122-7f3k9q2m4x`")
    }
    return id
}

extension OptionSpec {
    static let output = OptionSpec(
        "output", short: "o", value: "FORMAT", allowed: ["text", "json"],
        help: "for people (default), or stable for programs")
    static let key = OptionSpec(
        "key", short: "k", value: "KEY",
        help:
            "signing key: a private or public key file, or `key::ssh-ed25519 …` (default: AGENTSAFE_KEY, user.signingkey)"
    )
    static let remote = OptionSpec("remote", value: "NAME", help: "the remote (default: origin)")
    static let push = OptionSpec("push", help: "push the result")
    static let trustRemote = OptionSpec(
        "trust-remote",
        help:
            "without high-water marks, trust the remote's newest state instead of verifying all; claims record it")
    static let cluster = OptionSpec(
        "cluster", value: "WHERE",
        help:
            "`kubeconfig` (default), the cluster that kubectl would speak with, `kubectl`, the same through kubectl itself, or "
            + "`embedded:FILE`, a cluster in a file that holds what `kubectl get -o json` prints")
    static let kubeconfig = OptionSpec(
        "kubeconfig", value: "FILE",
        help: "the kubeconfig that alone is read (default: KUBECONFIG, ~/.kube/config, then the pod's service account)")
    static let context = OptionSpec(
        "context", value: "NAME",
        help: "a context of the kubeconfig (default: the target's own `context`, then the current one)")
    static let insecureCluster = OptionSpec(
        "insecure-cluster",
        help: "let the kubeconfig use plain http, a certificate that nobody checks, or a password")

    /// How a cluster is reached.
    static let reaching: [OptionSpec] = [.cluster, .kubeconfig, .context, .insecureCluster]
}

extension ExitCodeSpec {
    static let done = ExitCodeSpec(0, "done, or allowed")
    static let failed = ExitCodeSpec(1, "failed")
    static let usage = ExitCodeSpec(2, "wrong usage")
    static let approvalNeeded = ExitCodeSpec(10, "approval needed")
    static let denied = ExitCodeSpec(20, "denied")
    static let notAuthentic = ExitCodeSpec(30, "not authentic: a signature, the chain, or tampering")

    static let proposing: [ExitCodeSpec] = [
        ExitCodeSpec(0, "proposed: allowed, or waiting for approval"), .failed, .usage, .denied, .notAuthentic,
    ]
    static let common: [ExitCodeSpec] = [.done, .failed, .usage, .notAuthentic]
    static let judging: [ExitCodeSpec] = [.done, .failed, .usage, .approvalNeeded, .denied, .notAuthentic]

    /// The exit code of an outcome as JSON names it.
    static func code(of result: String) -> Int32 {
        switch result {
        case "deny": 20
        case "require_approval": 10
        default: 0
        }
    }

    /// The worst of several exit codes: not authentic, then failed, denied, approval needed, done.
    static func worst(_ codes: [Int32]) -> Int32 {
        let order: [Int32] = [0, 10, 20, 2, 1, 30]
        return codes.max { (order.firstIndex(of: $0) ?? 4) < (order.firstIndex(of: $1) ?? 4) } ?? 0
    }
}
