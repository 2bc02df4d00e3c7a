internal import SSHSignature
internal import Tokens

/// Signs tokens with the private key of an identity.
struct IdentitySigner: TokenSigner {
    private let signer: Ed25519Signer

    /// - Throws: for keys that sign nothing but what `ssh-keygen` wraps: with a passphrase, in an agent, on hardware, of another
    ///   type.
    init(_ signer: any Signer) throws(AgentSafeError) {
        guard let own = signer as? Ed25519Signer else {
            throw AgentSafeError(
                .failed,
                "a token is signed with an Ed25519 private key in a file without a passphrase, and "
                    + "\(signer.publicKey.fingerprint) is none; choose another key with `--key`")
        }
        self.signer = own
    }

    var algorithm: TokenAlgorithm { .edDSA }
    var keyID: String? { signer.publicKey.fingerprint }

    func sign(_ signed: [UInt8]) throws(TokenError) -> [UInt8] {
        do {
            return try signer.sign(token: signed)
        } catch {
            throw TokenError(.signature, "\(error)")
        }
    }
}

extension AgentSafeError {
    init(_ error: TokenError) {
        let code: Code = error.code == .weakKey ? .failed : error.isAuthentic ? .denied : .notAuthentic
        self.init(code, error.message)
    }
}

/// Runs token calls inside code that throws `AgentSafeError`.
func token<Value>(_ body: () throws(TokenError) -> Value) throws(AgentSafeError) -> Value {
    do { return try body() } catch { throw AgentSafeError(error) }
}
