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
}
