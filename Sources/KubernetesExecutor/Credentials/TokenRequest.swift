public import ChangeModel
internal import CryptoPrimitives
public import HTTP
public import Runner

/// Has the API server issue a token of a ServiceAccount that lives for minutes (`authentication.k8s.io/v1` TokenRequest).
///
/// What comes back is not taken at its word: the token must be for that account, for these audiences, and end when it was asked
/// to, give or take the clocks' skew. It cannot be revoked: it is bound to its end.
public struct TokenRequest {
    public let namespace: String
    public let account: String
    /// Empty: the API server's own.
    public let audiences: [String]
    /// Seconds.
    public let lifetime: Int64

    /// The shortest life that the API takes, in seconds.
    public static let minimumLifetime: Int64 = 600
    private static let skew: Int64 = 300

    /// - Parameter lifetime: seconds that are wanted; the API's least at least.
    /// - Throws: for names that are no Kubernetes names.
    public init(namespace: String, account: String, audiences: [String], lifetime: Int64) throws(ExecutionError) {
        guard ResourceName.isLabel(namespace), ResourceName.isSubdomain(account) else {
            throw ExecutionError(
                code: .noCredential,
                message:
                    "`\(namespace.forMessage())/\(account.forMessage())` cannot be a ServiceAccount; nothing was sent")
        }
        self.namespace = namespace
        self.account = account
        self.audiences = audiences
        self.lifetime = max(lifetime, Self.minimumLifetime)
    }

    /// - Parameter transport: speaks as whoever may create tokens of the account (`create serviceaccounts/token`).
    public func issue(
        over transport: any HTTPTransport, now: Timestamp
    ) throws(ExecutionError) -> (token: SecretValue, expires: Timestamp) {
        let what = "request a token of ServiceAccount `\(namespace)/\(account)`"
        let answer = try CredentialAPI(transport: transport).create(
            ["api", "v1", "namespaces", namespace, "serviceaccounts", account, "token"],
            [
                "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                "spec": .compact([
                    "audiences": audiences.isEmpty ? nil : .strings(audiences),
                    "expirationSeconds": .integer(lifetime),
                ]),
            ], what)
        guard let text = answer.at("status", "token")?.stringValue, BearerToken.isValid(text),
            let expires = answer.at("status", "expirationTimestamp")?.stringValue.flatMap({ Timestamp($0) })
        else { throw Self.fault("cannot \(what): the answer holds no token with an end") }
        guard expires > now, expires <= now + .seconds(lifetime + Self.skew) else {
            throw Self.fault(
                "cannot \(what): the token would live until \(expires), and \(lifetime) seconds were asked for; compare the "
                    + "clocks, and see `--service-account-max-token-expiration` of the API server")
        }
        try check(text, what)
        return (SecretValue(Array(text.utf8)), expires)
    }

    /// Reads the claims of the token (RFC 7519). Its signature is for the server to check.
    private func check(_ token: String, _ what: String) throws(ExecutionError) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64.decodeURLSafe(Array(parts[1])),
            let claims = try? JSONValue(parsing: payload, limits: JSONLimits(bytes: 64 << 10, depth: 16))
        else { throw Self.fault("cannot \(what): what was issued is no JWT") }
        guard claims["sub"]?.stringValue == "system:serviceaccount:\(namespace):\(account)" else {
            throw Self.fault("cannot \(what): the token is for somebody else")
        }
        let given =
            claims["aud"]?.arrayValue?.compactMap(\.stringValue) ?? claims["aud"]?.stringValue.map { [$0] } ?? []
        guard audiences.isEmpty ? !given.isEmpty : Set(given) == Set(audiences) else {
            throw Self.fault("cannot \(what): the token is for other audiences than were asked for")
        }
    }

    private static func fault(_ message: String) -> ExecutionError {
        ExecutionError(code: .noCredential, message: message)
    }
}
