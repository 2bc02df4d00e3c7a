internal import ChangeModel
internal import HTTP

/// A watch of one collection or object (Kubernetes, "Efficient detection of changes"): what happened after a version, then what
/// goes on happening. Without a version, or from 0, it begins with what is there.
struct ObjectWatch {
    private let route: Route
    private let view: VersionView?
    private let type: ResourceType
    private let namespace: String?
    /// nil: all of the collection.
    private let name: String?
    private let selection: ObjectList
    /// What came up to here has been told; nil: nothing has.
    private var position: Int64?

    static func isMeant(by request: HTTPRequest) -> Bool {
        guard request.method == "GET", let target = RequestTarget(parsing: request.target) else { return false }
        return ["true", "1"].contains(target.value(of: "watch"))
    }

    init(_ request: HTTPRequest, _ handler: RequestHandler) throws(StatusFailure) {
        guard let target = RequestTarget(parsing: request.target) else {
            throw .badRequest("the request's path or query cannot be read")
        }
        guard let route = Route(target, handler.release) else { throw .noSuchPath }
        switch route {
        case .collection(let type, let namespace): (self.type, self.namespace, name) = (type, namespace, nil)
        case .object(let key): (type, namespace, name) = (key.type, key.namespace, key.name)
        default: throw .methodNotAllowed
        }
        (self.route, view) = (route, route.view(target))
        selection = try ObjectList(type, namespace, target)
        position = try handler.checkVersion(target).flatMap { $0 == 0 ? nil : $0 }
    }

    /// The events since the last call, after which time has passed for the controllers.
    mutating func next(_ handler: inout RequestHandler) throws(StatusFailure) -> [JSONValue] {
        let now = handler.state.resourceVersion
        guard let position else {
            self.position = now
            return handler.state.keys(type, namespace: namespace).compactMap { key -> JSONValue? in
                selected(key, handler.state[key]).map { event("ADDED", $0) }
            }
        }
        guard let changes = handler.state.changes(after: position) else {
            throw .expired("too old resource version: \(position) (\(now))")
        }
        self.position = now
        let events = changes.compactMap { (change) -> JSONValue? in event(change) }
        if events.isEmpty { handler.advanceControllers(before: route) }
        return events
    }

    /// - Returns: the object, where this watch is about it. (A bare `nil` would be the JSON value.)
    private func selected(_ key: ObjectKey, _ object: JSONValue?) -> JSONValue? {
        guard let object, key.type == type, namespace == nil || key.namespace == namespace,
            name == nil || key.name == name, selection.selects(object)
        else { return JSONValue?.none }
        return object
    }

    /// An object that comes to be selected, or is no longer, counts as one that comes or goes.
    private func event(_ change: ObjectChange) -> JSONValue? {
        let before = selected(change.key, change.before)
        if let after = selected(change.key, change.after) {
            return event(before == nil ? "ADDED" : "MODIFIED", after)
        }
        guard var last = before else { return JSONValue?.none }
        // As it was, under the version at which it went.
        last.setMetadata("resourceVersion", .string(String(change.version)))
        return event("DELETED", last)
    }

    private func event(_ type: String, _ object: JSONValue) -> JSONValue {
        ["type": .string(type), "object": view?.asked(object) ?? object]
    }
}
