import ChangeModel
import HTTP

/// Passes everything on, remembers it, and can break in between.
final class ProbeTransport: HTTPTransport {
    private let next: any HTTPTransport
    private(set) var requests: [HTTPRequest] = []
    /// Called before a request is passed on.
    var beforeSend: ((HTTPRequest) throws(HTTPError) -> Void)?
    /// Called with the answer, which it may replace.
    var afterSend: ((HTTPRequest, HTTPResponse) throws(HTTPError) -> HTTPResponse)?

    init(_ next: any HTTPTransport) { self.next = next }

    var mutations: [HTTPRequest] { requests.filter { $0.method != "GET" } }

    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        requests.append(request)
        try beforeSend?(request)
        let response = try next.send(request)
        return try afterSend?(request, response) ?? response
    }
}

/// Answers each request from a closure.
final class ScriptedTransport: HTTPTransport {
    private let answer: (HTTPRequest) throws(HTTPError) -> HTTPResponse
    private(set) var requests: [HTTPRequest] = []

    init(_ answer: @escaping (HTTPRequest) throws(HTTPError) -> HTTPResponse) { self.answer = answer }

    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        requests.append(request)
        return try answer(request)
    }
}

/// Plays a recorded mutation: reads show the object before until the patch came, and after it then. Every other path is
/// answered from `lists`.
final class CassetteTransport: HTTPTransport {
    private let exchange: Cassette.Exchange
    private let objectPath: String
    private let before: JSONValue
    private let after: JSONValue
    private let lists: [String: JSONValue]
    private(set) var patches: [HTTPRequest] = []

    init(
        _ exchange: Cassette.Exchange, objectPath: String, before: JSONValue, after: JSONValue,
        lists: [String: JSONValue] = [:]
    ) {
        self.exchange = exchange
        self.objectPath = objectPath
        self.before = before
        self.after = after
        self.lists = lists
    }

    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        let path = String(request.target.prefix { $0 != "?" })
        if request.method == "PATCH" {
            patches.append(request)
            return HTTPResponse(status: exchange.status, headers: exchange.responseHeaders, body: exchange.responseBody)
        }
        if path == objectPath { return ok(patches.isEmpty ? before : after) }
        if let list = lists[path] { return ok(list) }
        return HTTPResponse(status: 404)
    }

    private func ok(_ value: JSONValue) -> HTTPResponse {
        HTTPResponse(status: 200, headers: [("Content-Type", "application/json")], body: value.canonicalBytes)
    }
}
