public import ChangeModel

/// Leave to carry out one change once, soon, and nothing else.
///
/// Under EdDSA a ticket is bound to its repository, change and plan, and its claims are exactly these:
///
///     {"type": "execution-ticket", "action", "target", "caller", "params", "audit_id", "nonce", "iss", "iat", "exp",
///      "repository", "change", "digest", "plan"}
///
/// with the header `{"alg": "EdDSA", "kid": "SHA256:…", "typ": "execution-ticket+jwt"}`; `iss` is the identity that issued it,
/// `audit_id` the change. Under HS256 it is what the Python project writes and reads: the first ten claims, `iss`
/// "agent-safe", `typ` "JWT".
public struct ExecutionTicket: Hashable, Sendable {
    public var action: String
    public var target: String
    public var caller: String
    /// Effective ones: defaults and target binding applied.
    public var parameters: [String: JSONValue]
    /// The change's identifier.
    public var auditID: String
    /// Makes the ticket single-use: 128 random bits in ours.
    public var nonce: String
    public var issuer: String
    public var issued: Timestamp
    public var expires: Timestamp
    /// nil of a ticket of the Python project.
    public var binding: Binding?

    /// What exactly may be carried out.
    public struct Binding: Hashable, Sendable {
        public var repository: String
        public var change: ChangeID
        public var digest: Digest
        public var plan: Digest

        public init(repository: String, change: ChangeID, digest: Digest, plan: Digest) {
            self.repository = repository
            self.change = change
            self.digest = digest
            self.plan = plan
        }
    }

    public init(
        action: String, target: String, caller: String, parameters: [String: JSONValue], auditID: String, nonce: String,
        issuer: String, issued: Timestamp, expires: Timestamp, binding: Binding?
    ) {
        self.action = action
        self.target = target
        self.caller = caller
        self.parameters = parameters
        self.auditID = auditID
        self.nonce = nonce
        self.issuer = issuer
        self.issued = issued
        self.expires = expires
        self.binding = binding
    }

    public static let type = "execution-ticket"
    public static let headerType = "execution-ticket+jwt"
    /// Who issues the Python project's tokens, unless it was told otherwise.
    public static let sharedIssuer = "agent-safe"
    /// Seconds.
    public static let defaultLifetime: Int64 = 300
    public static let maximumLifetime: Int64 = 86_400
    /// Seconds that a verifier's clock may be wrong.
    public static let skew: Int64 = 30

    private static let sharedClaims: Set<String> = [
        "type", "action", "target", "caller", "params", "audit_id", "nonce", "iss", "iat", "exp",
    ]
    private static let ownClaims = sharedClaims.union(["repository", "change", "digest", "plan"])

    /// The claims as this ticket says them.
    public var json: JSONValue {
        .compact([
            "type": .string(Self.type), "action": .string(action), "target": .string(target), "caller": .string(caller),
            "params": .object(parameters), "audit_id": .string(auditID), "nonce": .string(nonce),
            "iss": .string(issuer), "iat": .integer(issued.seconds), "exp": .integer(expires.seconds),
            "repository": binding.map { .string($0.repository) },
            "change": binding.map { .string($0.change.text) },
            "digest": binding.map { .string($0.digest.description) },
            "plan": binding.map { .string($0.plan.description) },
        ])
    }

    /// Signs the ticket.
    public func token(by signer: some TokenSigner) throws(TokenError) -> String {
        guard (signer.algorithm == .edDSA) == (binding != nil) else {
            throw TokenError(.malformed, "a ticket is bound to its change under EdDSA, and to none under HS256")
        }
        return try CompactToken.make(json, type: binding == nil ? "JWT" : Self.headerType, by: signer)
    }

