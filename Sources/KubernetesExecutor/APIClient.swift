internal import ChangeModel
internal import HTTP
internal import OperatingSystem
internal import Runner

/// The media types of a patch (RFC 7386, RFC 6902, and Kubernetes' own strategic merge).
enum PatchType: String {
    case strategic = "application/strategic-merge-patch+json"
    case merge = "application/merge-patch+json"
    case json = "application/json-patch+json"
}

/// What a patch met.
enum PatchOutcome {
    case applied(JSONValue)
    /// The object's version is not the expected one; nothing was changed.
    case versionChanged
    /// The server was too busy to look at it; nothing was changed. Seconds to wait.
    case busy(retryAfter: Int)
}

/// The few verbs that this executor speaks with the API server.
struct APIClient {
    let transport: any HTTPTransport
    let sleep: (_ milliseconds: Int) -> Void

    static let responseLimits = JSONLimits(bytes: 16 << 20, depth: 64)
    private static let pageSize = 500
    private static let maximumPages = 40

    func get(_ address: ResourceAddress) throws(ExecutionError) -> JSONValue {
        try read(address, query: [])
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
    func list(_ address: ResourceAddress, labelSelector: String? = nil) throws(ExecutionError) -> [JSONValue] {
        var items: [JSONValue] = []
        var token: String?
        for _ in 0..<Self.maximumPages {
            var query = [RequestTarget.QueryItem("limit", String(Self.pageSize))]
            if let labelSelector { query.append(.init("labelSelector", labelSelector)) }
            if let token { query.append(.init("continue", token)) }
            let page = try read(address, query: query)
            items += page["items"]?.arrayValue ?? []
            token = page.at("metadata", "continue")?.stringValue
            if token?.isEmpty != false { return items }
        }
        throw ExecutionError(
            code: .refused,
            message: "cannot list \(address): more than \(Self.pageSize * Self.maximumPages) objects")
    }

    /// Sends one patch, once. The caller has asked whether it may.
    func patch(
        _ address: ResourceAddress, type: PatchType, body: JSONValue
    ) throws(ExecutionError) -> PatchOutcome {
        let request = try request(
            "PATCH", address, query: [.init("fieldManager", "agentsafe"), .init("fieldValidation", "Strict")],
            contentType: type.rawValue, body: body.canonicalBytes)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try send(request)
        } catch {
            throw ExecutionError(
                code: .unreachable,
                message: "cannot patch \(address): \(error.message.forMessage(limit: 200)); "
                    + (error.mayHaveBeenApplied ? "find out whether it was applied" : "nothing was applied"),
                mayHaveBeenApplied: error.mayHaveBeenApplied)
        }
        switch response.status {
        case 200, 201:
            // The patch is applied, whatever the body looks like.
            do throws(ExecutionError) {
                return .applied(try parse(response, of: address))
            } catch {
                throw ExecutionError(code: error.code, message: error.message, mayHaveBeenApplied: true)
            }
        case 429: return .busy(retryAfter: APIStatus(response).retryAfter ?? 1)
        case 409 where APIStatus(response).reason == "Conflict": return .versionChanged
        // A failed `test` is a 422 without a cause; which test it was, only a second look at the object can tell.
        case 422 where type == .json && APIStatus(response).causes.isEmpty: return .versionChanged
        default: throw APIStatus(response).error(doing: "patch \(address)", mutating: true)
        }
    }

    private func read(
        _ address: ResourceAddress, query: [RequestTarget.QueryItem]
    ) throws(ExecutionError) -> JSONValue {
        let request = try request("GET", address, query: query)
        var attempts = 0
        while true {
            let response: HTTPResponse
            do throws(HTTPError) {
                response = try send(request)
            } catch {
                throw ExecutionError(
                    code: .unreachable,
                    message: "cannot read \(address): \(error.message.forMessage(limit: 200)); check the connection")
            }
            attempts += 1
            if response.status == 200 { return try parse(response, of: address) }
            let status = APIStatus(response)
            guard response.status == 429, attempts < 4 else {
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
        _ method: String, _ address: ResourceAddress, query: [RequestTarget.QueryItem], contentType: String? = nil,
        body: [UInt8] = []
    ) throws(ExecutionError) -> HTTPRequest {
        guard let target = RequestTarget(segments: address.segments, query: query) else {
            throw ExecutionError(code: .invalid, message: "no request can name \(address); nothing was sent")
        }
        var headers = [(name: "Accept", value: "application/json"), (name: "User-Agent", value: "agentsafe")]
        if let contentType { headers.append((name: "Content-Type", value: contentType)) }
        return HTTPRequest(method: method, target: target.text, headers: headers, body: body)
    }
}
