public import OperatingSystem

/// Decides where requests may go that a file asks for. The addresses that it gives are the ones to connect to: a second look at
/// the name could give others (DNS rebinding).
public struct AddressGuard: Sendable {
    public var localHosts: LocalHosts
    /// All addresses of a host; none when it cannot be found.
    public var lookup: @Sendable (_ host: String) -> [IPAddress]

    /// Those of this machine's interfaces.
    public var ownAddresses: @Sendable () -> Set<IPAddress> = { OwnAddresses.current() }

    public init(
        localHosts: LocalHosts, lookup: @escaping @Sendable (String) -> [IPAddress] = { NameLookup.addresses(of: $0) }
    ) {
        self.localHosts = localHosts
        self.lookup = lookup
    }

    public enum Verdict: Sendable, Hashable {
        /// Any of these may be connected to.
        case addresses([IPAddress])
        /// The machine names this host, and the proxy may look it up.
        case byName
        /// Nothing is known of the name, now.
        case unknown
        /// In words, without the URL.
        case refused(String)
    }

    /// - Parameter isProxied: whether a proxy connects. What it would find for a name nobody here can judge, so it is asked for
    ///   the judged address, too, unless the machine names the host.
    public func judge(_ address: WebhookAddress, isProxied: Bool = false) -> Verdict {
        let isNamed = localHosts.contains(address)
        if address.server.isPlain, !isNamed {
            return .refused("its URL is one of http; only https may be sent to, unless \(Self.naming)")
        }
        let host = address.server.host.lowercased()
        if !isNamed, Self.isLocalName(host) {
            return .refused("its host names the machine it is asked on or that one's cloud; \(Self.unless)")
        }
        let literal = IPAddress(host)
        if isNamed, isProxied, literal == nil { return .byName }
        let addresses = literal.map { [$0] } ?? lookup(host)
        if addresses.isEmpty { return .unknown }
        let own = isNamed ? [] : ownAddresses()
        for candidate in addresses {
            let kind = AddressKind(candidate)
            // To name a receiver is not to name what its name leads to one day.
            let isAllowed = kind == .ordinary || isNamed && (kind != .metadata || literal != nil)
            guard isAllowed else { return .refused("its host is at \(candidate), \(kind.rawValue); \(Self.unless)") }
            guard !own.contains(candidate.carried) else {
                return .refused("its host is at \(candidate), an address of this machine itself; \(Self.unless)")
            }
        }
        return .addresses(addresses)
    }

    private static func isLocalName(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "localhost.localdomain"
            || host == "metadata.google.internal" || host == "metadata.goog"
    }

    private static let naming =
        "this machine names the host in AGENTSAFE_LOCAL_HOSTS or `git config agentsafe.localHosts`"
    private static let unless = "nothing is sent there unless \(naming)"
}
