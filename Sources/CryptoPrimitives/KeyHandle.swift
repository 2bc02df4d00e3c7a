internal import COpenSSL

/// Owns one `EVP_PKEY`, which is never changed once it is made, and so may be used by several threads.
final class KeyHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// Takes over `pointer`, the result of `function`; nil is that function's failure.
    init(owning pointer: OpaquePointer?, from function: String) throws(CryptoError) {
        guard let pointer else {
            ERR_clear_error()
            throw CryptoError(function: function)
        }
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }

    /// - Parameter digest: nil for Ed25519, which hashes by itself.
    func verifies(_ signature: [UInt8], of message: [UInt8], digest: OpaquePointer?) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, digest, nil, pointer) == 1,
            EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        else {
            ERR_clear_error()
            return false
        }
        return true
    }

    /// - Parameter size: the signature's length, in bytes.
    func sign(_ message: [UInt8], size: Int) throws(CryptoError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw CryptoError(function: "EVP_MD_CTX_new") }
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: size)
        var length = size
        guard EVP_DigestSignInit(context, nil, nil, nil, pointer) == 1,
            EVP_DigestSign(context, &signature, &length, message, message.count) == 1, length == size
        else {
            ERR_clear_error()
            throw CryptoError(function: "EVP_DigestSign")
        }
        return signature
    }

    /// The public half of a key that has a raw form.
    func rawPublicKey(size: Int) throws(CryptoError) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: size)
        var length = size
        guard EVP_PKEY_get_raw_public_key(pointer, &key, &length) == 1, length == size else {
            ERR_clear_error()
            throw CryptoError(function: "EVP_PKEY_get_raw_public_key")
        }
        return key
    }
}
