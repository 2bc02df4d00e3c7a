internal import ChangeModel

/// Reads what `kubectl get -o json` prints into a state, and fills in what a file by hand leaves out.
struct ClusterFile {
    private var state = ClusterState()
    private let now: String
    /// What identifies the cluster when the file does not have `kube-system`.
    private var names: [String] = []

    static let maximumSize = 16 << 20
    static let maximumObjects = 20_000
    /// Levels of one object; the file may nest a little deeper, so that whatever was written can be read again.
    static let maximumDepth = 66
    static let fileDepth = 72

    static func state(of value: JSONValue, now: String) throws(EmbeddedClusterError) -> ClusterState {
        var file = ClusterFile(now: now)
        return try file.read(value)
    }

    private init(now: String) {
        self.now = now
    }

    private mutating func read(_ value: JSONValue) throws(EmbeddedClusterError) -> ClusterState {
        guard let kind = value["kind"]?.stringValue else {
            throw EmbeddedClusterError(
                code: .malformed,
                message: "no Kubernetes object: `kind` is missing; save what `kubectl get -o json` prints")
        }
        if let items = value["items"]?.arrayValue {
            guard items.count <= Self.maximumObjects else {
                throw EmbeddedClusterError(code: .tooLarge, message: "more than \(Self.maximumObjects) objects")
            }
            for (index, item) in items.enumerated() {
                try add(item, place: "items[\(index)]", itemKind: kind == "List" ? nil : kind)
            }
        } else {
            guard kind != "List" else {
                throw EmbeddedClusterError(code: .malformed, message: "a List without `items`")
            }
            try add(value, place: "the object", itemKind: nil)
        }
        // In a List as kubectl prints it this is empty; in ours it is the newest version.
        state.raise(to: value.at("metadata", "resourceVersion")?.stringValue)
        completeObjects()
        addNamespaces()
        for key in state.keys(.deployments) { DeploymentController(key: key, now: now).settle(&state) }
        state.forgetChanges()
        return state
    }

    /// - Parameter itemKind: the kind of a typed list (`DeploymentList`), whose items do not repeat theirs.
    private mutating func add(
        _ item: JSONValue, place: String, itemKind: String?
    ) throws(EmbeddedClusterError) {
        var item = item
        guard item.objectValue != nil else { throw malformed(place, "is no object") }
        guard Self.isShallow(item, Self.maximumDepth) else {
            throw malformed(place, "is nested deeper than \(Self.maximumDepth) levels")
        }
        if let itemKind, itemKind.hasSuffix("List"), item["kind"] == nil {
            let kind = String(itemKind.dropLast(4))
            item["kind"] = .string(kind)
            item["apiVersion"] = ResourceType(kind: kind).map { .string($0.apiVersion) }
        }
        guard let kind = item["kind"]?.stringValue else { throw malformed(place, "has no `kind`") }
        guard let name = item.at("metadata", "name")?.stringValue, isName(name) else {
            throw malformed(place, "has no valid `metadata.name`")
        }
        guard let type = ResourceType(kind: kind) else {
            state.unserved.append(item)
            return
        }
        guard item["apiVersion"]?.stringValue == type.apiVersion else {
            throw EmbeddedClusterError(
                code: .unsupported,
                message:
                    "\(place): `\(kind)` `\(name)` is not of `\(type.apiVersion)`; export it as `\(type.apiVersion)`")
        }
        var namespace = ""
        if type.isNamespaced {
            namespace = item.at("metadata", "namespace")?.stringValue ?? "default"
            guard isName(namespace) else { throw malformed(place, "has no valid `metadata.namespace`") }
            item.setMetadata("namespace", .string(namespace))
        }
        let key = ObjectKey(type: type, namespace: namespace, name: name)
        guard state[key] == nil else { throw malformed(place, "is a second `\(kind)` named `\(name)`") }
        if type == .deployments {
            guard item.at("spec", "selector", "matchLabels")?.objectValue?.isEmpty == false else {
                throw malformed(place, "(deployment `\(name)`) has no `spec.selector.matchLabels`")
            }
            guard item.at("spec", "template", "spec", "containers")?.arrayValue?.isEmpty == false else {
                throw malformed(place, "(deployment `\(name)`) has no `spec.template.spec.containers`")
            }
            item = DeploymentDefaults.apply(to: item)
        }
        var check = SchemaCheck()
        _ = check.prune(item, TypeSchemas.schema(of: type))
        if check.typeFault != nil { throw malformed(place, "(`\(kind)` `\(name)`) has a field of a wrong type") }
        names.append(key.path + (item.at("metadata", "uid")?.stringValue ?? ""))
        state.load(key, item)
    }

    /// Fills in what the server gives every object.
    private mutating func completeObjects() {
        for key in state.objects.keys.sorted() {
            guard var object = state[key] else { continue }
            let metadata = object["metadata"] ?? [:]
            if metadata["uid"]?.stringValue?.isEmpty != false {
                object.setMetadata("uid", .string(ClusterState.uid(key.path)))
            }
            if metadata["creationTimestamp"] == nil { object.setMetadata("creationTimestamp", .string(now)) }
            if key.type.hasGeneration, metadata["generation"]?.boundedCounter == nil {
                object.setMetadata("generation", 1)
            }
            if metadata["resourceVersion"]?.stringValue?.isEmpty != false {
                state.put(key, object)
            } else if object != state[key] {
                state.load(key, object)
            }
        }
    }

    /// The namespaces that objects are in, and `kube-system`, whose uid says which cluster this is. Without it in the file the
    /// uid follows from the objects' names, so that editing their content does not make it another cluster.
    private mutating func addNamespaces() {
        let wanted = Set(state.objects.keys.map(\.namespace)).union(["default", "kube-system"]).subtracting([""])
        let seed = names.sorted().joined(separator: "\n")
        for name in wanted.sorted() {
            let key = ObjectKey(type: .namespaces, namespace: "", name: name)
            guard state[key] == nil else { continue }
            state.put(
                key,
                [
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": [
                        "name": .string(name), "uid": .string(ClusterState.uid("\(name)\n\(seed)")),
                        "creationTimestamp": .string(now), "labels": ["kubernetes.io/metadata.name": .string(name)],
                    ],
                    "spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"],
                ])
        }
    }

    private static func isShallow(_ value: JSONValue, _ levels: Int) -> Bool {
        guard levels >= 0 else { return false }
        return switch value {
        case .object(let members): members.values.allSatisfy { isShallow($0, levels - 1) }
        case .array(let elements): elements.allSatisfy { isShallow($0, levels - 1) }
        default: true
        }
    }

    private func malformed(_ place: String, _ what: String) -> EmbeddedClusterError {
        EmbeddedClusterError(code: .malformed, message: "\(place) \(what)")
    }

    private func isName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/\\%`?".utf8.contains($0) }
    }
}
