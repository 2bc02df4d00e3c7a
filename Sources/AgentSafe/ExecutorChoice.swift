public import ChangeModel
internal import EmbeddedCluster
internal import HTTP
internal import Kubectl
public import KubernetesAccess
internal import KubernetesExecutor
public import OperatingSystem
public import Runner

/// Which executor carries out actions on which target.
public final class ExecutorChoice {
    private let host: Host
    private let way: ClusterWay
    private let notify: (String) -> Void
    private let evidenceKey: () throws(AgentSafeError) -> EvidenceKey
    private let fixed: (any Executor)?
    /// The executor that the caller asks for; nil: whatever main allows.
    let wanted: String?
    private var embedded: (any Executor)?
    /// By the context's name; "" is the current one.
    private var real: [String: (connection: ClusterConnection?, executor: any Executor)] = [:]

    /// - Parameters:
    ///   - wanted: an executor's name; narrows what main allows.
    ///   - evidenceKey: asked for when the first executor is made.
    ///   - notify: gets words for people about the way to a cluster.
    public init(
        way: ClusterWay, wanted: String? = nil, host: Host, notify: @escaping (String) -> Void = { _ in },
        evidenceKey: @escaping () throws(AgentSafeError) -> EvidenceKey
    ) {
        self.way = way
        self.wanted = wanted
        self.host = host
        self.notify = notify
        self.evidenceKey = evidenceKey
        fixed = nil
    }

    /// An executor of the caller's own, for every target that it can reach.
    public init(fixed executor: any Executor, host: Host) {
        wanted = nil
        self.host = host
        way = .kubeconfig(file: nil, context: nil, allowsInsecure: false)
        notify = { _ in }
        fixed = executor
        evidenceKey = { () throws(AgentSafeError) in EvidenceKey(host.random(EvidenceKey.size)) }
    }

