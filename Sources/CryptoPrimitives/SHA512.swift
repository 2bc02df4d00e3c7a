/// SHA-512 (FIPS 180-4).
public enum SHA512 {
    /// 64 bytes.
    public static func hash(_ content: [UInt8]) -> [UInt8] {
        MessageDigest.hash(content, with: MessageDigest.sha512, size: 64)
    }
}
