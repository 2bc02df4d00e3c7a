/// One HTTP request, by RFC 9110's terms.
public struct HTTPRequest: Sendable {
    public var method: String
    /// Absolute path and query, percent-encoded: `/api/v1/nodes/a?dryRun=All`.
    public var target: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// Seconds until the request is given up.
    public var timeout: Int

    public init(
        method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        timeout: Int = 30
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }

    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// The exchange itself failed; no HTTP status came back.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable { case cannotConnect, timedOut, tooLarge, malformed }
    public let code: Code
    /// Whether the server may have acted on the request all the same.
    public let mayHaveBeenApplied: Bool
    public let message: String

    public init(code: Code, mayHaveBeenApplied: Bool, message: String) {
        self.code = code
        self.mayHaveBeenApplied = mayHaveBeenApplied
        self.message = message
    }

    public var description: String { message }
}

/// Whatever carries a request to a server and brings its answer: a connection to a real API server, or the embedded
/// cluster in this process.
public protocol HTTPTransport: AnyObject {
    /// - Throws: `HTTPError` when no response came. Any HTTP status is a response.
    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse
}
