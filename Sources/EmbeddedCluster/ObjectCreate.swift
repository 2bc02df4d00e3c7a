internal import ChangeModel
internal import HTTP

/// A POST to a collection: decode, hold against the type, complete, validate, store.
struct ObjectCreate {
    private let request: HTTPRequest
    private let type: ResourceType
    private let namespace: String
    private let options: WriteOptions
    private let now: String

    init(
        _ request: HTTPRequest, _ target: RequestTarget, _ type: ResourceType, _ namespace: String?, _ now: String
    ) throws(StatusFailure) {
        guard type.verbs.contains("create"), type.isNamespaced == (namespace != nil) else { throw .methodNotAllowed }
        self.request = request
        self.type = type
        self.namespace = namespace ?? ""
        self.now = now
        options = try WriteOptions(target, kind: "CreateOptions")
    }

    func run(on state: inout ClusterState) throws(StatusFailure) -> HTTPResponse {
        let body = try RequestHandler.json(request.body)
        guard body["kind"]?.stringValue != nil, body["apiVersion"]?.stringValue != nil else {
            throw .badRequest("Object 'Kind' is missing in the body")
        }
        guard body["kind"]?.stringValue == type.kind, body["apiVersion"]?.stringValue == type.apiVersion else {
            throw .badRequest("the object's kind or apiVersion does not match the URL")
        }
        guard body.at("metadata", "namespace")?.stringValue ?? namespace == namespace else {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        let key = ObjectKey(type: type, namespace: namespace, name: body.at("metadata", "name")?.stringValue ?? "")
        try Self.checkNamespace(key, in: state)
        guard state[key] == nil else { throw .alreadyExists(key) }
        var check = SchemaCheck()
        let typed = check.prune(body, TypeSchemas.schema(of: type))
        if let fault = check.typeFault {
            throw .badRequest("\(type.kind) in version \"v1\" cannot be handled: \(fault)")
        }
        let unknown = check.unknownFields.map { "unknown field \"\($0)\"" }
        if options.fieldValidation == .strict, !unknown.isEmpty {
            throw .badRequest("strict decoding error: " + unknown.joined(separator: ", "))
        }
        let object = Self.completed(typed, key, in: state, now)
        let errors = Self.nameErrors(key) + ObjectValidation.errors(object, replacing: object, type: type)
        guard errors.isEmpty else { throw .invalid(key, errors) }
        let stored = options.isDryRun ? object : state.put(key, object)
        if !options.isDryRun, type == .deployments { state.unseen.insert(key) }
        return RequestHandler.answer(
            stored, status: 201, warnings: options.fieldValidation == .warn ? unknown : [])
    }

    /// Nothing comes to be in a namespace that is not there, or that is about to go.
    static func checkNamespace(_ key: ObjectKey, in state: ClusterState) throws(StatusFailure) {
        guard key.type.isNamespaced else { return }
        let place = ObjectKey(type: .namespaces, namespace: "", name: key.namespace)
        guard let namespace = state[place] else { throw .notFound(place) }
        if namespace.at("metadata", "deletionTimestamp") != nil { throw .namespaceTerminating(key) }
    }

    static func nameErrors(_ key: ObjectKey) -> [FieldError] {
        if key.name.isEmpty {
            return [
                FieldError(
                    field: "metadata.name", reason: "FieldValueRequired",
                    message: "Required value: name or generateName is required")
            ]
        }
        let isLabel = key.type == .namespaces || key.type == .services
        guard isLabel ? !DNSName.isLabel(key.name) : !DNSName.isSubdomain(key.name) else { return [] }
        return [
            .invalid(
                "metadata.name", .string(key.name),
                isLabel
                    ? "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                        + "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
                        + "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                    : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
                        + "must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
                        + "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
        ]
    }

    /// The object with what the server fills in.
    static func completed(
        _ object: JSONValue, _ key: ObjectKey, in state: ClusterState, _ now: String
    ) -> JSONValue {
        var object = key.type == .deployments ? DeploymentDefaults.apply(to: object) : object
        object["status"] = nil
        for name in ["resourceVersion", "deletionTimestamp", "generation", "managedFields"] {
            object.setMetadata(name, nil)
        }
        object.setMetadata("uid", .string(state.makeUID(key)))
        object.setMetadata("creationTimestamp", .string(now))
        if key.type.isNamespaced { object.setMetadata("namespace", .string(key.namespace)) }
        if key.type.hasGeneration { object.setMetadata("generation", 1) }
        switch key.type {
        case .namespaces:
            var labels = object.at("metadata", "labels")?.objectValue ?? [:]
            labels["kubernetes.io/metadata.name"] = .string(key.name)
            object.setMetadata("labels", .object(labels))
            object["spec"] = ["finalizers": ["kubernetes"]]
            object["status"] = ["phase": "Active"]
        case .pods: object["status"] = ["phase": "Pending", "qosClass": "BestEffort"]
        case .networkpolicies:
            var spec = object["spec"] ?? [:]
            if spec["podSelector"] == nil { spec["podSelector"] = [:] }
            if spec["policyTypes"] == nil { spec["policyTypes"] = ["Ingress"] }
            object["spec"] = spec
        case .secrets where object["type"] == nil: object["type"] = "Opaque"
        case .deployments: object["status"] = [:]
        default: break
        }
        return object
    }
}

/// Names as the server takes them (RFC 1123).
enum DNSName {
    static func isLabel(_ text: some StringProtocol) -> Bool {
        (1...63).contains(text.utf8.count) && isPart(Array(text.utf8)[...])
    }

    static func isSubdomain(_ text: some StringProtocol) -> Bool {
        (1...253).contains(text.utf8.count)
            && Array(text.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isPart)
    }

    private static func isPart(_ part: ArraySlice<UInt8>) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard let first = part.first, let last = part.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && part.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
}
