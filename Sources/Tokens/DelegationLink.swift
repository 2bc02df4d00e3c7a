public import ChangeModel

/// One link of a delegation: somebody hands on some of what they may do, for a while, to the holder of one key.
///
///     {"iss": "orchestrator", "sub": "worker-1", "cnf": {"kid": "SHA256:…"}, "repository", "jti", "iat", "exp", "depth": 2,
///      "roles": ["deployer"], "groups": [], "actions": ["scale-*"], "targets": ["staging/*"], "parent": "sha256:…"}
///
/// with the header `{"alg": "EdDSA", "kid": "SHA256:…", "typ": "delegation+jwt"}`. `cnf` (RFC 7800, section 3.4) names the
/// delegate's key by its OpenSSH fingerprint: what is done under the delegation must be signed by exactly that key. `depth`
/// says how many further links may follow; `parent` is the SHA-256 of the token before, and is missing in the first one.
public struct DelegationLink: Hashable, Sendable {
    public var delegator: String
    public var delegate: String
    /// `SHA256:…`, of a key of any type.
    public var delegateKey: String
    public var repository: String
    /// 128 random bits.
    public var id: String
    public var issued: Timestamp
    public var expires: Timestamp
    public var depth: Int
    public var roles: [String]
    public var groups: [String]
    /// Shell globs.
    public var actions: [String]
    /// Shell globs.
    public var targets: [String]
    public var parent: Digest?

    public init(
        delegator: String, delegate: String, delegateKey: String, repository: String, id: String, issued: Timestamp,
        expires: Timestamp, depth: Int, roles: [String], groups: [String], actions: [String], targets: [String],
        parent: Digest?
    ) {
        self.delegator = delegator
        self.delegate = delegate
        self.delegateKey = delegateKey
        self.repository = repository
        self.id = id
        self.issued = issued
        self.expires = expires
        self.depth = depth
        self.roles = roles
        self.groups = groups
        self.actions = actions
        self.targets = targets
        self.parent = parent
    }

    public static let headerType = "delegation+jwt"
    public static let defaultLifetime: Int64 = 86_400
    public static let maximumLifetime: Int64 = 366 * 86_400
    private static let names: Set<String> = [
        "iss", "sub", "cnf", "repository", "jti", "iat", "exp", "depth", "roles", "groups", "actions", "targets",
    ]

    public var json: JSONValue {
        .compact([
            "iss": .string(delegator), "sub": .string(delegate), "cnf": ["kid": .string(delegateKey)],
            "repository": .string(repository), "jti": .string(id), "iat": .integer(issued.seconds),
            "exp": .integer(expires.seconds), "depth": .integer(Int64(depth)), "roles": .strings(roles),
            "groups": .strings(groups), "actions": .strings(actions), "targets": .strings(targets),
            "parent": parent.map { .string($0.description) },
        ])
    }

    public func token(by signer: some TokenSigner) throws(TokenError) -> String {
        guard signer.algorithm == .edDSA else {
            throw TokenError(.algorithm, "a delegation is signed with the delegator's own key, and no other way")
        }
        let text = try CompactToken.make(json, type: Self.headerType, by: signer)
        guard Delegation.isToken(text) else {
            throw TokenError(
                .malformed,
                "the delegation would have \(text.utf8.count) bytes, at most \(Delegation.maximumTokenSize) are read")
        }
        return text
    }

    /// Reads the claims of a token whose signature holds.
    init(_ token: VerifiedToken) throws(TokenError) {
        let claims = Claims(token, of: "delegation")
        guard token.type == Self.headerType else { throw TokenError(.type, "the token is no delegation") }
        let isFirst = !claims.has("parent")
        try claims.allow(only: isFirst ? Self.names : Self.names.union(["parent"]))
        guard let confirmation = claims["cnf"]?.objectValue, confirmation.count == 1,
            let key = confirmation["kid"]?.stringValue, key.utf8.count == 50, key.hasPrefix("SHA256:")
        else { throw TokenError(.malformed, "the delegation's `cnf` does not name one key by its fingerprint") }
        let isGlob: (String) -> Bool = { text in
            (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        }
        self.init(
            delegator: try claims.name("iss"), delegate: try claims.name("sub"), delegateKey: key,
            repository: try claims.text("repository"), id: try claims.random("jti"), issued: try claims.instant("iat"),
            expires: try claims.instant("exp"),
            depth: try claims.count("depth", in: 0...Int64(Delegation.maximumDepth - 1)),
            roles: try claims.texts("roles", isValid: isGlob), groups: try claims.texts("groups", isValid: isGlob),
            actions: try claims.texts("actions", isValid: isGlob),
            targets: try claims.texts("targets", isValid: isGlob),
            parent: isFirst ? nil : try claims.digest("parent"))
    }
}
