import HTTP
import KubernetesAccess
import OperatingSystem
import TestSupport

/// Puts a real way before a transport: the other side becomes a server of its own behind TLS that demands a client
/// certificate, and this side a connection by a kubeconfig.
final class TLSReplay: HTTPTransport {
    private let front: HTTPFront
    private let proxy: FaultProxy
    private let directory: TemporaryDirectory
    private let connection: ClusterConnection

    /// What only the front's thread uses, one request at a time.
    private struct Handed: @unchecked Sendable { let transport: any HTTPTransport }

    init(_ transport: any HTTPTransport) throws {
        let handed = Locked(Handed(transport: transport))
        front = try HTTPFront { request in
            handed.withLock { (try? $0.transport.send(request)) ?? HTTPResponse(status: 500) }
        }
        let certificates = try FaultBench.certificates.get()
        proxy = try FaultProxy(certificates, upstream: front.port)
        directory = try TemporaryDirectory()
        let file = try FaultBench.kubeconfig(proxy.address, certificates, in: directory)
        let host = SSHKeys.host(directory)
        let found = try ClusterSpecification.find(kubeconfig: file, context: nil, host: host)
        connection = try ClusterConnection(found.specification, host: host)
    }

    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse { try connection.send(request) }
}
