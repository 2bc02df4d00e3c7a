public import ChangeModel

/// Who somebody is, for a while. It proves the caller and gives no power: roles and groups that main does not give to the
/// identity count for nothing, whatever the token says.
///
///     {"agent_id", "agent_name", "roles", "groups", "iss", "iat", "exp"}
///
/// Under EdDSA also `repository`, with `iss` the identity itself, its own key, and `typ` `identity+jwt`. Under HS256 it is the
/// Python project's token, which may carry a delegation besides: `delegation_chain`, `delegated_roles`, `delegation_depth`.
public struct IdentityToken: Hashable, Sendable {
    public var agentID: String
    public var agentName: String
    public var roles: [String]
    public var groups: [String]
    public var issuer: String
    public var issued: Timestamp
    public var expires: Timestamp
    /// nil of a token of the Python project.
    public var repository: String?
    /// Who handed on what, root first; empty for somebody who acts for themselves. Of tokens of the Python project alone.
    public var chain: [Link]

    public struct Link: Hashable, Sendable {
        public var agentID: String
        public var roles: [String]
        public var groups: [String]
    }

    public init(
        agentID: String, agentName: String, roles: [String], groups: [String], issuer: String, issued: Timestamp,
        expires: Timestamp, repository: String?, chain: [Link] = []
    ) {
        self.agentID = agentID
        self.agentName = agentName
        self.roles = roles
        self.groups = groups
        self.issuer = issuer
        self.issued = issued
        self.expires = expires
        self.repository = repository
        self.chain = chain
    }

    public static let headerType = "identity+jwt"
    public static let defaultLifetime: Int64 = 3600
    public static let maximumLifetime: Int64 = 86_400
    private static let ownClaims: Set<String> = [
        "agent_id", "agent_name", "roles", "groups", "iss", "iat", "exp", "repository",
    ]

    public var json: JSONValue {
        .compact([
            "agent_id": .string(agentID), "agent_name": .string(agentName), "roles": .strings(roles),
            "groups": .strings(groups), "iss": .string(issuer), "iat": .integer(issued.seconds),
            "exp": .integer(expires.seconds), "repository": repository.map { .string($0) },
        ])
    }

    public func token(by signer: some TokenSigner) throws(TokenError) -> String {
        guard (signer.algorithm == .edDSA) == (repository != nil), chain.isEmpty else {
            throw TokenError(.malformed, "an identity names its repository under EdDSA, and none under HS256")
        }
        return try CompactToken.make(json, type: repository == nil ? "JWT" : Self.headerType, by: signer)
    }

    /// Reads the claims of a token whose signature holds.
    public init(_ token: VerifiedToken, algorithm: TokenAlgorithm) throws(TokenError) {
        let claims = Claims(token, of: "identity token")
        let isOwn = algorithm == .edDSA
        // A ticket names a caller too, and must never pass for one.
        guard !claims.has("type"), claims.has("agent_id"), token.type == (isOwn ? Self.headerType : token.type) else {
            throw TokenError(.type, "the token is no identity token")
        }
        if isOwn {
            try claims.allow(only: Self.ownClaims)
        } else {
            try SharedClaims.check(claims, "identity token")
        }
        func names(_ name: String) throws(TokenError) -> [String] {
            if !isOwn, !claims.has(name) { return [] }
            return try claims.texts(name) { (1...200).contains($0.utf8.count) }
        }
        let agentName = claims["agent_name"] ?? ""
        guard let shown = agentName.stringValue, shown.utf8.count <= 200 else {
            throw TokenError(.malformed, "the identity token's `agent_name` is no text of at most 200 bytes")
        }
        self.init(
            agentID: isOwn ? try claims.name("agent_id") : try claims.text("agent_id"), agentName: shown,
            roles: try names("roles"), groups: try names("groups"), issuer: try claims.text("iss"),
            issued: try claims.instant("iat"), expires: try claims.instant("exp"),
            repository: isOwn ? try claims.text("repository") : nil)
        guard !isOwn || issuer == agentID else {
            throw TokenError(.issuer, "`\(issuer)` signed a token for `\(agentID)`, and everybody signs their own")
        }
        if !isOwn { chain = try Self.chain(claims, of: self) }
    }

    /// The Python project's delegation: each link holds at most what the one before holds, and the token itself at most what
    /// the last link does.
    private static func chain(_ claims: Claims, of token: IdentityToken) throws(TokenError) -> [Link] {
        let entries = claims["delegation_chain"] ?? []
        guard let entries = entries.arrayValue, entries.count <= 100 else {
            throw TokenError(.malformed, "the identity token's `delegation_chain` is no list")
        }
        let depth = claims.has("delegation_depth") ? try claims.count("delegation_depth", in: 0...100) : 0
        guard depth == entries.count else {
            throw TokenError(.depth, "the token says depth \(depth), and its chain has \(entries.count) links")
        }
        guard depth <= Delegation.maximumDepth else {
            throw TokenError(.depth, "the chain has \(depth) links, at most \(Delegation.maximumDepth) are taken")
        }
        var links: [Link] = []
        for entry in entries {
            guard let id = entry["agent_id"]?.stringValue, (1...200).contains(id.utf8.count),
                let roles = (entry["roles"] ?? []).arrayValue?.map(\.stringValue),
                let groups = (entry["groups"] ?? []).arrayValue?.map(\.stringValue), roles.count <= 100,
                groups.count <= 100, !roles.contains(nil), !groups.contains(nil)
            else { throw TokenError(.malformed, "a link of the token's `delegation_chain` cannot be read") }
            links.append(Link(agentID: id, roles: roles.compactMap { $0 }, groups: groups.compactMap { $0 }))
        }
        if claims.has("delegated_roles"), !links.isEmpty {
            guard try Set(claims.texts("delegated_roles") { _ in true }) == Set(token.roles) else {
                throw TokenError(.scope, "the token's `delegated_roles` are not its roles")
            }
        }
        let all = links + [Link(agentID: token.agentID, roles: token.roles, groups: token.groups)]
        for (parent, child) in zip(all, all.dropFirst()) {
            guard Set(child.roles).isSubset(of: parent.roles), Set(child.groups).isSubset(of: parent.groups) else {
                throw TokenError(
                    .scope,
                    "`\(Excerpt.bounded(child.agentID))` was handed more than `\(Excerpt.bounded(parent.agentID))` has")
            }
        }
        guard Set(all.map(\.agentID)).count == all.count else {
            throw TokenError(.loop, "somebody stands twice in the token's delegation chain")
        }
        return links
    }

    /// Checks who issued the token, for which repository, and whether it is in force.
    public func check(issuer wanted: String, repository: String?, now: Timestamp) throws(TokenError) {
        guard issuer == wanted else {
            throw TokenError(
                .issuer,
                "the token was issued by `\(Excerpt.bounded(issuer))`, and `\(Excerpt.bounded(wanted))` is expected")
        }
        if let own = self.repository, let repository, own != repository {
            throw TokenError(.repository, "the token is for repository `\(own)`, not for `\(repository)`")
        }
        try Claims.checkLife(
            "identity token", issued: issued, expires: expires, longest: 366 * 86_400,
            early: ExecutionTicket.skew, late: ExecutionTicket.skew, now: now)
    }
}
