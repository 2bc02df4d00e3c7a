internal import ChangeModel
public import HTTP

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

extension EmbeddedCluster: HTTPStreamingTransport {
    /// A watch tells of each change as it happens, and lets the controllers work between them, as reads do. It ends when nothing
    /// has happened for so many rounds that nothing more will by itself: nobody waits here, whatever `timeoutSeconds` says.
    /// What another process does to the file ends it, too (410). Other answers come in one piece.
    public func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse {
        if ObjectWatch.isMeant(by: request) { return try watch(request) { receive($0[...]) } }
        var response = try send(request)
        guard (200..<300).contains(response.status) else { return response }
        if !response.body.isEmpty { _ = receive(response.body[...]) }
        response.body = []
        return response
    }

    /// More than any controller needs to give up.
    private static let quietRounds = DeploymentController.idleLimit + 3

    func watch(_ request: HTTPRequest, tell: ([UInt8]) -> StreamStep) throws(HTTPError) -> HTTPResponse {
        let head = HTTPResponse(status: 200, headers: [(name: "Content-Type", value: "application/json")])
        var watch: ObjectWatch?
        var quiet = 0
        while quiet < Self.quietRounds {
            var (events, isOver) = ([JSONValue](), false)
            let response = try answer { handler in
                do throws(StatusFailure) {
                    var current: ObjectWatch
                    if let watch { current = watch } else { current = try ObjectWatch(request, handler) }
                    events = try current.next(&handler)
                    watch = current
                    return head
                } catch {
                    // A watch that stood before it failed has said 200 already.
                    guard error.code == 410 else { return error.response }
                    (events, isOver) = ([["type": "ERROR", "object": error.json]], true)
                    return head
                }
            }
            guard response.status == 200 else { return response }
            for event in events where tell(event.canonicalBytes + [0x0A]) == .stop { return head }
            if isOver { break }
            quiet = events.isEmpty ? quiet + 1 : 0
        }
        return head
    }
}
