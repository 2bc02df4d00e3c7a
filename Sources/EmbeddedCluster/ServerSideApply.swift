internal import ChangeModel
internal import HTTP

/// Server-side apply ("Server-Side Apply"): the manager that applies owns what it names; what another manager owns and the body
/// would change is a conflict, unless `force` is set; what it named before and names no more goes. A list is owned whole, where
/// a real server tells the elements of some apart. The body is JSON.
struct ServerSideApply {
    let key: ObjectKey
    let options: WriteOptions
    let manager: String
    let force: Bool
    let now: String

    init(_ target: RequestTarget, _ key: ObjectKey, _ now: String) throws(StatusFailure) {
        guard [.networkpolicies, .deployments, .configmaps].contains(key.type) else { throw .unsupportedMediaType }
        options = try WriteOptions(target, kind: "PatchOptions")
        guard let manager = target.value(of: "fieldManager"), !manager.isEmpty else {
            throw .invalid(
                qualifiedKind: "PatchOptions.meta.k8s.io", group: "meta.k8s.io", kind: "PatchOptions",
                [
                    FieldError(
                        field: "fieldManager", reason: "FieldValueRequired",
                        message: "Required value: is required for apply patch")
                ])
        }
        self.manager = manager
        force = target.value(of: "force") == "true"
        self.key = key
        self.now = now
    }

    func run(_ request: HTTPRequest, on state: inout ClusterState) throws(StatusFailure) -> HTTPResponse {
        let body = try RequestHandler.json(request.body)
        guard body["kind"]?.stringValue == key.type.kind, body["apiVersion"]?.stringValue == key.type.apiVersion,
            body.at("metadata", "name")?.stringValue ?? key.name == key.name,
            body.at("metadata", "namespace")?.stringValue ?? key.namespace == key.namespace
        else { throw .badRequest("the object's kind, apiVersion, name or namespace does not match the URL") }
        var check = SchemaCheck()
        let typed = check.prune(body, TypeSchemas.schema(of: key.type))
        if let fault = check.typeFault ?? check.unknownFields.first.map({ ".\($0): field not declared in schema" }) {
            throw .badRequest("failed to create typed patch object (\(key.namespace)/\(key.name)): \(fault)")
        }
        let object: JSONValue
        let present = state[key]
        if let present {
            object = try applied(typed, to: present)
        } else {
            try ObjectCreate.checkNamespace(key, in: state)
            guard typed.at("metadata", "resourceVersion") == nil, typed.at("metadata", "uid") == nil else {
                throw .conflict(key)
            }
            var created = ObjectCreate.completed(typed, key, in: state, now)
            created.setMetadata("name", .string(key.name))
            created.setMetadata("managedFields", [entry(paths(typed))])
            object = created
        }
        let errors = ObjectCreate.nameErrors(key) + ObjectValidation.errors(object, replacing: object, type: key.type)
        guard errors.isEmpty else { throw .invalid(key, errors) }
        let stored = options.isDryRun ? object : state.put(key, object)
        if !options.isDryRun, key.type == .deployments { state.unseen.insert(key) }
        return RequestHandler.answer(stored, status: present == nil ? 201 : 200)
    }

