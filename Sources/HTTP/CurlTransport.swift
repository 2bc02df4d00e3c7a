internal import CCurl

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Connections to one server, by libcurl: TLS 1.2 or newer, HTTP/2 where the server speaks it.
///
/// A request is sent once. Nothing is followed: a redirect is an answer like others. Connections are kept for the next
/// request. Nothing of the process's environment, of `.netrc` or of curl's own settings plays along.
public final class CurlTransport: HTTPStreamingTransport {
    public let settings: ConnectionSettings
    private let isCancelled: (@Sendable () -> Bool)?
    /// Handles that are not in use, each with its connections. A request inside a stream's `receive` takes another.
    private var idle: [CurlHandle] = []

    /// After so many seconds without use a connection is likelier to be dead than alive, and a mutation sent over a dead
    /// one ends as unknown.
    private static let maximumIdleSeconds = 30

    /// After so many seconds without a byte the system asks whether the other end is still there.
    private static let keepAliveSeconds = 15

    /// - Parameter isCancelled: asked about once a second; true gives the exchange up.
    public init(_ settings: ConnectionSettings, isCancelled: (@Sendable () -> Bool)? = nil) {
        self.settings = settings
        self.isCancelled = isCancelled
        // OpenSSL may write to a connection that the server has closed.
        signal(SIGPIPE, SIG_IGN)
    }

