#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The addresses of a host, as this machine finds them: its hosts file, DNS and whatever else it is set to ask.
public enum NameLookup {
    /// More are not looked at.
    public static let maximumAddresses = 32
    /// Seconds. getaddrinfo(3) has no time limit of its own, and with dead name servers it takes up to a minute.
    public static let usualTimeout = 10

    /// - Parameter timeout: seconds; then whoever still looks goes on in a thread of its own, and its answer is dropped.
    /// - Returns: each address once, in the order in which they should be tried; empty when there are none or nobody answered
    ///   in time.
    public static func addresses(of host: String, timeout: Int = usualTimeout) -> [IPAddress] {
        let found = Locked<[IPAddress]?>(nil)
        let search = Threads.start {
            let addresses = Self.ask(host)
            found.withLock { $0 = addresses }
        }
        let end = Host.bootTimeNanoseconds() + UInt64(max(1, timeout)) * 1_000_000_000
        var pause: UInt32 = 200
        while Host.bootTimeNanoseconds() < end {
            if let addresses = found.withLock({ $0 }) {
                search.value()
                return addresses
            }
            usleep(pause)
            pause = min(20_000, pause * 2)
        }
        return []
    }

    private static func ask(_ host: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0, let list else { return [] }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let entry = next, addresses.count < maximumAddresses {
            next = entry.pointee.ai_next
            if let address = address(entry.pointee), !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let socket = entry.ai_addr else { return nil }
        let raw = UnsafeRawPointer(socket)
        switch entry.ai_family {
        case AF_INET where Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in>.size:
            return withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) {
                IPAddress(bytes: Array($0))
            }
        case AF_INET6 where Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size:
            return withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) {
                IPAddress(bytes: Array($0))
            }
        default: return nil
        }
    }
}
