internal import ChangeModel
internal import HTTP
internal import OperatingSystem
internal import Runner

/// Creates the objects that are questions: TokenRequest, SelfSubjectAccessReview, SelfSubjectRulesReview. The server keeps none of
/// them; each is sent once.
struct CredentialAPI {
    let transport: any HTTPTransport

    private static let limits = JSONLimits(bytes: 4 << 20, depth: 32)

    /// - Parameter what: the request in words, for messages. Nothing of the server's answer gets into one.
    func create(_ segments: [String], _ body: JSONValue, _ what: String) throws(ExecutionError) -> JSONValue {
        guard let target = RequestTarget(segments: segments) else {
            throw ExecutionError(code: .invalid, message: "no request can \(what); nothing was sent")
        }
        let request = HTTPRequest(
            method: "POST", target: target.text,
            headers: [
                (name: "Accept", value: "application/json"), (name: "Content-Type", value: "application/json"),
                (name: "User-Agent", value: "agentsafe"),
            ], body: body.canonicalBytes)
        let response: HTTPResponse
        FaultPoint.reach("request.send", "POST \(target.text)")
        do throws(HTTPError) {
            response = try transport.send(request)
        } catch {
            throw ExecutionError(
                code: .unreachable,
                message: "cannot \(what): \(error.message.forMessage(limit: 200)); check the connection")
        }
        FaultPoint.reach("request.answered", "POST \(target.text)")
        guard (200...201).contains(response.status) else {
            throw APIStatus(response).error(doing: what, mutating: false)
        }
        guard let value = try? JSONValue(parsing: response.body, limits: Self.limits), value.objectValue != nil else {
            throw ExecutionError(
                code: .unreachable, message: "cannot \(what): the answer is no object; is this an API server?")
        }
        return value
    }
}
