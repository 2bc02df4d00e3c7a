internal import COpenSSL

/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// 32 bytes.
    public static func hash(_ content: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        content.withUnsafeBufferPointer { input in
            // SHA256(3): the result is the buffer that was passed; it fails only for a nil buffer.
            _ = COpenSSL.SHA256(input.baseAddress, input.count, &digest)
        }
        return digest
    }
}
