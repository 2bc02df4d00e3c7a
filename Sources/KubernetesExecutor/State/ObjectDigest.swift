internal import ChangeModel
internal import Runner

/// The keyed hash that says whether an object is still the one that was looked at. Keyed, for objects hold secrets, and short
/// ones could be guessed from a plain hash.
///
/// It covers what people and programs *intend*: kind, name, namespace, `uid`, labels and annotations, and everything
/// beside `metadata` and `status` (`spec`, `data`, `binaryData`, `immutable`). It leaves out what controllers write all the
/// time without anyone wanting anything: `status`, `managedFields`, `resourceVersion`, `generation`, `creationTimestamp`,
/// annotations below `deployment.kubernetes.io/` (the revision), and of nodes all annotations (network plugins and kubelets
/// keep theirs there) and the taints that mirror their conditions.
enum ObjectDigest {
    static func of(
        _ object: JSONValue, at address: ResourceAddress, key: EvidenceKey
    ) throws(ExecutionError) -> String {
        var content = object.objectValue ?? [:]
        let metadata = content.removeValue(forKey: "metadata") ?? [:]
        content.removeValue(forKey: "status")
        content.removeValue(forKey: "apiVersion")
        content.removeValue(forKey: "kind")
        var annotations = metadata["annotations"]?.objectValue ?? [:]
        if address.segments.contains("nodes") {
            annotations = [:]
            content["spec"] = content["spec"].map(withoutConditionTaints)
        }
        annotations = annotations.filter { !$0.key.hasPrefix("deployment.kubernetes.io/") }
        let identity: JSONValue = .compact([
            "path": .strings(address.segments), "uid": metadata["uid"], "labels": metadata["labels"],
            "annotations": annotations.isEmpty ? nil : .object(annotations),
        ])
        let whole: JSONValue = ["identity": identity, "content": .object(content)]
        return try key.code(of: whole.canonicalBytes)
    }

    private static func withoutConditionTaints(_ spec: JSONValue) -> JSONValue {
        guard let taints = spec["taints"]?.arrayValue else { return spec }
        let kept = taints.filter { $0["key"]?.stringValue?.hasPrefix("node.kubernetes.io/") != true }
        var spec = spec
        spec["taints"] = kept.isEmpty ? nil : .array(kept)
        return spec
    }
}
