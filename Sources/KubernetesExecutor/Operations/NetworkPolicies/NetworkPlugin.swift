internal import Runner

/// What can be known of the network plugin: the API server does not know it, so this looks for daemon sets by the names that
/// plugins give them.
enum NetworkPlugin {
    private static let enforcing = [
        "calico-node", "cilium", "weave-net", "antrea-agent", "kube-router", "canal", "ovnkube-node", "azure-npm",
        "anetd",
        "kindnet",
    ]
    private static let ignoring = ["kube-flannel", "flannel"]

    static func finding(in session: ClusterSession) throws(ExecutionError) -> Finding {
        let names: [String]
        do throws(ExecutionError) {
            names = try session.client.list(.daemonSets).compactMap(\.name)
        } catch  where error.code == .refused {
            return .passed("not known: these credentials may not look at daemon sets; the API server cannot tell")
        }
        func first(of known: [String]) -> String? { names.first { name in known.contains { name.hasPrefix($0) } } }
        if let plugin = first(of: enforcing) {
            return .passed("`\(plugin.forMessage())` is running, which enforces network policies")
        }
        if let plugin = first(of: ignoring) {
            return .failed("`\(plugin.forMessage())` is running, which ignores network policies")
        }
        return .passed("not known: no network plugin that is known here is running; the API server cannot tell")
    }
}
