/// Bounds of a delegation chain, as a change carries it.
public enum Delegation {
    /// From the one who has the roles to the one who proposes.
    public static let maximumDepth = 5
    /// Of one link, in bytes.
    public static let maximumTokenSize = 8 << 10

    /// Whether `text` has the letters of a compact JWS: three parts of base64url, and so nothing that YAML, a shell or a
    /// terminal would read as something else.
    public static func isToken(_ text: String) -> Bool {
        guard (5...maximumTokenSize).contains(text.utf8.count), text.utf8.starts(with: "eyJ".utf8) else { return false }
        var dots = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "."): dots += 1
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                break
            default: return false
            }
        }
        return dots == 2
    }
}
