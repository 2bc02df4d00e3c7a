internal import ChangeModel

/// A Pod as far as this executor reads it.
struct PodView {
    let object: JSONValue

    /// Whether a volume or the environment of a container takes from the config map.
    func uses(configMap name: String) -> Bool {
        func isNamed(_ reference: JSONValue?) -> Bool { reference?["name"]?.stringValue == name }
        for volume in object.at("spec", "volumes")?.arrayValue ?? [] {
            if isNamed(volume["configMap"]) { return true }
            let sources = volume.at("projected", "sources")?.arrayValue ?? []
            if sources.contains(where: { isNamed($0["configMap"]) }) { return true }
        }
        let containers = ["containers", "initContainers"].flatMap { object.at("spec", $0)?.arrayValue ?? [] }
        return containers.contains { container in
            (container["envFrom"]?.arrayValue ?? []).contains { isNamed($0["configMapRef"]) }
                || (container["env"]?.arrayValue ?? []).contains { isNamed($0.at("valueFrom", "configMapKeyRef")) }
        }
    }

    /// Why containers wait, e.g. `ImagePullBackOff`; words only.
    var waitingReasons: [String] {
        (object.at("status", "containerStatuses")?.arrayValue ?? [])
            .compactMap { $0.at("state", "waiting", "reason")?.stringValue }
            .filter { $0.utf8.allSatisfy { byte in (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) } }
    }

    var phase: String? { object.at("status", "phase")?.stringValue }
    var isFinished: Bool { phase == "Succeeded" || phase == "Failed" }
    var isBeingDeleted: Bool { object.at("metadata", "deletionTimestamp")?.stringValue != nil }
    var node: String? { object.at("spec", "nodeName")?.stringValue }

    /// The kubelet's own record of a Pod from a file on its node; deleting it deletes nothing.
    var isMirror: Bool { object.at("metadata", "annotations", "kubernetes.io/config.mirror") != nil }

    /// The one owner that replaces the Pod: kind and name.
    var controller: (kind: String, name: String)? {
        (object.at("metadata", "ownerReferences")?.arrayValue ?? [])
            .first { $0["controller"]?.boolValue == true }
            .map { ($0["kind"]?.stringValue ?? "", $0["name"]?.stringValue ?? "") }
    }

    /// Whether a volume lives and dies with the Pod on its node.
    var hasLocalData: Bool {
        (object.at("spec", "volumes")?.arrayValue ?? []).contains { $0["emptyDir"]?.objectValue != nil }
    }

    /// nil for what the API would not call a Pod.
    var fullName: NamespacedName? {
        guard let namespace = object.at("metadata", "namespace")?.stringValue, ResourceName.isLabel(namespace),
            let name = object.name, ResourceName.isSubdomain(name)
        else { return nil }
        return NamespacedName(namespace: namespace, name: name)
    }
}

extension PodView {
    var containerNames: [String] {
        ["containers", "initContainers", "ephemeralContainers"]
            .flatMap { object.at("spec", $0)?.arrayValue ?? [] }
            .compactMap { $0["name"]?.stringValue }
    }
}
