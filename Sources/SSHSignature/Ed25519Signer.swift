internal import CryptoPrimitives

/// Signs in this process with an Ed25519 key, byte for byte as `ssh-keygen -Y sign` does (SHA-512).
public struct Ed25519Signer: Signer {
    public let publicKey: SSHPublicKey
    private let key: Ed25519PrivateKey

    /// - Parameter seed: the 32 bytes that RFC 8032 calls the private key.
    public init(seed: [UInt8]) throws(SigningError) {
        let key: Ed25519PrivateKey
        do throws(CryptoError) {
            key = try Ed25519PrivateKey(seed: seed)
        } catch {
            throw SigningError(.notAKey, "an ed25519 key has a seed of 32 bytes: \(error)")
        }
        try self.init(key: key)
    }

    init(key: Ed25519PrivateKey) throws(SigningError) {
        var writer = WireWriter()
        writer.string(SSHKeyAlgorithm.ed25519.rawValue)
        writer.string(key.publicKey)
        do throws(SSHKeyError) {
            publicKey = try SSHPublicKey(blob: writer.bytes)
        } catch {
            throw SigningError(.notAKey, error.description)
        }
        self.key = key
    }

    public func sign(_ message: [UInt8], namespace: String) throws(SigningError) -> SSHSignature {
        try check(namespace: namespace)
        let data = SSHSignature.signedData(message, namespace: namespace, hash: .sha512)
        var writer = WireWriter()
        writer.string(SignatureAlgorithm.ed25519.rawValue)
        do throws(CryptoError) {
            writer.string(try key.sign(data))
        } catch {
            throw SigningError(.badSignature, "cannot sign: \(error)")
        }
        let blob = SSHSignature.blob(key: publicKey, namespace: namespace, hash: .sha512, signature: writer.bytes)
        do throws(SSHSignatureError) {
            return try SSHSignature(blob: blob)
        } catch {
            throw SigningError(.badSignature, error.description)
        }
    }

    /// Signs a JSON Web Signature's input (RFC 8037, section 3.1): 64 bytes.
    ///
    /// One key for two purposes is safe as long as no text means something in both: what SSHSIG signs begins with `SSHSIG`, and
    /// the input of a JWS with the base64url of `{"`. Nothing else is signed here.
    public func sign(token input: [UInt8]) throws(SigningError) -> [UInt8] {
        guard input.starts(with: "eyJ".utf8) else {
            throw SigningError(.badNamespace, "only a token's header and payload are signed without a namespace")
        }
        do throws(CryptoError) {
            return try key.sign(input)
        } catch {
            throw SigningError(.badSignature, "cannot sign: \(error)")
        }
    }
}
