public import ChangeModel
internal import Ledger
internal import SSHSignature
public import Tokens

/// What somebody hands on.
public struct DelegationDraft: Sendable {
    public var delegate: String
    /// The fingerprint of the delegate's key; nil: the only one that is valid.
    public var delegateKey: String?
    public var roles: [String]
    public var groups: [String]
    /// Shell globs; empty: every action that the one before allows.
    public var actions: [String]
    public var targets: [String]
    /// Seconds; nil: a day, or as long as what it rests on.
    public var lifetime: Int64?
    /// Further links that may follow; nil: none.
    public var depth: Int?
    /// The chain by which the delegator holds what they hand on, root first; empty: by main.
    public var parent: [String]

    public init(
        delegate: String, delegateKey: String? = nil, roles: [String] = [], groups: [String] = [],
        actions: [String] = [], targets: [String] = [], lifetime: Int64? = nil, depth: Int? = nil,
        parent: [String] = []
    ) {
        self.delegate = delegate
        self.delegateKey = delegateKey
        self.roles = roles
        self.groups = groups
        self.actions = actions
        self.targets = targets
        self.lifetime = lifetime
        self.depth = depth
        self.parent = parent
    }
}

/// A chain that holds, with its tokens.
public struct SignedDelegation: Sendable {
    public let tokens: [String]
    public let chain: DelegationChain

    /// One token a line, root first: what `--delegation` and `--parent` read.
    public var text: String { tokens.joined(separator: "\n") }

    public var json: JSONValue {
        [
            "valid": true, "delegation": .strings(tokens), "delegate": .string(chain.delegate),
            "key": .string(chain.delegateKey), "delegated_by": .strings(chain.delegators),
            "roles": .strings(chain.roles), "groups": .strings(chain.groups),
            "expires": .string(chain.expires.description), "depth_left": .integer(Int64(chain.depthLeft)),
            "links": .array(chain.links.map(\.json)),
        ]
    }

    /// Tokens with any white space between them.
    public static func tokens(in text: String) throws(TokenError) -> [String] {
        let tokens = text.split { " \n\r\t".unicodeScalars.contains($0.unicodeScalars.first ?? " ") }.map(String.init)
        guard (1...Delegation.maximumDepth).contains(tokens.count), tokens.allSatisfy(Delegation.isToken) else {
            throw TokenError(
                .malformed,
                "a delegation is 1 to \(Delegation.maximumDepth) tokens, one a line, root first, as `agentsafe delegation "
                    + "create` prints them")
        }
        return tokens
    }
}

extension Workspace {
    /// Hands on some of what the caller may do, signed with the caller's own key. Needs no network: identities are those of the
    /// main that was fetched last.
    public func delegate(_ draft: DelegationDraft) throws(AgentSafeError) -> SignedDelegation {
        let state = try view().state
        let signer = try signer()
        let delegator = try identity(of: signer, in: state)
        let moment = now
        let parent: DelegationChain? =
            draft.parent.isEmpty
            ? nil
            : try token { () throws(TokenError) in
                try DelegationChain(
                    draft.parent, identities: state.identities, repository: state.repositoryID, now: moment)
            }
        guard let delegate = state.identities.identity(draft.delegate) else {
            throw AgentSafeError(
                .failed, "there is no identity `\(draft.delegate.prefix(60))` on main; see `agentsafe identity list`")
        }
        let end = moment + .seconds(draft.lifetime ?? DelegationLink.defaultLifetime)
        if let parent, draft.lifetime != nil, end > parent.expires {
            throw AgentSafeError(
                .denied, "the delegation that yours rests on ends at \(parent.expires), and none outlives its parent")
        }
        let left = draft.depth ?? 0
        guard (0..<Delegation.maximumDepth).contains(left) else {
            throw AgentSafeError(
                .usage, "`--depth` is 0 to \(Delegation.maximumDepth - 1) further links, not \(left)")
        }
        let link = DelegationLink(
            delegator: delegator.id, delegate: delegate.id, delegateKey: try Self.key(of: delegate, draft, at: moment),
            repository: state.repositoryID, id: Hexadecimal.text(host.random(16)), issued: moment,
            expires: min(end, parent?.expires ?? end), depth: left, roles: draft.roles, groups: draft.groups,
            actions: draft.actions.isEmpty ? ["*"] : draft.actions,
            targets: draft.targets.isEmpty ? ["*"] : draft.targets, parent: parent?.digest)
        let own = try IdentitySigner(signer)
        return try token { () throws(TokenError) in
            let tokens = draft.parent + [try link.token(by: own)]
            // What nobody would accept is not handed out either.
            let chain = try DelegationChain(
                tokens, identities: state.identities, repository: state.repositoryID, now: moment)
            return SignedDelegation(tokens: tokens, chain: chain)
        }
    }

    private static func key(
        of delegate: Identity, _ draft: DelegationDraft, at moment: Timestamp
    ) throws(AgentSafeError) -> String {
        let valid = delegate.keys.filter { $0.isValid(at: moment) }.map(\.fingerprint)
        if let wanted = draft.delegateKey {
            guard valid.contains(wanted) else {
                throw AgentSafeError(
                    .failed, "`\(wanted.prefix(60))` is no valid key of `\(delegate.id)`; see `agentsafe identity list`"
                )
            }
            return wanted
        }
        guard let only = valid.first, valid.count == 1 else {
            throw AgentSafeError(
                .usage,
                "`\(delegate.id)` has \(valid.count) valid keys; say which with `--to-key`, by its fingerprint in "
                    + "`agentsafe identity list`")
        }
        return only
    }

    /// Checks a chain by main's newest verified commit. Never touches the network.
    ///
    /// - Returns: why the chain does not hold, where it does not.
    public func verifyDelegation(_ tokens: [String]) throws(AgentSafeError) -> Result<SignedDelegation, TokenError> {
        let state = try view().state
        do throws(TokenError) {
            let chain = try DelegationChain(
                tokens, identities: state.identities, repository: state.repositoryID, now: now)
            return .success(SignedDelegation(tokens: tokens, chain: chain))
        } catch {
            return .failure(error)
        }
    }
}
