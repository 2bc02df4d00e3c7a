internal import ChangeModel
internal import Git
internal import SSHSignature

/// Who signed something, by the identities of one main commit.
struct Signatory {
    let identity: Identity
    let key: IdentityKey
}

extension IdentityRegistry {
    /// Verifies an SSHSIG over `message` and finds the identity that owns its key.
    ///
    /// Says nothing about the key's window: that is judged when a claim is made or an event is dated, never by a commit's
    /// own dates. A revoked key signs nothing any more.
    func signatory(
        of signature: SSHSignature, over message: [UInt8], namespace: String, evenRevoked: Bool = false
    ) throws(LedgerError) -> Signatory {
        do {
            try signature.verify(message: message, namespace: namespace)
        } catch {
            throw .notAuthentic("the signature does not hold: \(error)")
        }
        guard let (identity, key) = owner(ofKey: signature.publicKey.text) else {
            throw .notAuthentic(
                "it is signed with \(signature.publicKey.fingerprint), which belongs to no identity of this repository",
                advice: "ask an admin to add the key with `agentsafe identity add`")
        }
        guard evenRevoked || !key.revoked else {
            throw .notAuthentic("it is signed with a revoked key of `\(identity.id)`")
        }
        return Signatory(identity: identity, key: key)
    }

    /// Verifies a commit's own signature (namespace `git`).
    func signatory(of commit: Commit) throws(LedgerError) -> Signatory {
        guard let armor = commit.signatureBytes else {
            throw .notAuthentic("the commit is not signed", advice: "sign it with `git commit -S`")
        }
        let signature: SSHSignature
        do {
            signature = try SSHSignature(armored: armor)
        } catch {
            throw .notAuthentic("the commit's signature cannot be read: \(error)")
        }
        return try signatory(of: signature, over: commit.signedPayload, namespace: "git")
    }
}
