import ChangeModel
import EmbeddedCluster
import HTTP
import KubernetesAccess
import KubernetesExecutor
import OperatingSystem
import Runner
import TestSupport

/// The embedded cluster as a server of its own, a proxy that does harm before it, and the real way to it: a kubeconfig, TLS
/// with client certificates, libcurl, repetition.
final class FaultBench {
    static let certificates: Result<Certificates, any Error> = Result { try Certificates() }

    let front: HTTPFront
    let proxy: FaultProxy
    private let objects: JSONValue
    private let cluster: Locked<EmbeddedCluster>
    private let directory: TemporaryDirectory

    init(_ objects: [JSONValue]) throws {
        let certificates = try Self.certificates.get()
        directory = try TemporaryDirectory()
        self.objects = Fixture.list(objects)
        let cluster = Locked(try EmbeddedCluster(objects: self.objects, clock: { Fixture.now }))
        self.cluster = cluster
        front = try HTTPFront { request in
            cluster.withLock { (try? $0.send(request)) ?? HTTPResponse(status: 500) }
        }
        proxy = try FaultProxy(certificates, upstream: front.port)
    }

    static func kubeconfig(_ address: String, _ certificates: Certificates, in directory: TemporaryDirectory) throws
        -> String
    {
        try directory.write(
            "config",
            """
            current-context: main
            contexts: [{name: main, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "\(address)", certificate-authority: \(certificates.path("ca.crt"))}}]
            users:
              - name: u
                user: {client-certificate: \(certificates.path("client.crt")), client-key: \(certificates.path("client.key"))}

            """, mode: 0o600)
    }

    /// A cluster as it was at first, and new connections to it.
    func reset() throws {
        let fresh = try EmbeddedCluster(objects: objects, clock: { Fixture.now })
        cluster.withLock { $0 = fresh }
    }

    var state: JSONValue { cluster.withLock { $0.objects } }

    /// - Parameter timeout: seconds for each request; nil: what the executor says.
    func executor(timeout: Int? = nil) throws -> KubernetesExecutor {
        let host = SSHKeys.host(directory)
        let path = directory.file("config")
        let file =
            Files.kind(path) == nil
            ? try Self.kubeconfig(proxy.address, try Self.certificates.get(), in: directory) : path
        let found = try ClusterSpecification.find(kubeconfig: file, context: nil, host: host)
        let connection = HurriedTransport(try ClusterConnection(found.specification, host: host), timeout: timeout)
        var generator = SeededGenerator(stream: 9)
        let transport = RetryingTransport(
            connection, policy: .underWaitingClient, sleep: { _ in },
            random: { count in (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) } })
        var now = Fixture.now
        return KubernetesExecutor(
            transport: transport, evidenceKey: Fixture.evidenceKey, sleep: { now += Int64($0 / 1000) }, now: { now },
            convergenceTimeout: 60)
    }
}

/// Gives every request less time.
private final class HurriedTransport: HTTPTransport {
    private let next: any HTTPTransport
    private let timeout: Int?

    init(_ next: any HTTPTransport, timeout: Int?) {
        self.next = next
        self.timeout = timeout
    }

    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        var request = request
        if let timeout { request.timeout = timeout }
        return try next.send(request)
    }
}
