internal import COpenSSL

/// Wiping secrets from memory.
public enum SecretBytes {
    /// Overwrites `bytes` so that no compiler leaves it out, and empties it. Copies that were made stay.
    public static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
        bytes = []
    }

    /// Overwrites memory so that no compiler leaves it out.
    public static func wipe(_ memory: UnsafeMutableRawBufferPointer) {
        OPENSSL_cleanse(memory.baseAddress, memory.count)
    }
}
