internal import ChangeModel
internal import HTTP
internal import OperatingSystem
internal import Runner

/// The few verbs that this executor speaks with the API server.
struct APIClient {
    let transport: any HTTPTransport
    let sleep: (_ milliseconds: Int) -> Void

    static let responseLimits = JSONLimits(bytes: 16 << 20, depth: 64)
    private static let pageSize = 500
    private static let maximumPages = 40
    private static let maximumReadAttempts = 4

    func get(_ address: ResourceAddress) throws(ExecutionError) -> JSONValue {
        try parse(try read(address, query: []), of: address)
    }

    /// nil when there is no such object.
    func find(_ address: ResourceAddress) throws(ExecutionError) -> JSONValue? {
        do {
            return try get(address)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// All items, page by page.
    func list(
        _ address: ResourceAddress, labelSelector: String? = nil, fieldSelector: String? = nil
    ) throws(ExecutionError) -> [JSONValue] {
        var items: [JSONValue] = []
        var token: String?
        for _ in 0..<Self.maximumPages {
            var query = [RequestTarget.QueryItem("limit", String(Self.pageSize))]
            if let labelSelector { query.append(.init("labelSelector", labelSelector)) }
            if let fieldSelector { query.append(.init("fieldSelector", fieldSelector)) }
            if let token { query.append(.init("continue", token)) }
            let page = try parse(try read(address, query: query), of: address)
            items += page["items"]?.arrayValue ?? []
            token = page.at("metadata", "continue")?.stringValue
            if token?.isEmpty != false { return items }
        }
        throw ExecutionError(
            code: .refused,
            message: "cannot list \(address): more than \(Self.pageSize * Self.maximumPages) objects")
    }

    /// The first objects of a list, their metadata alone: what they hold does not travel. Old servers send it all the same.
    func metadata(of address: ResourceAddress, limit: Int) throws(ExecutionError) -> JSONValue {
        let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json"
        return try parse(
            try read(address, query: [.init("limit", String(limit))], accept: accept), of: address)
    }

    /// The body of an answer that is no JSON, such as a log.
    ///
    /// - Parameter query: names and values.
    func text(_ address: ResourceAddress, query: [(String, String)]) throws(ExecutionError) -> [UInt8] {
        try read(address, query: query.map { .init($0.0, $0.1) }, accept: "*/*").body
    }

    /// Sends one mutation, once. The caller has asked whether it may.
    func send(_ mutation: Mutation, dryRun: Bool = false) throws(ExecutionError) -> MutationOutcome {
        let (address, what) = (mutation.address, "\(mutation.verb) \(mutation.address)")
        let (query, body) = mutation.parts(dryRun: dryRun)
        let request = try request(
            mutation.method, address, query: query.map { .init($0.0, $0.1) }, contentType: mutation.contentType,
            body: body.canonicalBytes)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try send(request)
        } catch {
            let mayHaveBeenApplied = error.mayHaveBeenApplied && !dryRun
            throw ExecutionError(
                code: .unreachable,
                message: "cannot \(what): \(error.message.forMessage(limit: 500, isSentence: true)); "
                    + (mayHaveBeenApplied ? "find out whether it was applied" : "nothing was applied"),
                mayHaveBeenApplied: mayHaveBeenApplied)
        }
        let status = APIStatus(response)
        switch response.status {
        case 200, 201, 202:
            // It is applied, whatever the body looks like.
            do throws(ExecutionError) {
                return .applied(try parse(response, of: address))
            } catch {
                throw ExecutionError(code: error.code, message: error.message, mayHaveBeenApplied: !dryRun)
            }
        case 400 where dryRun && status.refusesDryRun: return .dryRunUnsupported
        case 404 where status.isAbout(address): return .notFound
        case 500 where mutation.optionsPlace == .eviction && status.isUnderSeveralBudgets:
            throw ExecutionError(
                code: .refused,
                message:
                    "cannot \(what): it is under several disruption budgets, which the eviction API does not support; "
                    + "leave one of them")
        case 429 where status.isDisruptionBudget: return .budgetForbids(retryAfter: status.retryAfter)
        case 429: return .busy(retryAfter: status.retryAfter ?? 1)
        case 409 where status.isFieldManagerConflict: throw status.error(doing: what, mutating: !dryRun)
        case 409 where status.reason == "Conflict" || status.reason == "AlreadyExists": return .objectChanged
        // A failed `test` is a 422 without a cause; which test it was, only a second look at the object can tell.
        case 422 where mutation.contentType == PatchType.json.rawValue && status.causes.isEmpty: return .objectChanged
        default: throw status.error(doing: what, mutating: !dryRun)
        }
    }

    private func read(
        _ address: ResourceAddress, query: [RequestTarget.QueryItem], accept: String = "application/json"
    ) throws(ExecutionError) -> HTTPResponse {
        let request = try request("GET", address, query: query, accept: accept)
        var attempts = 0
        while true {
            let response: HTTPResponse
            do throws(HTTPError) {
                response = try send(request)
            } catch {
                throw ExecutionError(
                    code: .unreachable,
                    message:
                        "cannot read \(address): \(error.message.forMessage(limit: 500, isSentence: true)); check the connection"
                )
            }
            attempts += 1
            if response.status == 200 { return response }
            let status = APIStatus(response)
            guard response.status == 429, attempts < Self.maximumReadAttempts else {
                throw status.error(doing: "read \(address)", mutating: false)
            }
            sleep((status.retryAfter ?? 1) * 1000)
        }
    }

    private func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        FaultPoint.reach("request.send", "\(request.method) \(request.target)")
        defer { FaultPoint.reach("request.answered", "\(request.method) \(request.target)") }
        return try transport.send(request)
    }

    private func parse(_ response: HTTPResponse, of address: ResourceAddress) throws(ExecutionError) -> JSONValue {
        do throws(JSONError) {
            let value = try JSONValue(parsing: response.body, limits: Self.responseLimits)
            if value.objectValue != nil { return value }
        } catch {
            // The parser's words may quote the body; its place is enough.
            throw ExecutionError(
                code: .unreachable,
                message: "the answer about \(address) is no JSON (line \(error.line), column \(error.column)); "
                    + "is this an API server?")
        }
        throw ExecutionError(
            code: .unreachable, message: "the answer about \(address) is no object; is this an API server?")
    }

    private func request(
        _ method: String, _ address: ResourceAddress, query: [RequestTarget.QueryItem],
        accept: String = "application/json", contentType: String? = nil, body: [UInt8] = []
    ) throws(ExecutionError) -> HTTPRequest {
        guard let target = RequestTarget(segments: address.segments, query: query) else {
            throw ExecutionError(code: .invalid, message: "no request can name \(address); nothing was sent")
        }
        var headers = [(name: "Accept", value: accept), (name: "User-Agent", value: "agentsafe")]
        if let contentType { headers.append((name: "Content-Type", value: contentType)) }
        return HTTPRequest(method: method, target: target.text, headers: headers, body: body)
    }
}
