internal import COpenSSL

/// The public keys that were seen lately, ready for use: making an ECDSA key costs a third of a verification, and a
/// history is signed by few keys.
///
/// A key once made is never changed, so sharing it cannot change an answer. OpenSSL's own lock serves, which spares
/// every start of the program the loading of another library.
final class KeyCache: @unchecked Sendable {
    static let shared = KeyCache()

    /// Beyond so many keys the cache starts anew: a flood of keys costs time, never memory.
    private static let limit = 1024

    private let lock = CRYPTO_THREAD_lock_new()
    private var handles: [[UInt8]: KeyHandle] = [:]

    /// The handle that was made under `name` before, or a new one.
    ///
    /// - Parameter name: determines the key completely.
    func handle(
        _ name: [UInt8], make: () throws(CryptoError) -> KeyHandle
    ) throws(CryptoError) -> KeyHandle {
        if let known = withLock({ handles[name] }) { return known }
        let handle = try make()
        withLock {
            if handles.count >= Self.limit { handles.removeAll() }
            handles[name] = handle
        }
        return handle
    }

    /// - Returns: nil also when there is no lock to be had; then nothing is cached.
    private func withLock<Value>(_ body: () -> Value?) -> Value? {
        guard let lock, CRYPTO_THREAD_write_lock(lock) == 1 else { return nil }
        defer { CRYPTO_THREAD_unlock(lock) }
        return body()
    }
}