    /// - Throws: `AgentSafeError` when nothing is configured that could reach the target.
    public func executor(for target: TargetEntry) throws(AgentSafeError) -> any Executor {
        if let fixed { return fixed }
        try requireCluster(target)
        guard case .embedded(let file) = way else { return try reach(target).executor }
        if let embedded { return embedded }
        let transport: EmbeddedCluster
        do {
            transport = try EmbeddedCluster.open(path: host.absolute(file), clock: host.now)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        let executor = KubernetesExecutor(
            transport: transport, name: "embedded", evidenceKey: try evidenceKey(), sleep: { _ in }, now: host.now)
        embedded = executor
        return executor
    }

    /// The way to the real cluster of a target: whoever fetches a credential for it sets it there. nil where there is no
    /// real cluster.
    public func connection(for target: TargetEntry) throws(AgentSafeError) -> ClusterConnection? {
        guard fixed == nil, case .kubeconfig = way else { return nil }
        try requireCluster(target)
        return try reach(target).connection
    }

    private func requireCluster(_ target: TargetEntry) throws(AgentSafeError) {
        guard target.type.hasPrefix("k8s-") else {
            throw AgentSafeError(.failed, "no executor of this version reaches targets of type `\(target.type)`")
        }
    }

    private func reach(
        _ target: TargetEntry
    ) throws(AgentSafeError) -> (connection: ClusterConnection?, executor: any Executor) {
        let (file, chosen): (String?, String?)
        switch way {
        case .kubeconfig(let named, let context, _), .kubectl(let named, let context): (file, chosen) = (named, context)
        case .embedded: throw AgentSafeError(.failed, "no real cluster is chosen")
        }
        let named = target.locator["context"]
        if let named, let chosen, named != chosen {
            throw AgentSafeError(
                .failed,
                "the inventory says that target `\(target.id)` is reached by context `\(named.prefix(60))`, and "
                    + "`\(chosen.prefix(60))` was chosen; leave `--context` out")
        }
        let context = named ?? chosen
        if let known = real[context ?? ""] { return known }
        let made =
            if case .kubeconfig(_, _, let allowsInsecure) = way {
                try connect(target, file: file, context: context, allowsInsecure: allowsInsecure)
            } else {
                try callKubectl(file: file, context: context)
            }
        real[context ?? ""] = made
        return made
    }

    private func connect(
        _ target: TargetEntry, file: String?, context: String?, allowsInsecure: Bool
    ) throws(AgentSafeError) -> (connection: ClusterConnection?, executor: any Executor) {
        let connection: ClusterConnection
        do throws(AccessError) {
            let (specification, warnings) = try ClusterSpecification.find(
                kubeconfig: file, context: context, host: host)
            connection = try ClusterConnection(specification, host: host, allowsInsecure: allowsInsecure)
            for warning in warnings + connection.warnings { notify("warning: \(warning)") }
        } catch {
            throw AgentSafeError(.failed, error.message)
        }
        if context == nil, target.locator["cluster_uid"] == nil {
            // The current context is a mood of whoever used kubectl last.
            notify(
                "target `\(target.id)` names neither `context` nor `cluster_uid`: taking "
                    + connection.specification.origin)
        }
        // The executor waits for a busy server (429) by itself.
        let transport = RetryingTransport(
            connection, policy: .underWaitingClient, sleep: host.sleep, random: host.random)
        let executor = KubernetesExecutor(
            transport: transport, evidenceKey: try evidenceKey(),
            streams: streams(file: file, context: context, connection), sleep: host.sleep, now: host.now)
        return (connection, executor)
    }

    /// Everything through kubectl, with whatever credentials it has.
    private func callKubectl(
        file: String?, context: String?
    ) throws(AgentSafeError) -> (connection: ClusterConnection?, executor: any Executor) {
        guard let program = KubectlProgram(kubeconfig: file, context: context, host: host) else {
            throw AgentSafeError(.failed, "no `kubectl` in the PATH; install it, or pass `--cluster kubeconfig`")
        }
        let transport = RetryingTransport(
            KubectlTransport(program: program, host: host), policy: .underWaitingClient, sleep: host.sleep,
            random: host.random)
        let executor = KubernetesExecutor(
            transport: transport, name: "kubectl", evidenceKey: try evidenceKey(),
            streams: streams(file: file, context: context, nil), sleep: host.sleep, now: host.now)
        return (nil, executor)
    }

    /// nil where there is no kubectl.
    private func streams(file: String?, context: String?, _ connection: ClusterConnection?) -> (any PodStreams)? {
        guard let program = KubectlProgram(kubeconfig: file, context: context, host: host) else { return nil }
        let host = host
        return KubectlStreams(program: { () throws(ExecutionError) in
            // Whoever was given a token comes as its owner here, too.
            guard let given = connection?.givenKubeconfig else { return program }
            do throws(SystemError) {
                return try KubectlProgram(path: program.path, holding: given, host: host) ?? program
            } catch {
                throw ExecutionError(
                    code: .unsupported, message: "kubectl cannot be given the credential: \(error); nothing was sent")
            }
        })
    }
}

/// How clusters are reached.
public enum ClusterWay: Sendable, Hashable {
    /// A cluster in a file.
    case embedded(file: String)
    /// As kubectl would.
    case kubeconfig(file: String?, context: String?, allowsInsecure: Bool)
    /// Through kubectl itself, as a program beside this one.
    case kubectl(file: String?, context: String?)
}

extension Workspace {
    public func executors() throws(AgentSafeError) -> ExecutorChoice {
        let wanted = try setting(
            settings.executor, variable: "AGENTSAFE_EXECUTOR", configuration: "agentsafe.executor")
        if let wanted, !ExecutorRule.names.contains(wanted) {
            throw AgentSafeError(
                .usage,
                "`--executor` takes \(ExecutorRule.names.map { "`\($0)`" }.joined(separator: ", ")), not `\(wanted.prefix(40))`"
            )
        }
        return ExecutorChoice(
            way: try clusterWay(), wanted: wanted, host: host, notify: notify,
            evidenceKey: { () throws(AgentSafeError) in try self.evidenceKey() })
    }

    /// - Throws: `AgentSafeError` for words that name no cluster. Whether a file is there shows when it is needed.
    func clusterWay() throws(AgentSafeError) -> ClusterWay {
        let prefix = "embedded:"
        let cluster = try setting(
            settings.cluster, variable: "AGENTSAFE_CLUSTER", configuration: "agentsafe.cluster")
        if let cluster, cluster.hasPrefix(prefix), cluster != prefix {
            guard settings.kubeconfig == nil, settings.context == nil else {
                throw AgentSafeError(
                    .usage,
                    "`--kubeconfig` and `--context` are for real clusters, and `\(cluster.prefix(60))` is in a file")
            }
            return .embedded(file: String(cluster.dropFirst(prefix.count)))
        }
        guard cluster == nil || cluster == "kubeconfig" || cluster == "kubectl" else {
            throw AgentSafeError(
                .usage,
                "`--cluster` takes `kubeconfig`, `kubectl` or `embedded:FILE`, not `\((cluster ?? "").prefix(60))`")
        }
        let file = try setting(
            settings.kubeconfig, variable: "AGENTSAFE_KUBECONFIG", configuration: "agentsafe.kubeconfig")
        let context = try setting(
            settings.context, variable: "AGENTSAFE_CONTEXT", configuration: "agentsafe.context")
        guard cluster != "kubectl" else { return .kubectl(file: file, context: context) }
        return .kubeconfig(file: file, context: context, allowsInsecure: settings.allowsInsecureCluster)
    }
}
