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
    static func deployments(in namespace: String) -> ResourceAddress {
        ResourceAddress("deployments of namespace", namespace, apps(namespace, "deployments"))
    }
    /// The `scale` subresource of a deployment.
    static func scale(_ name: NamespacedName) -> ResourceAddress {
        ResourceAddress("scale of deployment", name.text, apps(name.namespace, "deployments") + [name.name, "scale"])
    }

    static func pod(_ name: NamespacedName) -> ResourceAddress {
        ResourceAddress("pod", name.text, core(name.namespace, "pods") + [name.name])
    }
    /// The `eviction` subresource of a pod.
    static func eviction(_ name: NamespacedName) -> ResourceAddress {
        ResourceAddress("pod", name.text, core(name.namespace, "pods") + [name.name, "eviction"])
    }
    /// The `log` subresource of a pod.
    static func log(_ name: NamespacedName) -> ResourceAddress {
        ResourceAddress("the log of pod", name.text, core(name.namespace, "pods") + [name.name, "log"])
    }
    static func secret(_ name: NamespacedName) -> ResourceAddress {
        ResourceAddress("secret", name.text, core(name.namespace, "secrets") + [name.name])
    }
    static func networkPolicy(_ name: NamespacedName) -> ResourceAddress {
        ResourceAddress(
            "network policy", name.text,
            ["apis", "networking.k8s.io", "v1", "namespaces", name.namespace, "networkpolicies", name.name])
    }
    /// - Parameter version: of `autoscaling`.
    static func autoscaler(_ name: NamespacedName, version: String) -> ResourceAddress {
        ResourceAddress(
            "horizontal pod autoscaler", name.text,
            ["apis", "autoscaling", version, "namespaces", name.namespace, "horizontalpodautoscalers", name.name])
    }
    /// - Parameter version: of `policy`.
    static func disruptionBudgets(version: String) -> ResourceAddress {
        ResourceAddress("pod disruption budgets", "", ["apis", "policy", version, "poddisruptionbudgets"])
    }
    /// One collection of a namespace, of any kind that the server names.
    static func collection(_ type: ServedResource, in namespace: String) -> ResourceAddress {
        let root = type.group.isEmpty ? ["api", type.version] : ["apis", type.group, type.version]
        return ResourceAddress(
            "\(type.plural.forMessage()) of namespace", namespace, root + ["namespaces", namespace, type.plural])
    }

    /// No object of the API: the name under which a node's pods are remembered.
    static func podsOnNode(_ name: String) -> ResourceAddress { ResourceAddress("pods of node", name, ["", "", name]) }
    /// No object of the API: the name under which a namespace's inventory is remembered.
    static func namespaceContent(_ name: String) -> ResourceAddress {
        ResourceAddress("content of namespace", name, ["", name])
    }

    /// Where a client asks what it may do itself.
    static let accessReviews = ResourceAddress(
        "a review of these credentials", "", ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"])
    static let namespaces = ResourceAddress("namespaces", "", ["api", "v1", "namespaces"])
    static let pods = ResourceAddress("pods", "", ["api", "v1", "pods"])
    static let daemonSets = ResourceAddress("daemon sets", "", ["apis", "apps", "v1", "daemonsets"])
    /// The groups that the server has, with their versions.
    static let groups = ResourceAddress("the API's groups", "", ["apis"])
    /// The kinds of one version of a group; an empty group is the core.
    static func resources(group: String, version: String) -> ResourceAddress {
        ResourceAddress(
            "the API's kinds of", group.isEmpty ? version : "\(group)/\(version)",
            group.isEmpty ? ["api", version] : ["apis", group, version])
    }

    static let nodes = ResourceAddress("nodes", "", ["api", "v1", "nodes"])
    static func pods(in namespace: String) -> ResourceAddress {
        ResourceAddress("pods of namespace", namespace, core(namespace, "pods"))
    }
    static func replicaSets(in namespace: String) -> ResourceAddress {
        ResourceAddress("replica sets of namespace", namespace, apps(namespace, "replicasets"))
    }
    /// Of the version that every server has had since 1.2: enough to see what is scaled, and nothing has to be asked first.
    static func autoscalers(in namespace: String) -> ResourceAddress {
        ResourceAddress(
            "horizontal pod autoscalers of namespace", namespace,
            ["apis", "autoscaling", "v1", "namespaces", namespace, "horizontalpodautoscalers"])
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
