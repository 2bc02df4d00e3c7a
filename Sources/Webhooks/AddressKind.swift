public import OperatingSystem

/// What an IP address is for, as far as it matters to whoever sends requests to where a file says.
///
/// Private networks (RFC 1918, RFC 4193, and RFC 6598's shared space) are ordinary here: that is where a company's own
/// receivers are. What only this machine, this link or this cloud's instances can reach is not.
public enum AddressKind: String, Sendable, CaseIterable {
    case ordinary
    case loopback = "a loopback address"
    case linkLocal = "a link-local address"
    case metadata = "the address of a cloud's metadata service"
    case unspecified = "the unspecified address"
    case multicast = "a multicast or broadcast address"
    case reserved = "an address of a reserved range"

    /// Judges by the IANA special-purpose registries (RFC 6890). Where an IPv6 address stands for one of IPv4 (mapped, NAT64,
    /// 6to4 and the like), that one is judged.
    public init(_ address: IPAddress) {
        self = address.isIPv4 ? Self.kind4(address.bytes) : Self.kind6(address.bytes)
    }

    private static func kind4(_ b: [UInt8]) -> AddressKind {
        // AWS and most others, ECS, and EKS: 169.254; Azure; Alibaba; Oracle.
        if b == [168, 63, 129, 16] || b == [100, 100, 100, 200] || b == [192, 0, 0, 192] || b == [169, 254, 169, 254]
            || b == [169, 254, 170, 2] || b == [169, 254, 170, 23]
        {
            return .metadata
        }
        switch (b[0], b[1], b[2]) {
        case (0, 0, 0) where b[3] == 0: return .unspecified
        // "This network" leads to this machine on Linux.
        case (0, _, _): return .unspecified
        case (127, _, _): return .loopback
        case (169, 254, _): return .linkLocal
        case (224...239, _, _): return .multicast
        case (255, 255, 255) where b[3] == 255: return .multicast
        case (240...255, _, _): return .reserved
        // IETF protocol assignments, documentation, the old 6to4 relays, benchmarks.
        case (192, 0, 0), (192, 0, 2), (198, 51, 100), (203, 0, 113), (192, 88, 99), (198, 18...19, _): return .reserved
        default: return .ordinary
        }
    }

    private static func kind6(_ b: [UInt8]) -> AddressKind {
        func begins(_ prefix: [UInt8]) -> Bool { b.starts(with: prefix) }
        let zeros = [UInt8](repeating: 0, count: 16)
        if b == zeros { return .unspecified }
        if b == zeros.dropLast() + [1] { return .loopback }
        // AWS; Google; Scaleway.
        if begins([0xFD, 0x00, 0x0E, 0xC2]) || b == [0xFD, 0x20, 0x00, 0xCE] + zeros[..<10] + [0x02, 0x54]
            || b == [0xFD, 0x00, 0x00, 0x42] + zeros[..<11] + [0x42]
        {
            return .metadata
        }
        if let inner = embedded(b) { return kind4(inner) }
        switch (b[0], b[1]) {
        case (0xFF, _): return .multicast
        case (0xFE, 0x80...0xBF): return .linkLocal
        // The old site-local range (RFC 3879).
        case (0xFE, 0xC0...0xFF): return .reserved
        // ::/8 holds nothing else that is in use; 100::/64 is the discard prefix; Teredo, ORCHID, benchmarks; documentation.
        case (0x00, _): return .reserved
        case (0x01, 0x00): return .reserved
        case (0x20, 0x01) where b[2] < 2: return .reserved
        case (0x20, 0x01) where b[2] == 0x0D && b[3] == 0xB8: return .reserved
        case (0x3F, 0xFF) where b[2] < 0x10: return .reserved
        default: return .ordinary
        }
    }

    /// The IPv4 address that one of IPv6 stands for.
    fileprivate static func embedded(_ b: [UInt8]) -> [UInt8]? {
        let zeros = [UInt8](repeating: 0, count: 12)
        let last = Array(b[12...])
        // IPv4-mapped and IPv4-translated (RFC 4291, RFC 2765).
        if b[..<12] == (zeros[..<10] + [0xFF, 0xFF])[...] || b[..<12] == (zeros[..<8] + [0xFF, 0xFF, 0, 0])[...] {
            return last
        }
        // NAT64's well-known prefix (RFC 6052). Of the local ones (64:ff9b:1::/48) nobody here knows where the bytes are.
        if b[..<12] == ([0, 0x64, 0xFF, 0x9B] + zeros[..<8])[...] { return last }
        // 6to4 (RFC 3056).
        if b[0] == 0x20, b[1] == 0x02 { return Array(b[2..<6]) }
        // ISATAP (RFC 5214).
        if b[8] & 0xFD == 0, b[9] == 0, b[10] == 0x5E, b[11] == 0xFE { return last }
        return nil
    }
}

extension IPAddress {
    /// The address of IPv4 that one of IPv6 stands for; any other is itself.
    var carried: IPAddress { isIPv4 ? self : AddressKind.embedded(bytes).flatMap { IPAddress(bytes: $0) } ?? self }
}
