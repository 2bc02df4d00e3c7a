/// Where one object or collection of the API is.
struct ResourceAddress: Hashable, CustomStringConvertible {
    /// For messages: ``deployment `shop/web` ``.
    let description: String
    let segments: [String]

    private init(_ kind: String, _ name: String, _ segments: [String]) {
        description = name.isEmpty ? kind : "\(kind) `\(name.forMessage(limit: 320))`"
        self.segments = segments
    }

    static func namespace(_ name: String) -> ResourceAddress {
        ResourceAddress("namespace", name, ["api", "v1", "namespaces", name])
    }
    static func node(_ name: String) -> ResourceAddress {
        ResourceAddress("node", name, ["api", "v1", "nodes", name])
    }
    static func configMap(_ name: NamespacedName) -> ResourceAddress {
        ResourceAddress("config map", name.text, core(name.namespace, "configmaps") + [name.name])
    }
    static func deployment(_ name: NamespacedName) -> ResourceAddress {
        ResourceAddress("deployment", name.text, apps(name.namespace, "deployments") + [name.name])
    }
    /// The `scale` subresource of a deployment.
    static func scale(_ name: NamespacedName) -> ResourceAddress {
        ResourceAddress("scale of deployment", name.text, apps(name.namespace, "deployments") + [name.name, "scale"])
    }

    static let nodes = ResourceAddress("nodes", "", ["api", "v1", "nodes"])
    static func pods(in namespace: String) -> ResourceAddress {
        ResourceAddress("pods of namespace", namespace, core(namespace, "pods"))
    }
    static func replicaSets(in namespace: String) -> ResourceAddress {
        ResourceAddress("replica sets of namespace", namespace, apps(namespace, "replicasets"))
    }
    static func autoscalers(in namespace: String) -> ResourceAddress {
        ResourceAddress(
            "horizontal pod autoscalers of namespace", namespace,
            ["apis", "autoscaling", "v2", "namespaces", namespace, "horizontalpodautoscalers"])
    }

    private static func core(_ namespace: String, _ plural: String) -> [String] {
        ["api", "v1", "namespaces", namespace, plural]
    }
    private static func apps(_ namespace: String, _ plural: String) -> [String] {
        ["apis", "apps", "v1", "namespaces", namespace, plural]
    }
}

struct NamespacedName: Hashable {
    let namespace: String
    let name: String

    var text: String { "\(namespace)/\(name)" }
}
