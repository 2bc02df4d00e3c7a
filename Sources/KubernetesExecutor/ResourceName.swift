/// The names that the API server accepts (Kubernetes, "Object Names and IDs"). Whatever a caller sends is held against
/// these before any request exists.
enum ResourceName {
    /// A DNS label by RFC 1123: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 bytes. Namespaces and containers.
    static func isLabel(_ text: some StringProtocol) -> Bool {
        (1...63).contains(text.utf8.count) && isPart(Array(text.utf8)[...])
    }

    /// DNS labels joined by dots, at most 253 bytes. Deployments, nodes, config maps.
    static func isSubdomain(_ text: some StringProtocol) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        // Unlike a host name's, a part may be longer than 63 bytes.
        return Array(text.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy(isPart)
    }

    /// A key of a config map: `[-._a-zA-Z0-9]+`, at most 253 bytes, neither `.` nor beginning with `..`.
    static func isConfigMapKey(_ text: some StringProtocol) -> Bool {
        guard (1...253).contains(text.utf8.count), text != ".", !text.hasPrefix("..") else { return false }
        return text.utf8.allSatisfy {
            isAlphanumeric($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || "-._".utf8.contains($0)
        }
    }

    private static func isPart(_ part: ArraySlice<UInt8>) -> Bool {
        guard let first = part.first, let last = part.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && part.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
