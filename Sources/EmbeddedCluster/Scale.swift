internal import ChangeModel

/// The `scale` subresource (autoscaling/v1 Scale) of a Deployment: a view of it, under the same version.
enum Scale {
    static func of(_ deployment: JSONValue) -> JSONValue {
        var metadata: [String: JSONValue] = [:]
        for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            metadata[name] = deployment.at("metadata", name)
        }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": .object(metadata),
            "spec": ["replicas": deployment.at("spec", "replicas") ?? 0],
            "status": [
                "replicas": deployment.at("status", "replicas") ?? 0, "selector": .string(selector(of: deployment)),
            ],
        ]
    }

    /// The Deployment with the replicas of an edited Scale.
    static func apply(_ scale: JSONValue, to deployment: JSONValue) throws(StatusFailure) -> JSONValue {
        let replicas = scale.at("spec", "replicas")?.integerValue ?? 0
        guard replicas >= 0 else {
            throw .invalid(
                qualifiedKind: "Scale.autoscaling", group: "autoscaling", kind: "Scale",
                name: deployment.at("metadata", "name")?.stringValue ?? "",
                [.invalid("spec.replicas", .integer(replicas), "must be greater than or equal to 0")])
        }
        var (result, spec) = (deployment, deployment["spec"] ?? [:])
        spec["replicas"] = .integer(replicas)
        result["spec"] = spec
        result.setMetadata("resourceVersion", scale.at("metadata", "resourceVersion"))
        return result
    }

    private static func selector(of deployment: JSONValue) -> String {
        let labels = deployment.at("spec", "selector", "matchLabels")?.objectValue ?? [:]
        return labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.stringValue ?? "")" }
            .joined(separator: ",")
    }
}
