public import ChangeModel
internal import EmbeddedCluster
internal import KubernetesExecutor
public import OperatingSystem
public import Runner

/// Which executor carries out actions on which target.
public final class ExecutorChoice {
    private let host: Host
    private let cluster: String?
    private let evidenceKey: () throws(AgentSafeError) -> EvidenceKey
    private let fixed: (any Executor)?
    private var embedded: (any Executor)?
    private static let embeddedPrefix = "embedded:"

    /// - Parameters:
    ///   - cluster: `embedded:FILE`; nil when none was chosen.
    ///   - evidenceKey: asked for when the first executor is made.
    /// - Throws: `AgentSafeError` for words that name no cluster. Whether the file is there shows when it is needed.
    public init(
        cluster: String?, host: Host, evidenceKey: @escaping () throws(AgentSafeError) -> EvidenceKey
    ) throws(AgentSafeError) {
        if let cluster, !cluster.hasPrefix(Self.embeddedPrefix) || cluster == Self.embeddedPrefix {
            throw AgentSafeError(.usage, "`--cluster` takes `embedded:FILE`, not `\(cluster.prefix(60))`")
        }
        self.cluster = cluster
        self.host = host
        self.evidenceKey = evidenceKey
        fixed = nil
    }

    /// An executor of the caller's own, for every target that it can reach.
    public init(fixed executor: any Executor, host: Host) {
        self.host = host
        cluster = nil
        fixed = executor
        evidenceKey = { () throws(AgentSafeError) in EvidenceKey(host.random(EvidenceKey.size)) }
    }

    /// - Throws: `AgentSafeError` when nothing is configured that could reach the target.
    public func executor(for target: TargetEntry) throws(AgentSafeError) -> any Executor {
        if let fixed { return fixed }
        guard target.type.hasPrefix("k8s-") else {
            throw AgentSafeError(.failed, "no executor of this version reaches targets of type `\(target.type)`")
        }
        if let embedded { return embedded }
        guard let cluster else {
            throw AgentSafeError(
                .failed,
                "no cluster is chosen; pass `--cluster embedded:FILE`, where FILE holds what `kubectl get -o json` prints"
            )
        }
        let path = host.absolute(String(cluster.dropFirst(Self.embeddedPrefix.count)))
        let transport: EmbeddedCluster
        do {
            transport = try EmbeddedCluster.open(path: path, clock: host.now)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        let executor = KubernetesExecutor(
            transport: transport, name: "embedded", evidenceKey: try evidenceKey(), sleep: { _ in }, now: host.now)
        embedded = executor
        return executor
    }
}

extension Workspace {
    public func executors() throws(AgentSafeError) -> ExecutorChoice {
        try ExecutorChoice(
            cluster: try setting(settings.cluster, variable: "AGENTSAFE_CLUSTER", configuration: "agentsafe.cluster"),
            host: host, evidenceKey: { () throws(AgentSafeError) in try self.evidenceKey() })
    }
}