    /// Reads the claims of a token whose signature holds. Whether its key may issue tickets, and whether this one serves, is
    /// for `check` and the caller to say.
    public init(_ token: VerifiedToken, algorithm: TokenAlgorithm) throws(TokenError) {
        let claims = Claims(token, of: "ticket")
        let isOwn = algorithm == .edDSA
        guard claims["type"] == .string(Self.type), token.type == (isOwn ? Self.headerType : token.type) else {
            throw TokenError(.type, "the token is no execution ticket")
        }
        if isOwn {
            try claims.allow(only: Self.ownClaims)
        } else {
            try SharedClaims.check(claims, "ticket")
        }
        guard let parameters = (claims["params"] ?? (isOwn ? nil : [:]))?.objectValue else {
            throw TokenError(.malformed, "the ticket's `params` are missing, or no object")
        }
        let issued = try claims.instant("iat")
        self.init(
            action: try claims.text("action"), target: try claims.text("target"), caller: try claims.text("caller"),
            parameters: parameters, auditID: try claims.text("audit_id"),
            nonce: isOwn ? try claims.random("nonce") : try claims.text("nonce"),
            issuer: isOwn ? try claims.name("iss") : try claims.text("iss"), issued: issued,
            expires: try claims.instant("exp"), binding: isOwn ? try Self.binding(claims) : nil)
        guard binding.map({ $0.change.text == auditID }) ?? true else {
            throw TokenError(.malformed, "the ticket's `audit_id` is not its `change`")
        }
    }

    private static func binding(_ claims: Claims) throws(TokenError) -> Binding {
        guard let change = ChangeID(try claims.text("change")) else {
            throw TokenError(.malformed, "the ticket's `change` is no change's identifier")
        }
        return Binding(
            repository: try claims.text("repository"), change: change, digest: try claims.digest("digest"),
            plan: try claims.digest("plan"))
    }
}

extension ExecutionTicket {
    /// What whoever is about to act knows already; nil: does not matter.
    public struct Expectation: Sendable {
        public var issuer: String?
        public var repository: String?
        public var change: ChangeID?
        public var action: String?
        public var target: String?
        /// All params, each as its plain text. An executor that is given others than the ticket's must not act.
        public var parameters: [String: String]?

        public init(
            issuer: String? = nil, repository: String? = nil, change: ChangeID? = nil, action: String? = nil,
            target: String? = nil, parameters: [String: String]? = nil
        ) {
            self.issuer = issuer
            self.repository = repository
            self.change = change
            self.action = action
            self.target = target
            self.parameters = parameters
        }
    }

    /// Checks whether the ticket serves here and now. Whether it was used before is for `NonceStore` or the ledger to say.
    public func check(_ expected: Expectation, now: Timestamp) throws(TokenError) {
        if let wanted = expected.issuer, wanted != issuer {
            throw TokenError(.issuer, "the ticket was issued by `\(issuer)`, and `\(wanted)` is expected")
        }
        if let wanted = expected.repository, wanted != binding?.repository {
            throw TokenError(
                .repository, "the ticket is for repository `\(binding?.repository ?? "none")`, not for `\(wanted)`")
        }
        try Claims.checkLife(
            "ticket", issued: issued, expires: expires, longest: Self.maximumLifetime, early: Self.skew,
            late: Self.skew, now: now)
        if let wanted = expected.change, wanted.text != auditID {
            throw TokenError(.change, "the ticket is for change `\(auditID)`, not for `\(wanted)`")
        }
        if let wanted = expected.action, wanted != action {
            throw TokenError(.action, "the ticket is for action `\(action)`, not for `\(Excerpt.bounded(wanted))`")
        }
        if let wanted = expected.target, wanted != target {
            throw TokenError(.target, "the ticket is for target `\(target)`, not for `\(Excerpt.bounded(wanted))`")
        }
        guard let wanted = expected.parameters else { return }
        for name in Set(parameters.keys).union(wanted.keys).sorted()
        where wanted[name] == nil || parameters[name].map(Self.text) != wanted[name] {
            let what = parameters[name].map { "is `\(Excerpt.bounded(Self.text($0)))`" } ?? "is not there"
            throw TokenError(
                .parameters, "param `\(Excerpt.bounded(name))` of the ticket \(what), and not what is to be done")
        }
    }

    /// A param as people write it on a command line.
    private static func text(_ value: JSONValue) -> String { value.stringValue ?? value.canonicalText }
}

/// What the Python project's tokens may hold besides what is asked for.
enum SharedClaims {
    /// A reader must not pass over these (RFC 7519, section 4.1): they say when and for whom a token is good.
    static func check(_ claims: Claims, _ subject: String) throws(TokenError) {
        if claims.has("nbf") || claims.has("aud") {
            throw TokenError(.malformed, "the \(subject) has a claim `nbf` or `aud`, which no agent-safe token has")
        }
    }
}
