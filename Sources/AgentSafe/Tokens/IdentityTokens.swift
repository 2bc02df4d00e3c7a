public import ChangeModel
internal import Ledger
public import PolicyEngine
internal import SSHSignature
public import Tokens

extension Workspace {
    /// A token that says who the caller is, with the roles and groups that main gives them now.
    ///
    /// - Parameters:
    ///   - shared: signs under HS256, for the Python project's decision point; nil: EdDSA with the caller's own key.
    ///   - lifetime: seconds.
    public func identityToken(
        shared: SharedKey? = nil, lifetime: Int64 = IdentityToken.defaultLifetime
    ) throws(AgentSafeError) -> (text: String, token: IdentityToken) {
        let longest = IdentityToken.maximumLifetime
        guard (1...longest).contains(lifetime) else {
            throw AgentSafeError(.usage, "an identity token lives 1 to \(longest) seconds (24 hours), not \(lifetime)")
        }
        let state = try view().state
        let signer = try signer()
        let own = try identity(of: signer, in: state)
        let made = IdentityToken(
            agentID: own.id, agentName: own.id, roles: own.roles, groups: own.groups,
            issuer: shared == nil ? own.id : ExecutionTicket.sharedIssuer, issued: now,
            expires: now + .seconds(lifetime), repository: shared == nil ? state.repositoryID : nil)
        if let shared {
            return (try token { () throws(TokenError) in try made.token(by: shared) }, made)
        }
        let signing = try IdentitySigner(signer)
        return (try token { () throws(TokenError) in try made.token(by: signing) }, made)
    }
}

extension Workspace {
    /// Checks an identity token by main's newest verified commit. Never touches the network.
    ///
    /// - Returns: why the token proves nobody, where it does not.
    public func verifyIdentity(
        _ text: String, shared: SharedKey?
    ) throws(AgentSafeError) -> Result<TokenCaller, TokenError> {
        let state = try view().state
        do throws(TokenError) {
            return .success(
                try TokenCaller(
                    text, identities: state.identities, repository: state.repositoryID, shared: shared, now: now))
        } catch {
            return .failure(error)
        }
    }
}

/// A caller whom a token proves.
public struct TokenCaller: Sendable {
    public let caller: Caller
    public let token: IdentityToken
    /// Roles and groups that the token names and that count for nothing here.
    public let ignored: [String]

    public var json: JSONValue {
        .compact([
            "valid": true, "agent_id": .string(token.agentID), "kind": caller.kind.map { .string($0.rawValue) },
            "roles": .strings(caller.roles), "groups": .strings(caller.groups), "issuer": .string(token.issuer),
            "expires": .string(token.expires.description), "ignored": .strings(ignored),
            "delegated_by": caller.delegation.map { .strings($0.delegators) },
        ])
    }
}

extension TokenCaller {
    /// Reads an identity token: EdDSA by the identity's own key, or HS256 under `shared`, whichever the caller expects.
    ///
    /// A token proves who asks. Of an identity that is listed, only those roles and groups count that it holds there too; of
    /// somebody who acts under a delegation, those that its root holds. Where identities are listed and this one is none
    /// of them, nothing counts.
    ///
    /// - Parameters:
    ///   - identities: main's; nil in a folder without any, where a shared key's tokens are taken at their word.
    ///   - shared: nil: the token must be signed by EdDSA.
    public init(
        _ text: String, identities: IdentityRegistry?, repository: String?, shared: SharedKey?, now: Timestamp
    ) throws(TokenError) {
        let compact = try CompactToken(text)
        if let shared {
            token = try IdentityToken(try compact.verified(by: shared), algorithm: .hs256)
            try token.check(issuer: ExecutionTicket.sharedIssuer, repository: nil, now: now)
        } else {
            guard let identities else {
                throw TokenError(.key, "there are no identities here, so no key can prove the token; name a shared key")
            }
            let signatory = try identities.signatory(of: compact)
            token = try IdentityToken(signatory.verified, algorithm: .edDSA)
            try token.check(issuer: signatory.identity.id, repository: repository, now: now)
            guard signatory.entry.isValid(at: now), signatory.entry.covers(token.issued) else {
                throw TokenError(
                    .key, "the key of `\(signatory.identity.id)` that signed the token is revoked, or not valid")
            }
        }
        let own = identities?.identity(token.agentID)
        let root = token.chain.first.map { identities?.identity($0.agentID) } ?? own
        func counted(_ names: [String], _ held: [String]?) -> [String] {
            identities == nil ? names : names.filter { held?.contains($0) ?? false }
        }
        let (roles, groups) = (counted(token.roles, root?.roles), counted(token.groups, root?.groups))
        ignored = token.roles.filter { !roles.contains($0) } + token.groups.filter { !groups.contains($0) }
        caller = Caller(
            id: token.agentID, kind: own?.kind, roles: roles, groups: groups,
            delegation: token.chain.isEmpty ? nil : CallerDelegation(delegators: token.chain.map(\.agentID)))
    }
}
