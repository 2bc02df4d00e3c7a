internal import ChangeModel
internal import CryptoPrimitives
public import HTTP
public import OperatingSystem

/// The way to one cluster's API server: an `HTTPTransport` that says who asks.
///
/// Credentials stay in memory. After a 401, which is an answer before anything was looked at, a credential that can be
/// renewed is renewed once and the request sent once more.
public final class ClusterConnection: HTTPStreamingTransport {
    public let specification: ClusterSpecification
    /// What an admin should know of this way.
    public let warnings: [String]
    private let base: ConnectionSettings
    private let source: CredentialSource
    private let basic: String?
    private let isCancelled: (@Sendable () -> Bool)?
    private var given: String?
    private var transport: (identity: ConnectionSettings.ClientIdentity?, CurlTransport)?

    /// Largest certificate or key file that is read, in bytes.
    private static let materialLimit = 1 << 20

    /// Reads the files that the specification names; nothing is sent and no plugin is run yet.
    ///
    /// - Parameters:
    ///   - allowsInsecure: the caller's explicit word that plain http, a certificate that nobody checks, and a password may
    ///     be used if the kubeconfig says so.
    ///   - isCancelled: asked about once a second while a request is under way.
    public init(
        _ specification: ClusterSpecification, host: Host, allowsInsecure: Bool = false,
        isCancelled: (@Sendable () -> Bool)? = nil
    ) throws(AccessError) {
        let (cluster, user) = (specification.cluster, specification.user)
        guard let address = ServerAddress(cluster.server) else {
            throw AccessError(
                .malformed, "`server` is no address; it looks like `https://10.0.0.1:6443`", at: cluster.place)
        }
        func refuse(_ what: String, _ advice: String, at place: FilePlace) -> AccessError {
            AccessError(.refused, "\(what); \(advice), or pass `--insecure-cluster` to do it all the same", at: place)
        }
        if address.isPlain, !allowsInsecure {
            throw refuse(
                "`server` is plain http, which anybody between can read and change", "use https", at: cluster.place)
        }
        if cluster.skipsVerification, !allowsInsecure {
            throw refuse(
                "`insecure-skip-tls-verify` believes any server", "name the cluster's own in `certificate-authority`",
                at: cluster.place)
        }
        if user.name != nil || user.password != nil, !allowsInsecure {
            throw refuse("this user has a password", "use a token, a client certificate or a plugin", at: user.place)
        }
        if let provider = user.authProvider {
            throw AccessError(
                .refused,
                "`auth-provider: \(provider.forMessage())` is no longer spoken; use its successor as an `exec` plugin (for gcp "
                    + "`gke-gcloud-auth-plugin`, for azure `kubelogin`)", at: user.place)
        }
        var warnings: [String] = []
        func read(_ material: Kubeconfig.Material?, _ key: String, _ place: FilePlace, isSecret: Bool = false)
            throws(AccessError) -> [UInt8]?
        {
            switch material {
            case nil: return nil
            case .data(let bytes): return bytes
            case .file(let path):
                do throws(SystemError) {
                    let bytes = try Files.read(host.absolute(path), limit: Self.materialLimit)
                    if isSecret, let warning = KubeconfigFiles.exposure(of: host.absolute(path)) {
                        warnings.append(warning)
                    }
                    return bytes
                } catch {
                    throw AccessError(.notFound, "`\(key)`: \(error.shown)", at: place)
                }
            }
        }
        let authorities = try read(cluster.authority, "certificate-authority", cluster.place)
        let certificate = try read(user.certificate, "client-certificate", user.place)
        let key = try read(user.key, "client-key", user.place, isSecret: true)
        var identity: ConnectionSettings.ClientIdentity?
        if let certificate, let key { identity = .init(certificate: certificate, key: key) }

        var settings = ConnectionSettings(address: address, serverName: cluster.serverName)
        if let name = cluster.serverName, ServerAddress("https://\(name)")?.host != name {
            throw AccessError(.malformed, "`tls-server-name` is no host name", at: cluster.place)
        }
        settings.trust = cluster.skipsVerification ? .anyone : authorities.map { .authorities($0) } ?? .system
        settings.acceptsCompression = !cluster.refusesCompression
        settings.proxy = try Self.proxy(cluster, address, host)
        if cluster.skipsVerification {
            warnings.append("the server's certificate is not checked; anybody could answer")
        }
        base = settings
        basic = user.name.map { "Basic " + Base64.encode(Array("\($0):\(user.password ?? "")".utf8)) }
        let run = user.plugin.map {
            ExecPluginRun(plugin: $0, cluster: cluster, authorities: authorities, host: host)
        }
        source = CredentialSource(user: user, identity: identity, run: run, host: host)
        self.specification = specification
        self.warnings = warnings
        self.isCancelled = isCancelled
    }

