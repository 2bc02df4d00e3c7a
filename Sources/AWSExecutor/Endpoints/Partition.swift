/// A part of AWS with accounts, names and domains of its own.
enum Partition: String, Sendable, CaseIterable {
    case aws
    case china = "aws-cn"
    case government = "aws-us-gov"

    /// - Returns: nil for a region that belongs to none of them.
    init?(region: String) {
        guard Self.isRegion(region) else { return nil }
        if region.hasPrefix("cn-") {
            self = .china
        } else if region.hasPrefix("us-gov-") {
            self = .government
        } else if ["us-iso", "eu-iso", "eusc-"].contains(where: region.hasPrefix) {
            // Partitions apart, for which no endpoint is known here.
            return nil
        } else {
            self = .aws
        }
    }

    var domain: String { self == .china ? "amazonaws.com.cn" : "amazonaws.com" }
    /// Of endpoints with IPv4 and IPv6.
    var dualStackDomain: String { self == .china ? "api.amazonwebservices.com.cn" : "api.aws" }

    /// `us-east-1`: what may become part of a host's name.
    static func isRegion(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return (3...5).contains(parts.count) && text.utf8.count <= 40
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
            }
    }
}