    public func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        try perform(request, timeout: max(1, request.timeout), idleTimeout: nil, receive: nil)
    }

    public func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse {
        try perform(request, timeout: max(0, request.timeout), idleTimeout: idleTimeout, receive: receive)
    }

    private func perform(
        _ request: HTTPRequest, timeout: Int, idleTimeout: Int?, receive: ((ArraySlice<UInt8>) -> StreamStep)?
    ) throws(HTTPError) -> HTTPResponse {
        let lines = try Self.lines(of: request, settings: settings)
        guard let handle = idle.popLast() ?? CurlHandle() else { throw Self.unusable("libcurl does not start") }
        let exchange = CurlExchange(settings: settings, receive: receive, isCancelled: isCancelled)
        guard let headers = CurlList(lines), let places = CurlList([places]) else {
            throw Self.unusable("there is no memory left")
        }
        var options = CurlOptions(handle)
        configure(&options, request)
        options.set(CURLOPT_HTTPHEADER, list: headers)
        // A proxy must not see what the server is told.
        options.set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        if settings.serverName != nil { options.set(CURLOPT_CONNECT_TO, list: places) }
        options.set(CURLOPT_TIMEOUT, timeout)
        if let idleTimeout {
            options.set(CURLOPT_LOW_SPEED_LIMIT, 1)
            options.set(CURLOPT_LOW_SPEED_TIME, max(1, idleTimeout))
        }
        exchange.attach(to: &options)
        if let refused = options.refused {
            throw Self.unusable("libcurl refuses its option \(refused.option) (error \(refused.code.rawValue))")
        }
        let code = withExtendedLifetime((exchange, headers, places)) { curl_easy_perform(handle.pointer) }
        let verification = agentsafe_curl_get_long(handle.pointer, CURLINFO_SSL_VERIFYRESULT)
        if code == CURLE_OK || (code == CURLE_WRITE_ERROR && exchange.wasStopped) {
            idle.append(handle)
            return exchange.response
        }
        // Its connections go with the handle: over HTTP/2 libcurl would go on using one that has fallen silent.
        throw CurlFailure(code: code, exchange: exchange, settings: settings, verification: verification).error
    }

    /// The URL's host is the name that the certificate must have; where to connect is said apart, in `places`.
    private var authority: String {
        "\(ServerAddress.bracketed(settings.serverName ?? settings.address.host)):\(settings.address.port)"
    }

    private var places: String { "\(authority):\(settings.address.authority)" }

    private func configure(_ options: inout CurlOptions, _ request: HTTPRequest) {
        let address = settings.address
        options.set(
            CURLOPT_URL, "\(address.isPlain ? "http" : "https")://\(authority)\(address.path)\(request.target)")
        options.set(CURLOPT_PATH_AS_IS, 1)
        options.note(agentsafe_curl_set_protocol(options.handle.pointer, address.isPlain ? 1 : 0), CURLOPT_URL)
        options.set(
            CURLOPT_HTTP_VERSION, address.isPlain ? Int(CURL_HTTP_VERSION_1_1) : Int(CURL_HTTP_VERSION_2TLS))
        options.set(CURLOPT_HTTP09_ALLOWED, 0)
        options.set(CURLOPT_FOLLOWLOCATION, 0)
        options.set(CURLOPT_NOSIGNAL, 1)
        options.set(CURLOPT_CONNECTTIMEOUT, max(1, settings.connectTimeout))
        options.set(CURLOPT_MAXAGE_CONN, Self.maximumIdleSeconds)
        // Whoever is gone without a word is missed within about a minute, also by a watch that may be silent for longer.
        options.set(CURLOPT_TCP_KEEPALIVE, 1)
        options.set(CURLOPT_TCP_KEEPIDLE, Self.keepAliveSeconds)
        options.set(CURLOPT_TCP_KEEPINTVL, Self.keepAliveSeconds / 3)
        if settings.acceptsCompression { options.set(CURLOPT_ACCEPT_ENCODING, "gzip") }
        configureTLS(&options)
        if let socket = settings.unixSocket { options.set(CURLOPT_UNIX_SOCKET_PATH, socket) }
        // An empty text keeps libcurl from looking into the environment itself.
        options.set(CURLOPT_PROXY, settings.proxy?.url ?? "")
        options.set(CURLOPT_NOPROXY, "")
        options.set(CURLOPT_HTTPPROXYTUNNEL, 1)
        options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        switch request.method {
        case "HEAD": options.set(CURLOPT_NOBODY, 1)
        case _ where !request.body.isEmpty, "POST", "PUT", "PATCH":
            options.set(CURLOPT_POST, 1)
            options.note(
                agentsafe_curl_set_body(options.handle.pointer, request.body, request.body.count),
                CURLOPT_COPYPOSTFIELDS)
            options.set(CURLOPT_CUSTOMREQUEST, request.method)
        default:
            options.set(CURLOPT_HTTPGET, 1)
            options.set(CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private func configureTLS(_ options: inout CurlOptions) {
        options.set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        options.set(CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        options.set(CURLOPT_SSL_VERIFYPEER, settings.trust == .anyone ? 0 : 1)
        options.set(CURLOPT_SSL_VERIFYHOST, settings.trust == .anyone ? 0 : 2)
        if case .authorities(let certificates) = settings.trust {
            options.set(CURLOPT_CAINFO_BLOB, bytes: certificates)
            // The machine's own folder of authorities would be believed beside them.
            options.set(CURLOPT_CAPATH, nil)
        }
        // Without a passphrase here OpenSSL would ask for one at the terminal.
        options.set(CURLOPT_KEYPASSWD, "")
        guard let identity = settings.identity else { return }
        options.set(CURLOPT_SSLCERT_BLOB, bytes: identity.certificate)
        options.set(CURLOPT_SSLKEY_BLOB, bytes: identity.key)
    }

    /// The header lines, as libcurl takes them. What could end a line, or a target, is refused here.
    private static func lines(of request: HTTPRequest, settings: ConnectionSettings) throws(HTTPError) -> [String] {
        guard isToken(request.method) else { throw unusable("`\(request.method.prefix(20))` is no HTTP method") }
        guard request.target.utf8.first == UInt8(ascii: "/"),
            request.target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
        else { throw unusable("the request's target is no path and query") }
        var lines: [String] = []
        for (name, value) in request.headers {
            guard isToken(name), value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
                throw unusable("the header `\(name.prefix(40).filter(\.isLetter))` holds what no header may")
            }
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        if settings.serverName != nil, request.header("Host") == nil {
            lines.append("Host: \(settings.address.hostField)")
        }
        // libcurl would add a type that is not meant, and wait for permission to send a large body.
        if request.header("Content-Type") == nil { lines.append("Content-Type:") }
        if request.header("Accept") == nil { lines.append("Accept:") }
        lines.append("Expect:")
        return lines
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    private static func unusable(_ what: String) -> HTTPError {
        HTTPError(code: .malformed, mayHaveBeenApplied: false, message: "\(what); nothing was sent")
    }
}
