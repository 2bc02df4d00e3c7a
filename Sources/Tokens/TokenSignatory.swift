public import ChangeModel

/// Whose key proves a token, by the identities of one main commit.
public struct TokenSignatory: Sendable {
    public let identity: Identity
    /// Whether the key holds is for the reader to say: now, or when the token was issued.
    public let entry: IdentityKey
    public let fingerprint: String
    /// The token, whose signature holds.
    public let verified: VerifiedToken
}

extension IdentityRegistry {
    /// Checks an EdDSA token with the key that its `kid` names, which an identity must own.
    public func signatory(of token: CompactToken) throws(TokenError) -> TokenSignatory {
        guard token.algorithm == .edDSA else {
            throw TokenError(
                .algorithm, "the token is signed by \(token.algorithm.rawValue), and EdDSA is wanted here")
        }
        guard let name = token.keyID, let (owner, entry) = owner(ofFingerprint: name),
            let key = EdDSAKey(sshText: entry.publicKey)
        else { throw TokenError(.key, "the token's `kid` names no Ed25519 key of an identity of this repository") }
        return TokenSignatory(
            identity: owner, entry: entry, fingerprint: name, verified: try token.verified(by: key))
    }

    /// The identity that owns the key with this fingerprint, and the key's entry.
    public func owner(ofFingerprint fingerprint: String) -> (identity: Identity, key: IdentityKey)? {
        for identity in identities {
            if let key = identity.keys.first(where: { EdDSAKey.fingerprint(of: $0.publicKey) == fingerprint }) {
                return (identity, key)
            }
        }
        return nil
    }
}
