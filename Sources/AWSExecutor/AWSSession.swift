internal import ChangeModel
internal import HTTP
internal import OperatingSystem
internal import Runner

/// What all operations of one executor share: keys, connections, and time.
final class AWSSession {
    let key: EvidenceKey
    let host: Host
    let convergenceTimeout: Int
    private let plan: CredentialPlan
    private let endpoints: EndpointSettings
    private var clients: [String: ServiceClient] = [:]
    /// Keys that were lent for a step; nil: the plan's own.
    private var lent: FixedKey?
    private var lentClients: [String: ServiceClient] = [:]

    init(
        plan: CredentialPlan, endpoints: EndpointSettings, host: Host, key: EvidenceKey, convergenceTimeout: Int
    ) {
        self.plan = plan
        self.endpoints = endpoints
        self.host = host
        self.key = key
        self.convergenceTimeout = convergenceTimeout
    }

    /// From here on asks with these keys alone; nil: with its own again. They cannot be renewed: they end when they end.
    func speak(with key: AccessKey?) {
        lent = key.map { FixedKey($0) }
        lentClients = [:]
    }

    func client(_ region: String) -> ServiceClient {
        guard let lent else { return ownClient(region) }
        if let known = lentClients[region] { return known }
        let new = ServiceClient(region: region, endpoints: endpoints, keys: lent, host: host)
        lentClients[region] = new
        return new
    }

    func ownClient(_ region: String) -> ServiceClient {
        if let known = clients[region] { return known }
        let keys = PlannedKeys(plan, region: region, endpoints: endpoints, host: host)
        let new = ServiceClient(region: region, endpoints: endpoints, keys: keys, host: host)
        clients[region] = new
        return new
    }

    /// - Returns: nil where the service has nothing of that name.
    func find(
        _ call: ServiceCall, in region: String, absent: Set<String>
    ) throws(ExecutionError) -> HTTPResponse? {
        do throws(ServiceError) {
            return try client(region).send(call)
        } catch {
            if absent.contains(error.code) || (absent.contains("404") && error.status == 404) { return nil }
            throw Self.failure(error)
        }
    }

    func send(
        _ call: ServiceCall, in region: String, mayMutate: () -> Bool = { true }
    ) throws(ExecutionError) -> HTTPResponse {
        do throws(ServiceError) {
            return try client(region).send(call, mayMutate: mayMutate)
        } catch {
            throw Self.failure(error)
        }
    }

    static func failure(_ error: ServiceError) -> ExecutionError {
        // A condition of ours that did not hold (RFC 9110, section 15.5.13).
        guard error.status != 412 else {
            return ExecutionError(
                code: .conflict,
                message: "\(error.message); it changed since before-state was taken: look at it and propose again")
        }
        // Whose keys have ended sees nothing any more: what was begun with them may be done, or not.
        let code: ExecutionError.Code =
            error.status == 0 || error.status >= 500 || RetryBudget.expired.contains(error.code)
            ? .unreachable
            : error.status == 404 || error.code.contains("NotFound") || error.code.hasPrefix("NoSuch")
                ? .notFound : .refused
        return ExecutionError(code: code, message: error.message, mayHaveBeenApplied: error.mayHaveBeenApplied)
    }

    func xml(_ response: HTTPResponse, _ what: String, isMutation: Bool = false) throws(ExecutionError) -> XMLElement {
        do throws(XMLError) {
            return try XMLReader.parse(response.body)
        } catch {
            throw ExecutionError(
                code: .unreachable,
                message:
                    "the answer about \(what) is no XML (line \(error.line), column \(error.column)): \(error.reason)",
                mayHaveBeenApplied: isMutation)
        }
    }

    func json(_ response: HTTPResponse, _ what: String, isMutation: Bool = false) throws(ExecutionError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: response.body, limits: JSONLimits(bytes: 16 << 20, depth: 64))
        } catch {
            // The parser's words may quote the body; its place is enough.
            throw ExecutionError(
                code: .unreachable,
                message: "the answer about \(what) is no JSON (line \(error.line), column \(error.column))",
                mayHaveBeenApplied: isMutation)
        }
    }

    /// Looks every few seconds until what was asked for is there; progress tells each time the news is another.
    func wait(
        for what: String, _ progress: (String) -> Void,
        until look: () throws(ExecutionError) -> (isThere: Bool, news: String)
    ) throws(ExecutionError) {
        let end = host.now() + Int64(convergenceTimeout)
        var told = ""
        while true {
            let seen: (isThere: Bool, news: String)
            do throws(ExecutionError) {
                seen = try look()
            } catch {
                // The mutation is done; that it cannot be watched is no reason to call it undone.
                throw ExecutionError(code: error.code, message: error.message, mayHaveBeenApplied: true)
            }
            if seen.isThere { return }
            if seen.news != told { progress(seen.news) }
            told = seen.news
            guard host.now() < end else {
                throw ExecutionError(
                    code: .notConverged,
                    message: "\(what): not there after \(convergenceTimeout) s (\(seen.news)); look at it",
                    mayHaveBeenApplied: true)
            }
            host.sleep(5000)
        }
    }
}