    private static func proxy(
        _ cluster: Kubeconfig.Cluster, _ address: ServerAddress, _ host: Host
    ) throws(AccessError) -> ProxyAddress? {
        if let text = cluster.proxy {
            guard let proxy = ProxyAddress(text) else {
                throw AccessError(
                    .malformed, "`proxy-url` is no address of a proxy; it looks like `http://proxy.example:3128`",
                    at: cluster.place)
            }
            return proxy
        }
        do throws(InvalidProxy) {
            return try ProxyAddress.of(environment: host.environment, for: address)
        } catch {
            throw AccessError(.malformed, "\(error.variable) names no proxy; it looks like `http://proxy.example:3128`")
        }
    }

    // MARK: - Who asks

    /// From now on this token alone says who asks; what the kubeconfig has for the user is neither used nor asked for.
    public func use(bearerToken: String) throws(AccessError) {
        guard Credential.isToken(bearerToken) else {
            throw AccessError(.noCredential, "the credential that was fetched is no bearer token")
        }
        given = bearerToken
        transport = nil
    }

    /// Drops a token of `use(bearerToken:)` and the connections made with it.
    public func dropCredential() {
        given = nil
        transport = nil
    }

    /// A kubeconfig of this way with the given token, for another program of this user that must come as the same caller; nil
    /// where no token was given, and that program finds the user's own kubeconfig. It holds the token.
    public var givenKubeconfig: [UInt8]? {
        guard let given else { return nil }
        let cluster = specification.cluster
        var authorities: JSONValue?
        if case .authorities(let certificates) = base.trust { authorities = .string(Base64.encode(certificates)) }
        let parts: JSONValue = .compact([
            "server": .string(cluster.server), "certificate-authority-data": authorities,
            "insecure-skip-tls-verify": cluster.skipsVerification ? true : nil,
            "tls-server-name": cluster.serverName.map { .string($0) },
            "proxy-url": cluster.proxy.map { .string($0) },
            "disable-compression": cluster.refusesCompression ? true : nil,
        ])
        let configuration: JSONValue = [
            "apiVersion": "v1", "kind": "Config", "current-context": "given",
            "clusters": [["name": "given", "cluster": parts]],
            "users": [["name": "given", "user": ["token": .string(given)]]],
            "contexts": [["name": "given", "context": ["cluster": "given", "user": "given"]]],
        ]
        return configuration.canonicalBytes
    }

    private func credential() throws(HTTPError) -> Credential {
        if let given { return Credential(token: given) }
        do throws(AccessError) {
            return try source.credential()
        } catch {
            throw HTTPError(code: .cannotConnect, mayHaveBeenApplied: false, message: error.message)
        }
    }

    // MARK: - Requests

    public func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        try exchange(request) { (transport, request) throws(HTTPError) in try transport.send(request) }
    }

    public func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse {
        try exchange(request) { (transport, request) throws(HTTPError) in
            try transport.stream(request, idleTimeout: idleTimeout, receive: receive)
        }
    }

    private func exchange(
        _ request: HTTPRequest, _ send: (CurlTransport, HTTPRequest) throws(HTTPError) -> HTTPResponse
    ) throws(HTTPError) -> HTTPResponse {
        let first = try credential()
        let response = try send(transport(for: first), authorized(request, first))
        guard response.status == 401, given == nil, source.canRefresh else { return response }
        source.forget()
        let second = try credential()
        return try send(transport(for: second), authorized(request, second))
    }

    private func transport(for credential: Credential) -> CurlTransport {
        if let transport, transport.identity == credential.identity { return transport.1 }
        var settings = base
        settings.identity = credential.identity
        let new = CurlTransport(settings, isCancelled: isCancelled)
        transport = (credential.identity, new)
        return new
    }

    private func authorized(_ request: HTTPRequest, _ credential: Credential) -> HTTPRequest {
        var request = request
        if let token = credential.token {
            request.headers.append((name: "Authorization", value: "Bearer \(token)"))
        } else if given == nil, let basic {
            request.headers.append((name: "Authorization", value: basic))
        }
        guard given == nil, let other = specification.user.impersonation else { return request }
        request.headers.append((name: "Impersonate-User", value: other.user))
        if let uid = other.uid { request.headers.append((name: "Impersonate-Uid", value: uid)) }
        for group in other.groups { request.headers.append((name: "Impersonate-Group", value: group)) }
        for (key, values) in other.extra.sorted(by: { $0.key < $1.key }) {
            for value in values {
                request.headers.append((name: "Impersonate-Extra-\(PercentEncoding.encode(key))", value: value))
            }
        }
        return request
    }
}
