/// SHA-256 (FIPS 180-4).
public enum SHA256 {
    /// 32 bytes.
    public static func hash(_ content: [UInt8]) -> [UInt8] {
        MessageDigest.hash(content, with: MessageDigest.sha256, size: 32)
    }
}
