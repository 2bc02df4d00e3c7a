public import OperatingSystem

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The addresses of this machine's own interfaces. What listens on all of them is reached by any as it is by loopback.
public enum OwnAddresses {
    /// Empty where the system does not say.
    public static func current() -> Set<IPAddress> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0, let list else { return [] }
        defer { freeifaddrs(list) }
        var found: Set<IPAddress> = []
        var next: UnsafeMutablePointer<ifaddrs>? = list
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let socket = entry.pointee.ifa_addr else { continue }
            let raw = UnsafeRawPointer(socket)
            let bytes: [UInt8]
            switch Int32(socket.pointee.sa_family) {
            case AF_INET: bytes = withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
            case AF_INET6:
                bytes = withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
            default: continue
            }
            if let address = IPAddress(bytes: bytes) { found.insert(address) }
        }
        return found
    }
}