    private func applied(_ wanted: JSONValue, to present: JSONValue) throws(StatusFailure) -> JSONValue {
        for name in ["resourceVersion", "uid"] {
            if let value = wanted.at("metadata", name), value != present.at("metadata", name) { throw .conflict(key) }
        }
        let all = present.at("metadata", "managedFields")?.arrayValue ?? []
        var owners: [(manager: String, paths: Set<[String]>)] = all.map {
            ($0["manager"]?.stringValue ?? "", Self.ownedPaths($0["fieldsV1"] ?? [:]))
        }
        // What nobody is known to own belongs to whoever was there before.
        if owners.isEmpty { owners = [("before-first-apply", paths(present))] }
        let mine = owners.filter { $0.manager == manager }.reduce(into: Set<[String]>()) { $0.formUnion($1.paths) }
        let others = owners.filter { $0.manager != manager }
        let named = paths(wanted)
        var conflicts: [(manager: String, path: [String])] = []
        for path in named.sorted(by: { $0.lexicographicallyPrecedes($1) })
        where Self.value(wanted, path) != Self.value(present, path) {
            conflicts += others.filter { $0.paths.contains { Self.overlap($0, path) } }.map { ($0.manager, path) }
        }
        if !conflicts.isEmpty, !force { throw .applyConflict(conflicts) }
        var object = present
        for path in named { object = Self.setting(object, path, Self.value(wanted, path)) }
        for path in mine.subtracting(named)
        where !(others.flatMap(\.paths) + named).contains(where: { Self.overlap($0, path) }) {
            object = Self.setting(object, path, nil)
        }
        if key.type == .deployments { object = DeploymentDefaults.apply(to: object) }
        if object["spec"] != present["spec"], let generation = present.at("metadata", "generation")?.boundedCounter {
            object.setMetadata("generation", .integer(generation + 1))
        }
        let taken = Set(conflicts.map(\.path))
        var entries = all.filter { $0["manager"]?.stringValue != manager }
        if !taken.isEmpty {
            entries = entries.map { owned in
                var owned = owned
                let left = Self.ownedPaths(owned["fieldsV1"] ?? [:]).filter { path in
                    !taken.contains { Self.overlap($0, path) }
                }
                owned["fieldsV1"] = Self.fields(left)
                return owned
            }
        }
        // The same fields again are no news.
        let old = all.first { $0["manager"]?.stringValue == manager && $0["fieldsV1"] == Self.fields(named) }
        object.setMetadata("managedFields", .array(entries + [old ?? entry(named)]))
        return object
    }

    private func entry(_ paths: Set<[String]>) -> JSONValue {
        [
            "manager": .string(manager), "operation": "Apply", "apiVersion": .string(key.type.apiVersion),
            "time": .string(now), "fieldsType": "FieldsV1", "fieldsV1": Self.fields(paths),
        ]
    }

    /// The parts of an object that are owned one by one: what is no object of a known shape, and each entry of a map.
    private func paths(_ object: JSONValue) -> Set<[String]> {
        var paths: Set<[String]> = []
        func walk(_ value: JSONValue, _ schema: FieldSchema, _ path: [String]) {
            let isOpen =
                switch schema {
                // Selectors change as a whole.
                case .object(let type, _): type != "LabelSelector"
                case .map: true
                default: false
                }
            guard isOpen, let members = value.objectValue, !members.isEmpty else {
                paths.insert(path)
                return
            }
            for (name, member) in members { walk(member, schema.member(name), path + [name]) }
        }
        for member in ["labels", "annotations"] {
            for name in object.at("metadata", member)?.objectValue?.keys ?? [:].keys {
                paths.insert(["metadata", member, name])
            }
        }
        let schema = TypeSchemas.schema(of: key.type)
        for (name, member) in object.objectValue ?? [:]
        where !["apiVersion", "kind", "metadata", "status"].contains(name) { walk(member, schema.member(name), [name]) }
        return paths
    }

    /// Whether one part is the other, or within it.
    private static func overlap(_ left: [String], _ right: [String]) -> Bool {
        left.starts(with: right) || right.starts(with: left)
    }

    private static func fields(_ paths: Set<[String]>) -> JSONValue {
        var fields: JSONValue = [:]
        for path in paths { fields = setting(fields, path.map { "f:\($0)" }, [:]) }
        return fields
    }

    private static func ownedPaths(_ fields: JSONValue) -> Set<[String]> {
        var paths: Set<[String]> = []
        func walk(_ value: JSONValue, _ path: [String]) {
            let members = value.objectValue ?? [:]
            let isLeaf = members.isEmpty || path.first == "spec" && path.count == 2
            if isLeaf {
                if !path.isEmpty { paths.insert(path) }
                return
            }
            for (name, member) in members where name.hasPrefix("f:") {
                walk(member, path + [String(name.dropFirst(2))])
            }
        }
        walk(fields, [])
        return paths
    }

    private static func value(_ object: JSONValue, _ path: [String]) -> JSONValue? {
        path.reduce(object as JSONValue?) { $0?[$1] }
    }

    private static func setting(_ object: JSONValue, _ path: [String], _ value: JSONValue?) -> JSONValue {
        guard let name = path.first else { return value ?? .null }
        var copy = object
        if path.count == 1 {
            copy[name] = value
        } else {
            copy[name] = setting(object[name] ?? [:], Array(path.dropFirst()), value)
        }
        return copy
    }
}
