/// How a server is reached, whom it must prove to be, and who is asking.
public struct ConnectionSettings: Sendable {
    /// Which certificates are believed.
    public enum Trust: Sendable, Hashable {
        /// Those that the machine trusts.
        case system
        /// These certificates alone, in PEM.
        case authorities([UInt8])
        /// Any. Whoever stands between can read and change everything.
        case anyone
    }

    /// A client's certificate with its chain, and its private key, both in PEM. They stay in memory.
    public struct ClientIdentity: Sendable, Hashable {
        public var certificate: [UInt8]
        public var key: [UInt8]

        public init(certificate: [UInt8], key: [UInt8]) {
            self.certificate = certificate
            self.key = key
        }
    }

    public var address: ServerAddress
    public var trust: Trust
    public var identity: ClientIdentity?
    /// The name that is asked for (SNI, RFC 6066) and that the certificate must hold; nil: the address's host.
    public var serverName: String?
    public var proxy: ProxyAddress?
    /// A socket of this machine to connect to, instead of the address's host and port.
    public var unixSocket: String?
    public var acceptsCompression = true
    /// Seconds until TCP, the proxy and TLS must stand.
    public var connectTimeout = 10
    /// Asked with the peer's IP address when a connection stands and before a byte of the request goes over it; false ends
    /// the exchange. Behind a proxy the peer is the proxy.
    public var acceptsPeer: (@Sendable (_ address: String) -> Bool)?
    /// Bytes of a body after decompression. More is an error, never a part.
    public var maximumBody = 16 << 20
    /// Bytes of all header lines of one answer.
    public var maximumHead = 64 << 10

    public init(
        address: ServerAddress, trust: Trust = .system, identity: ClientIdentity? = nil, serverName: String? = nil,
        proxy: ProxyAddress? = nil
    ) {
        self.address = address
        self.trust = trust
        self.identity = identity
        self.serverName = serverName
        self.proxy = proxy
    }
}
