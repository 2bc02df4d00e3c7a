public import ChangeModel

/// A chain of delegations, each link checked: from somebody who has the roles to whoever acts with them.
///
/// No link can widen what the one before gave. Roles, groups, expiry and depth are compared; of actions and targets, those of
/// every link hold together.
public struct DelegationChain: Hashable, Sendable {
    /// Root first; at least one.
    public let links: [DelegationLink]
    /// SHA-256 of the last token: what a further link names as its parent.
    public let digest: Digest
    private let last: DelegationLink

    /// Seconds that the clocks of those who sign may differ, as everywhere in the ledger.
    public static let skew: Int64 = 300

    /// Who acts.
    public var delegate: String { last.delegate }
    /// The fingerprint of the one key that may act.
    public var delegateKey: String { last.delegateKey }
    public var roles: [String] { last.roles }
    public var groups: [String] { last.groups }
    public var expires: Timestamp { last.expires }
    /// Further links that may follow.
    public var depthLeft: Int { last.depth }
    /// Everybody who handed something on, root first.
    public var delegators: [String] { links.map(\.delegator) }

    /// Checks a chain by the identities of one main commit, at one instant.
    ///
    /// - Parameter tokens: root first.
    public init(
        _ tokens: [String], identities: IdentityRegistry, repository: String, now: Timestamp
    ) throws(TokenError) {
        guard !tokens.isEmpty else { throw TokenError(.malformed, "a delegation chain has at least one link") }
        guard tokens.count <= Delegation.maximumDepth else {
            throw TokenError(
                .depth, "the chain has \(tokens.count) links, at most \(Delegation.maximumDepth) are taken")
        }
        var links: [DelegationLink] = []
        var previous: Digest?
        for (index, text) in tokens.enumerated() {
            do {
                let read = try Self.read(text, identities: identities)
                try Self.check(read, after: links.last, parent: previous, identities, repository, now: now)
                links.append(read.link)
                previous = read.digest
            } catch {
                throw TokenError(error.code, "link \(index + 1) of the delegation: \(error.message)")
            }
        }
        let everybody = links.map(\.delegator) + links.suffix(1).map(\.delegate)
        guard Set(everybody).count == everybody.count else {
            throw TokenError(.loop, "the delegation comes back to somebody: \(everybody.joined(separator: " → "))")
        }
        guard let last = links.last, let previous else {
            throw TokenError(.malformed, "a delegation chain has at least one link")
        }
        self.links = links
        self.last = last
        digest = previous
    }

    /// A link, and what signed it.
    private struct SignedLink {
        let link: DelegationLink
        let digest: Digest
        let signer: IdentityKey
        let fingerprint: String
    }

    /// The link, signed by a key of the one who delegates.
    private static func read(_ text: String, identities: IdentityRegistry) throws(TokenError) -> SignedLink {
        guard Delegation.isToken(text) else { throw TokenError(.malformed, "it is no token") }
        let token = try CompactToken(text)
        let signatory = try identities.signatory(of: token)
        let link = try DelegationLink(signatory.verified)
        guard signatory.identity.id == link.delegator else {
            throw TokenError(
                .signature, "it says that `\(link.delegator)` delegates, and `\(signatory.identity.id)` signed it")
        }
        return SignedLink(
            link: link, digest: token.digest, signer: signatory.entry, fingerprint: signatory.fingerprint)
    }

    private static func check(
        _ signed: SignedLink, after previous: DelegationLink?, parent: Digest?, _ identities: IdentityRegistry,
        _ repository: String, now: Timestamp
    ) throws(TokenError) {
        let link = signed.link
        guard link.repository == repository else {
            throw TokenError(.repository, "it is for repository `\(link.repository)`, not for `\(repository)`")
        }
        try Claims.checkLife(
            "delegation", issued: link.issued, expires: link.expires, longest: DelegationLink.maximumLifetime,
            early: skew, late: 0, now: now)
        guard signed.signer.isValid(at: now) else {
            throw TokenError(.key, "the key of `\(link.delegator)` that signed it is revoked, or not valid now")
        }
        // The root holds what it hands on now, not only when it signed.
        guard let delegator = identities.identity(link.delegator), delegator.kind != .service else {
            throw TokenError(.key, "`\(link.delegator)` is a service, or no identity of this repository")
        }
        guard let (delegate, key) = identities.owner(ofFingerprint: link.delegateKey), delegate.id == link.delegate,
            delegate.kind != .service
        else { throw TokenError(.key, "the key that it names is none of `\(link.delegate)`") }
        guard key.isValid(at: now) else {
            throw TokenError(.key, "the key of `\(link.delegate)` that it names is revoked, or not valid now")
        }
        guard link.parent == parent else {
            throw TokenError(
                .chain,
                parent == nil ? "it is not the first one of its chain" : "it does not follow from the link before")
        }
        let held: (roles: [String], groups: [String], name: String)
        if let previous {
            guard link.delegator == previous.delegate else {
                throw TokenError(
                    .chain, "`\(link.delegator)` signed it, and `\(previous.delegate)` was handed the right to")
            }
            guard signed.fingerprint == previous.delegateKey else {
                throw TokenError(.signature, "another key of `\(link.delegator)` signed it than the one that was named")
            }
            guard link.depth < previous.depth else {
                throw TokenError(
                    .depth,
                    previous.depth == 0
                        ? "`\(previous.delegator)` allowed no further delegation"
                        : "it allows \(link.depth) further links, and at most \(previous.depth - 1) are left")
            }
            guard link.expires <= previous.expires else {
                throw TokenError(
                    .scope, "it lives until \(link.expires), and what it rests on until \(previous.expires)")
            }
            held = (previous.roles, previous.groups, previous.delegate)
        } else {
            held = (delegator.roles, delegator.groups, delegator.id)
        }
        for (kind, given, had) in [("role", link.roles, held.roles), ("group", link.groups, held.groups)] {
            if let extra = given.first(where: { !had.contains($0) }) {
                throw TokenError(
                    .scope, "it hands on the \(kind) `\(Excerpt.bounded(extra))`, which `\(held.name)` does not hold")
            }
        }
    }
}
