internal import ChangeModel
internal import HTTP

/// A PATCH or PUT of one object or of its `scale`: decode, patch, hold against the type, compare versions, validate, store.
struct ObjectWrite {
    private let request: HTTPRequest
    private let key: ObjectKey
    private let isScale: Bool
    private let options: WriteOptions
    private let now: String

    init(
        _ request: HTTPRequest, _ target: RequestTarget, _ route: Route, _ now: String
    ) throws(StatusFailure) {
        switch route {
        case .object(let key): (self.key, isScale) = (key, false)
        case .scale(let key): (self.key, isScale) = (key, true)
        default: throw .methodNotAllowed
        }
        self.request = request
        self.now = now
        options = try WriteOptions(target, kind: request.method == "PUT" ? "UpdateOptions" : "PatchOptions")
    }

    func run(on state: inout ClusterState) throws(StatusFailure) -> HTTPResponse {
        let mediaType = self.mediaType
        guard mediaTypes.contains(mediaType) else { throw .unsupportedMediaType }
        guard let present = state[key] else { throw .notFound(key) }
        let body = try decodeBody()
        let shown = isScale ? Scale.of(present) : present
        let schema = isScale ? TypeSchemas.scale : TypeSchemas.schema(of: key.type)
        let edited = try edit(shown, body, mediaType, schema)
        var known = SchemaCheck()
        _ = known.prune(shown, schema)
        var check = SchemaCheck(kept: Set(known.unknownFields))
        var typed = check.prune(edited, schema)
        let quoted = mediaType.hasPrefix("application/strategic") ? GoFormat.text(body) : edited.canonicalText
        if let fault = check.typeFault { throw .undecodable(quoting: quoted, fault) }
        let unknown = check.unknownFields.map { "unknown field \"\($0)\"" }
        if options.fieldValidation == .strict, !unknown.isEmpty {
            throw .undecodable(quoting: quoted, "strict decoding error: " + unknown.joined(separator: ", "))
        }
        try checkNames(typed)
        let version = typed.at("metadata", "resourceVersion")?.stringValue ?? ""
        guard version.isEmpty || version == present.at("metadata", "resourceVersion")?.stringValue else {
            throw .conflict(key)
        }
        if isScale { typed = try Scale.apply(typed, to: present) }
        let object = finish(typed, replacing: present)
        let errors = ObjectValidation.errors(object, replacing: present, type: key.type)
        guard errors.isEmpty else { throw .invalid(key, errors) }
        let stored = options.isDryRun ? object : state.put(key, object)
        if !options.isDryRun, key.type == .deployments { state.unseen.insert(key) }
        return RequestHandler.answer(
            isScale ? Scale.of(stored) : stored, warnings: options.fieldValidation == .warn ? unknown : [])
    }

    private var mediaType: String {
        let value = request.header("Content-Type") ?? ""
        return value.split(separator: ";", maxSplits: 1).first.map(String.init)?.lowercased() ?? ""
    }

    private var mediaTypes: Set<String> {
        request.method == "PUT"
            ? ["application/json"]
            : [
                "application/strategic-merge-patch+json", "application/merge-patch+json", "application/json-patch+json",
            ]
    }

    private func decodeBody() throws(StatusFailure) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: request.body, limits: JSONLimits(bytes: RequestHandler.bodyLimit))
        } catch {
            // Go's decoder calls a text that stops too early by this name.
            let lines = request.body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let isAtEnd = error.line == lines.count && error.column > (lines.last?.count ?? 0)
            throw .badRequest(isAtEnd ? "unexpected end of JSON input" : "invalid JSON: \(error.message)")
        }
    }

    private func edit(
        _ shown: JSONValue, _ body: JSONValue, _ mediaType: String, _ schema: FieldSchema
    ) throws(StatusFailure) -> JSONValue {
        switch mediaType {
        case "application/strategic-merge-patch+json":
            return try StrategicMergePatch.apply(body, to: shown, schema: schema)
        case "application/merge-patch+json":
            guard body.objectValue != nil else { throw .badRequest("the patch must be an object") }
            return MergePatch.apply(body, to: shown)
        case "application/json-patch+json": return try JSONPatch.apply(body, to: shown)
        default:
            guard body["kind"]?.stringValue != nil, body["apiVersion"]?.stringValue != nil else {
                throw .badRequest("Object 'Kind' is missing in the body")
            }
            guard body["kind"] == shown["kind"], body["apiVersion"] == shown["apiVersion"] else {
                throw .badRequest("the object's kind or apiVersion does not match the URL")
            }
            return body
        }
    }

    private func checkNames(_ object: JSONValue) throws(StatusFailure) {
        let name = object.at("metadata", "name")?.stringValue ?? ""
        guard name == key.name else {
            throw .badRequest(
                name.isEmpty
                    ? "name must be provided"
                    : "the name of the object (\(name)) does not match the name on the URL (\(key.name))")
        }
        guard object.at("metadata", "namespace")?.stringValue ?? key.namespace == key.namespace else {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
    }

    /// What a client cannot set stays; what follows from the change follows.
    private func finish(_ edited: JSONValue, replacing present: JSONValue) -> JSONValue {
        var object = key.type == .deployments ? DeploymentDefaults.apply(to: edited) : edited
        object["kind"] = present["kind"]
        object["apiVersion"] = present["apiVersion"]
        object["status"] = present["status"]
        var kept = [
            "namespace", "creationTimestamp", "managedFields", "generation", "resourceVersion", "deletionTimestamp",
        ]
        if object.at("metadata", "uid") == nil { kept.append("uid") }
        for name in kept { object.setMetadata(name, present.at("metadata", name)) }
        // An emptied map is left out, as Go's `omitempty` does.
        for name in ["labels", "annotations"] where object.at("metadata", name)?.objectValue?.isEmpty == true {
            object.setMetadata(name, nil)
        }
        // Annotations count for Deployments because they are copied to the ReplicaSets.
        let isChanged =
            object["spec"] != present["spec"]
            || (key.type == .deployments
                && object.at("metadata", "annotations") != present.at("metadata", "annotations"))
        if isChanged, let generation = present.at("metadata", "generation")?.boundedCounter {
            object.setMetadata("generation", .integer(generation + 1))
        }
        return object
    }
}
