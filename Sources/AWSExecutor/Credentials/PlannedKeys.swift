internal import ChangeModel
internal import CryptoPrimitives
internal import HTTP
internal import OperatingSystem

/// Gets the keys that a plan leads to, keeps them, and gets new ones before they end.
final class PlannedKeys: KeySource {
    private let plan: CredentialPlan
    private let region: String
    private let endpoints: EndpointSettings
    private let host: Host
    private let connect: ServiceClient.Connect?
    private var cached: IssuedKey?
    /// Of a role: who assumes it.
    private let source: PlannedKeys?

    /// Seconds before their end from which keys count as expired: what is begun with them must end with them.
    static let margin: Int64 = 300
    /// Seconds that a `credential_process` may take; nobody sits at a runner's terminal.
    private let processTimeout: Int

    init(
        _ plan: CredentialPlan, region: String, endpoints: EndpointSettings, host: Host,
        connect: ServiceClient.Connect? = nil, processTimeout: Int = 60
    ) {
        self.processTimeout = processTimeout
        self.plan = plan
        self.region = region
        self.endpoints = endpoints
        self.host = host
        self.connect = connect
        if case .assumeRole(_, let source) = plan {
            self.source = PlannedKeys(source, region: region, endpoints: endpoints, host: host, connect: connect)
        } else {
            source = nil
        }
    }

    func key() throws(ServiceError) -> AccessKey {
        if let cached, cached.expires.map({ $0.seconds - Self.margin > host.now() }) ?? true { return cached.key }
        let issued = try issue()
        cached = issued
        return issued.key
    }

    func renew() -> Bool {
        cached = nil
        switch plan {
        case .environment, .profile: return false
        default: return true
        }
    }

    private func issue() throws(ServiceError) -> IssuedKey {
        switch plan {
        case .environment(let key), .profile(let key, _): return IssuedKey(key: key, expires: nil)
        case .assumeRole(let role, _):
            guard let source else { throw ServiceError(message: "the role has nobody to assume it") }
            return try SecurityTokenService(client: client(source)).assumeRole(role)
        case .webIdentity(let identity):
            let token = try secret(in: identity.tokenFile, "the web identity's token")
            // Asked for without a signature.
            return try SecurityTokenService(client: client(self)).assumeRole(identity, token: token)
        case .singleSignOn(let login): return try issue(login)
        case .process(let words, let place): return try run(words, place)
        case .container(let endpoint): return try issue(endpoint)
        case .instance:
            return try InstanceMetadata(host: host, connect: connect).key()
        }
    }

    private func client(_ keys: any KeySource) -> ServiceClient {
        ServiceClient(region: region, endpoints: endpoints, keys: keys, host: host, connect: connect)
    }

    /// A file with one line, which is a secret.
    private func secret(in path: String, _ what: String) throws(ServiceError) -> String {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(host.absolute(path), limit: IssuedKey.maximumSize)
        } catch {
            throw ServiceError(message: "cannot read \(what): \(error.reason)")
        }
        let text = String(decoding: bytes, as: UTF8.self).trimmed
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ServiceError(message: "\(what) is no token: one word is expected in its file")
        }
        return text
    }

    private func run(_ words: [String], _ place: FilePlace) throws(ServiceError) -> IssuedKey {
        let result: ProgramResult
        do throws(SystemError) {
            result = try Program.run(
                words, environment: host.environment, outputLimit: IssuedKey.maximumSize + 1,
                timeout: processTimeout)
        } catch {
            throw ServiceError(message: "\(place): cannot run the credential process: \(error.reason)")
        }
        // Neither of its outputs is told on: either may hold a secret.
        guard !result.timedOut else {
            throw ServiceError(
                message: "\(place): the credential process did not end within \(processTimeout) s; run it by hand")
        }
        guard result.status == 0 else {
            throw ServiceError(
                message:
                    "\(place): the credential process ended with status \(result.status); run it by hand to see why")
        }
        guard let issued = IssuedKey.fromProcess(result.output) else {
            throw ServiceError(
                message:
                    "\(place): the credential process printed no credentials of version 1; see `credential_process` in AWS's "
                    + "reference")
        }
        guard issued.expires.map({ $0.seconds > host.now() }) ?? true else {
            throw ServiceError(message: "\(place): the credential process printed credentials that have ended")
        }
        return issued
    }

    // MARK: - Over HTTP

    private func issue(_ endpoint: ContainerEndpoint) throws(ServiceError) -> IssuedKey {
        guard let (address, target) = MetadataAddress.split(endpoint.url), MetadataAddress.isTrusted(address) else {
            throw ServiceError(
                message: "the container's credentials are asked for over https, or of this machine and its link alone; "
                    + "correct AWS_CONTAINER_CREDENTIALS_FULL_URI")
        }
        var headers: [(name: String, value: String)] = [(name: "Accept", value: "application/json")]
        if let file = endpoint.authorizationFile {
            headers.append((name: "Authorization", value: try secret(in: file, "the container's authorization")))
        } else if let value = endpoint.authorization {
            headers.append((name: "Authorization", value: value))
        }
        let body = try MetadataAddress.read(
            HTTPRequest(method: "GET", target: target, headers: headers, timeout: 5), at: address, host, connect,
            what: "the container's credentials")
        guard let issued = IssuedKey.fromMetadata(body) else {
            throw ServiceError(message: "the container's agent answered without credentials")
        }
        return issued
    }

    private func issue(_ login: SingleSignOn) throws(ServiceError) -> IssuedKey {
        let name = SHA1().hash([], Array((login.session ?? login.startURL).utf8)) { Hexadecimal.text(Array($0)) }
        guard let name, let home = host.home,
            let bytes = try? Files.read("\(home)/.aws/sso/cache/\(name).json", limit: IssuedKey.maximumSize),
            let json = try? JSONValue(parsing: bytes, limits: JSONLimits(bytes: IssuedKey.maximumSize, depth: 8)),
            let token = json["accessToken"]?.stringValue,
            let end = json["expiresAt"]?.stringValue.flatMap({ Timestamp($0) })
        else {
            throw ServiceError(
                message: "there is no login for \(login.startURL.forMessage(limit: 100)); run `aws sso login`")
        }
        guard end.seconds > host.now() else {
            throw ServiceError(
                message: "the login for \(login.startURL.forMessage(limit: 100)) ended at \(end); run `aws sso login`")
        }
        var call = ServiceCall(
            service: .sso, operation: "GetRoleCredentials", method: "GET", segments: ["federation", "credentials"],
            query: [.init("role_name", login.roleName), .init("account_id", login.accountID)],
            headers: [(name: "x-amz-sso_bearer_token", value: token)], form: .json, effect: .read)
        call.isSigned = false
        let client = ServiceClient(region: login.region, endpoints: endpoints, keys: self, host: host, connect: connect)
        guard let issued = IssuedKey.fromSingleSignOn(try client.send(call).body) else {
            throw ServiceError(message: "sso:GetRoleCredentials: the answer holds no credentials")
        }
        return issued
    }
}
