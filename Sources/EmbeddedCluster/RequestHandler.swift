internal import ChangeModel
internal import HTTP

/// Answers one request from one state, and leaves behind the state after it.
struct RequestHandler {
    var state: ClusterState
    /// RFC 3339.
    let now: String
    let release: ServerRelease

    static let bodyLimit = 3 << 20

    mutating func handle(_ request: HTTPRequest) -> HTTPResponse {
        guard let target = RequestTarget(parsing: request.target) else {
            return StatusFailure.badRequest("the request's path or query cannot be read").response
        }
        guard let route = Route(target, release) else { return StatusFailure.noSuchPath.response }
        guard let view = route.view(target) else { return handle(request, target, route) }
        guard request.method == "GET" || !view.isReadOnly else { return StatusFailure.methodNotAllowed.response }
        var (asked, body) = (request, try? JSONValue(parsing: request.body))
        if let text = body.map(view.stored) { asked.body = text.canonicalBytes }
        var response = handle(asked, target, route)
        body = try? JSONValue(parsing: response.body)
        if let body { response.body = view.asked(body).canonicalBytes }
        return response
    }

    private mutating func handle(
        _ request: HTTPRequest, _ target: RequestTarget, _ route: Route
    ) -> HTTPResponse {
        do throws(StatusFailure) {
            guard request.body.count <= Self.bodyLimit else { throw .bodyTooLarge(limit: Self.bodyLimit) }
            if request.method == "GET" { advanceControllers(before: route) }
            switch (request.method, route) {
            case ("GET", .health):
                let headers = [(name: "Content-Type", value: "text/plain; charset=utf-8")]
                return HTTPResponse(status: 200, headers: headers, body: Array("ok".utf8))
            case ("GET", .version):
                return Self.answer(release.document)
            case ("GET", .groups): return Self.answer(DiscoveryDocuments.groups(of: release))
            case ("GET", .resources(let group, let version)):
                return Self.answer(DiscoveryDocuments.resources(group: group, version: version))
            case ("GET", .collection(let type, let namespace)):
                try checkVersion(target, ofList: true)
                let list = try ObjectList(type, namespace, target).read(from: state)
                return Self.answer(MetadataView(request).map { $0.list(list) } ?? list)
            case ("GET", .object(let key)):
                try checkVersion(target)
                let object = try find(key)
                return Self.answer(MetadataView(request).map { $0.object(object) } ?? object)
            case ("GET", .scale(let key)): return Self.answer(Scale.of(try find(key)))
            case ("GET", .log(let key)): return try PodLog(key: key, pod: try find(key)).answer(target)
            case ("POST", .collection(let type, let namespace)):
                return try ObjectCreate(request, target, type, namespace, now).run(on: &state)
            case ("POST", .eviction(let key)):
                return try Eviction(key: key, release: release, now: now).run(request, on: &state)
            case ("POST", .review(let review)):
                return Self.answer(try review.answer(Self.json(request.body), now: now), status: 201)
            case ("DELETE", .object(let key)):
                let options = try DeleteOptions(request, target)
                return try ObjectDelete(key: key, options: options, now: now).run(on: &state)
            case ("PATCH", .object(let key))
            where request.header("Content-Type")?.hasPrefix("application/apply-patch+yaml") == true:
                return try ServerSideApply(target, key, now).run(request, on: &state)
            case ("PATCH", .object), ("PATCH", .scale), ("PUT", .object), ("PUT", .scale):
                return try ObjectWrite(request, target, route, now).run(on: &state)
            default: throw .methodNotAllowed
            }
        } catch {
            return error.response
        }
    }

    /// Lets the controllers of what is about to be read work once, so that a rollout takes several reads to converge. The
    /// first read after a write comes too early for them. Nothing happens between a read and what follows it: a client
    /// that reads a version and patches it meets no conflict of the cluster's own making.
    mutating func advanceControllers(before route: Route) {
        let keys: [ObjectKey] =
            switch route {
            case .object(let key) where key.type == .deployments: [key]
            case .scale(let key): [key]
            case .collection(.deployments, let namespace): state.keys(.deployments, namespace: namespace)
            default: []
            }
        switch route {
        case .collection(.pods, _), .log: PodController(now: now).advance(&state)
        case .object(let key) where key.type == .pods: PodController(now: now).advance(&state)
        case .object(let key) where key.type == .namespaces: NamespaceController(key: key, now: now).advance(&state)
        case .collection(.namespaces, _):
            for key in state.keys(.namespaces) { NamespaceController(key: key, now: now).advance(&state) }
        case .object(let key) where key.type == .poddisruptionbudgets: DisruptionBudgets.update(&state, now: now)
        case .collection(.poddisruptionbudgets, _): DisruptionBudgets.update(&state, now: now)
        default: break
        }
        for key in keys where state.unseen.remove(key) == nil {
            DeploymentController(key: key, now: now).advance(&state)
        }
    }

    private func find(_ key: ObjectKey) throws(StatusFailure) -> JSONValue {
        guard let object = state[key] else { throw .notFound(key) }
        return object
    }

    /// A read at a version that is not reached yet times out on a real server; here at once.
    ///
    /// - Returns: the version that is asked for; nil: none is.
    @discardableResult
    func checkVersion(_ target: RequestTarget, ofList: Bool = false) throws(StatusFailure) -> Int64? {
        guard let text = target.value(of: "resourceVersion"), !text.isEmpty else { return nil }
        guard let version = Int64(text), version >= 0 else {
            throw .badRequest("invalid resource version \"\(text.prefix(40))\"")
        }
        if ofList, target.value(of: "resourceVersionMatch") == "Exact", version < state.resourceVersion {
            throw .expired("The resourceVersion for the provided list is too old.")
        }
        guard version > state.resourceVersion else { return version }
        throw StatusFailure(
            code: 504, reason: "Timeout",
            message: "Timeout: Too large resource version: \(version), current: \(state.resourceVersion)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ])
    }

    static func json(_ body: [UInt8]) throws(StatusFailure) -> JSONValue {
        do throws(JSONError) {
            let value = try JSONValue(parsing: body, limits: JSONLimits(bytes: bodyLimit))
            if value.objectValue != nil { return value }
        } catch {
            throw .badRequest("invalid JSON: \(error.message)")
        }
        throw .badRequest("the body must be an object")
    }

    static func answer(_ value: JSONValue, status: Int = 200, warnings: [String] = []) -> HTTPResponse {
        var headers = [(name: "Content-Type", value: "application/json")]
        for warning in warnings {
            headers.append((name: "Warning", value: "299 - \(JSONValue.string(warning).canonicalText)"))
        }
        return HTTPResponse(status: status, headers: headers, body: value.canonicalBytes)
    }
}
