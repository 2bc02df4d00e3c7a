/// A resource that the cluster serves. The raw value is its plural, as in paths.
enum ResourceType: String, CaseIterable, Sendable {
    case namespaces, nodes, pods, configmaps, secrets, services, persistentvolumeclaims, deployments, replicasets,
        daemonsets, horizontalpodautoscalers, poddisruptionbudgets, networkpolicies

    var group: String {
        switch self {
        case .deployments, .replicasets, .daemonsets: "apps"
        case .poddisruptionbudgets: "policy"
        case .networkpolicies: "networking.k8s.io"
        case .horizontalpodautoscalers: "autoscaling"
        default: ""
        }
    }

    var version: String { self == .horizontalpodautoscalers ? "v2" : "v1" }
    var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    var kind: String {
        switch self {
        case .namespaces: "Namespace"
        case .nodes: "Node"
        case .pods: "Pod"
        case .configmaps: "ConfigMap"
        case .secrets: "Secret"
        case .services: "Service"
        case .persistentvolumeclaims: "PersistentVolumeClaim"
        case .daemonsets: "DaemonSet"
        case .poddisruptionbudgets: "PodDisruptionBudget"
        case .networkpolicies: "NetworkPolicy"
        case .deployments: "Deployment"
        case .replicasets: "ReplicaSet"
        case .horizontalpodautoscalers: "HorizontalPodAutoscaler"
        }
    }

    var isNamespaced: Bool { self != .namespaces && self != .nodes }

    /// Whether `metadata.generation` counts the changes of its spec.
    var hasGeneration: Bool {
        switch self {
        case .deployments, .replicasets, .daemonsets, .poddisruptionbudgets, .networkpolicies: true
        default: false
        }
    }

    /// `deployments.apps`, as in `… not found`.
    var qualifiedPlural: String { group.isEmpty ? rawValue : "\(rawValue).\(group)" }
    /// `Deployment.apps`, as in `… is invalid`.
    var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }

    init?(kind: String) {
        guard let type = Self.allCases.first(where: { $0.kind == kind }) else { return nil }
        self = type
    }
}

/// What names an object. Ordered as lists are: by namespace, then by name.
struct ObjectKey: Hashable, Comparable, Sendable {
    let type: ResourceType
    /// Empty for what has none.
    let namespace: String
    let name: String

    static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        if left.type != right.type { return left.type.rawValue < right.type.rawValue }
        if left.namespace != right.namespace {
            return left.namespace.utf8.lexicographicallyPrecedes(right.namespace.utf8)
        }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}
