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
    public enum Code: Sendable {
        /// No connection came about: no such host, nobody there, no common version of TLS.
        case cannotConnect
        /// The server is not proved to be the one that was meant.
        case untrusted
        case timedOut
        /// The connection broke in the middle.
        case interrupted
        case tooLarge, malformed, cancelled
    }
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

/// What the receiver of a stream wants next.
public enum StreamStep: Sendable { case goOn, stop }

/// Whatever carries a request to a server and brings its answer: a connection to a real API server, or the embedded
/// cluster in this process.
public protocol HTTPTransport: AnyObject {
    /// - Throws: `HTTPError` when no response came. Any HTTP status is a response.
    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse
}

/// A transport that can also hand on an answer while it comes: watches and logs.
public protocol HTTPStreamingTransport: HTTPTransport {
    /// - Parameters:
    ///   - request: its `timeout` is for the whole stream; 0 is for ever.
    ///   - idleTimeout: seconds without a byte until the stream is given up.
    ///   - receive: gets the body of a 2xx answer piece by piece, decompressed; it may end the stream, which is no error.
    /// - Returns: the head; the body is empty for 2xx, and there (bounded) for all others.
    func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse
}
