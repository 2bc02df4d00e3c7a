internal import CryptoPrimitives
internal import OperatingSystem

extension SSHSignature {
    /// Checks that `publicKey` signed exactly `message`, for `namespace`. Returns nothing: it throws or the check holds.
    ///
    /// - Parameter namespace: what the signature must have been made for; one made for anything else is refused, since its
    ///   signer may have meant another thing by the same bytes.
    public func verify(message: [UInt8], namespace: String) throws(SSHSignatureError) {
        guard !namespace.isEmpty else { throw SSHSignatureError(.wrongNamespace, "no namespace is asked for") }
        guard namespace.utf8.elementsEqual(self.namespace.utf8) else {
            throw SSHSignatureError(
                .wrongNamespace, "the signature is for the namespace `\(self.namespace)`, not `\(namespace)`")
        }
        var data = Self.signedData(message, namespace: namespace, hash: hashAlgorithm)
        // A signature that held holds again: the same votes and proposals are asked about over and over.
        let question = SHA256.hash(blob + data)
        if Self.held.withLock({ $0.contains(question) }) { return }
        if let authenticator = value.authenticator {
            guard authenticator.isUserPresent else {
                throw SSHSignatureError(
                    .userNotPresent,
                    "nobody touched the security key for this signature; sign again with a key that asks for touch")
            }
            guard let signed = authenticator.signedData(data, application: publicKey.application ?? []) else {
                throw SSHSignatureError(.notVerified, "the browser's client data is not for this message")
            }
            data = signed
        }
        guard value.isMade(by: publicKey.material, over: data) else {
            throw SSHSignatureError(
                .notVerified, "the key \(publicKey.fingerprint) did not sign this text: one of the two was changed")
        }
        Self.held.withLock { held in
            if held.count >= Self.heldLimit { held.removeAll(keepingCapacity: true) }
            held.insert(question)
        }
    }

    /// What was verified in this process: digests over the whole signature, its key included, and what it is over.
    private static let held = Locked<Set<[UInt8]>>([])
    private static let heldLimit = 10_000
}
