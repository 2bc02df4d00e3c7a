internal import ChangeModel

/// The digest that says whether an object is still the one that was looked at.
///
/// It covers what people and programs *intend*: kind, name, namespace, `uid`, labels and annotations, and everything
/// beside `metadata` and `status` (`spec`, `data`, `binaryData`, `immutable`). It leaves out what controllers write all the
/// time without anyone wanting anything: `status`, `managedFields`, `resourceVersion`, `generation`, `creationTimestamp`,
/// annotations below `deployment.kubernetes.io/` (the revision), and all annotations of nodes (network plugins and
/// kubelets keep theirs there).
enum ObjectDigest {
    static func of(_ object: JSONValue, at address: ResourceAddress) -> Digest {
        var content = object.objectValue ?? [:]
        let metadata = content.removeValue(forKey: "metadata") ?? [:]
        content.removeValue(forKey: "status")
        content.removeValue(forKey: "apiVersion")
        content.removeValue(forKey: "kind")
        var annotations = metadata["annotations"]?.objectValue ?? [:]
        if address.segments.contains("nodes") { annotations = [:] }
        annotations = annotations.filter { !$0.key.hasPrefix("deployment.kubernetes.io/") }
        let identity: JSONValue = .compact([
            "path": .strings(address.segments), "uid": metadata["uid"], "labels": metadata["labels"],
            "annotations": annotations.isEmpty ? nil : .object(annotations),
        ])
        let whole: JSONValue = ["identity": identity, "content": .object(content)]
        return Digest(of: whole.canonicalBytes)
    }
}
