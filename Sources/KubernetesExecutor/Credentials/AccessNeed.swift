internal import ChangeModel
public import Runner

/// One thing that a credential must be able to do, as an action's `required_privileges` name it: `patch deployments/scale`.
public struct AccessNeed: Hashable, Sendable, CustomStringConvertible {
    public let verb: String
    public let group: String
    public let resource: String
    public let subresource: String
    /// Empty: cluster-wide.
    public let namespace: String
    /// One object alone; empty: any.
    public let name: String

    /// The groups of what the catalogue's actions touch; what is not here is said as `resource.group`.
    private static let groups = [
        "bindings": "", "configmaps": "", "endpoints": "", "events": "", "namespaces": "", "nodes": "",
        "persistentvolumeclaims": "", "persistentvolumes": "", "pods": "", "secrets": "", "serviceaccounts": "",
        "services": "", "daemonsets": "apps", "deployments": "apps", "replicasets": "apps", "statefulsets": "apps",
        "horizontalpodautoscalers": "autoscaling", "jobs": "batch", "cronjobs": "batch",
        "networkpolicies": "networking.k8s.io", "ingresses": "networking.k8s.io",
        "poddisruptionbudgets": "policy",
    ]
    private static let clusterWide: Set<String> = ["nodes", "persistentvolumes"]

    /// - Returns: nil for what is no privilege of Kubernetes, or names a resource whose group nobody knows.
    public init?(_ privilege: String, namespace: String?) {
        let words = privilege.split(separator: " ")
        guard words.count == 2, words[0].utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
        else { return nil }
        let path = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(path.count), path.allSatisfy({ !$0.isEmpty }) else { return nil }
        let resource = path[0].split(separator: ".", maxSplits: 1).map(String.init)
        guard let group = resource.count == 2 ? resource[1] : Self.groups[resource[0]] else { return nil }
        self.init(
            verb: String(words[0]), group: group, resource: resource[0],
            subresource: path.count == 2 ? String(path[1]) : "",
            namespace: Self.clusterWide.contains(resource[0]) ? "" : namespace ?? "")
    }

    private init(
        verb: String, group: String, resource: String, subresource: String = "", namespace: String, name: String = ""
    ) {
        self.verb = verb
        self.group = group
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
    }

    /// Without this nobody can be asked which cluster it is.
    public static let identity = AccessNeed(
        verb: "get", group: "", resource: "namespaces", namespace: "kube-system", name: "kube-system")

    /// What the step's action says it needs, and to ask the cluster who it is.
    public static func of(_ step: ExecutionStep) -> [AccessNeed] {
        let namespace = step.parameters["namespace"]?.stringValue
        return [identity] + step.action.requiredPrivileges.compactMap { AccessNeed($0, namespace: namespace) }
    }

    /// As RBAC's rules write it: `deployments/scale`.
    var path: String { subresource.isEmpty ? resource : "\(resource)/\(subresource)" }

    public var description: String {
        "\(verb) \(path)" + (name.isEmpty ? "" : " `\(name)`") + (namespace.isEmpty ? "" : " in `\(namespace)`")
    }

    var json: JSONValue {
        .compact([
            "verb": .string(verb), "group": .string(group), "resource": .string(resource),
            "subresource": subresource.isEmpty ? nil : .string(subresource),
            "namespace": namespace.isEmpty ? nil : .string(namespace), "name": name.isEmpty ? nil : .string(name),
        ])
    }
}
