internal import ChangeModel
internal import HTTP

/// What a DELETE asks for: a `DeleteOptions` body, else the query.
struct DeleteOptions {
    var isDryRun = false
    /// Seconds.
    var gracePeriod: Int64?
    var uid: String?
    var version: String?

    init(_ request: HTTPRequest, _ target: RequestTarget) throws(StatusFailure) {
        if request.body.isEmpty {
            try self.init([:])
            isDryRun = try WriteOptions(target, kind: "DeleteOptions").isDryRun
            gracePeriod = target.value(of: "gracePeriodSeconds").flatMap { Int64($0) }
            return
        }
        let body = try RequestHandler.json(request.body)
        guard body["kind"]?.stringValue ?? "DeleteOptions" == "DeleteOptions" else {
            throw .badRequest("the body of a DELETE must be DeleteOptions")
        }
        try self.init(body)
    }

    /// - Parameter body: of a DELETE, or the `deleteOptions` of an eviction.
    init(_ body: JSONValue) throws(StatusFailure) {
        if let values = body["dryRun"]?.arrayValue, !values.isEmpty {
            guard values == ["All"] else { throw .badRequest("Invalid value: dryRun: supported values: \"All\"") }
            isDryRun = true
        }
        gracePeriod = body["gracePeriodSeconds"]?.integerValue
        uid = body.at("preconditions", "uid")?.stringValue
        version = body.at("preconditions", "resourceVersion")?.stringValue
    }

    func check(_ object: JSONValue, _ key: ObjectKey) throws(StatusFailure) {
        let found = object.at("metadata", "uid")?.stringValue ?? ""
        if let uid, uid != found {
            throw .preconditionFailed(
                key,
                "the UID in the precondition (\(uid)) does not match the UID in record (\(found)). The object might have "
                    + "been deleted and then recreated")
        }
        let present = object.at("metadata", "resourceVersion")?.stringValue ?? ""
        if let version, version != present {
            throw .preconditionFailed(
                key,
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record "
                    + "(\(present)). The object might have been modified")
        }
    }
}

/// A DELETE of one object.
struct ObjectDelete {
    let key: ObjectKey
    let options: DeleteOptions
    let now: String

    /// Namespaces that a server never lets go.
    private static let protectedNamespaces: Set<String> = ["default", "kube-system", "kube-public"]

    func run(on state: inout ClusterState) throws(StatusFailure) -> HTTPResponse {
        guard let object = state[key] else { throw .notFound(key) }
        if key.type == .namespaces, Self.protectedNamespaces.contains(key.name) {
            throw .forbidden(key, "this namespace may not be deleted")
        }
        try options.check(object, key)
        var next = state
        let answer = try delete(object, in: &next)
        if !options.isDryRun { state = next }
        return RequestHandler.answer(answer)
    }

    private func delete(_ object: JSONValue, in state: inout ClusterState) throws(StatusFailure) -> JSONValue {
        switch key.type {
        case .namespaces:
            guard object.at("metadata", "deletionTimestamp") == nil else { return object }
            var object = object
            object.setMetadata("deletionTimestamp", .string(now))
            object["status"] = ["phase": "Terminating"]
            state.endings[key] = 0
            return state.put(key, object)
        case .pods: return PodController(now: now).terminate(key, grace: options.gracePeriod, in: &state)
        default: break
        }
        if object.at("metadata", "finalizers")?.arrayValue?.isEmpty == false {
            var object = object
            object.setMetadata("deletionTimestamp", .string(now))
            object.setMetadata("deletionGracePeriodSeconds", 0)
            return state.put(key, object)
        }
        state.removeWithDependents(key)
        return .compact([
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success",
            "details": .compact([
                "name": .string(key.name), "group": key.type.group.isEmpty ? nil : .string(key.type.group),
                "kind": .string(key.type.rawValue), "uid": object.at("metadata", "uid"),
            ]),
        ])
    }
}

extension ClusterState {
    /// Removes an object and, as the garbage collector does, all that it owns.
    mutating func removeWithDependents(_ key: ObjectKey) {
        var left = [key]
        while let next = left.popLast() {
            guard let uid = self[next]?.at("metadata", "uid")?.stringValue else { continue }
            remove(next)
            left +=
                objects.filter { object in
                    (object.value.at("metadata", "ownerReferences")?.arrayValue ?? []).contains {
                        $0["uid"]?.stringValue == uid
                    }
                }.keys
        }
    }
}
