import ChangeModel
import CryptoPrimitives
import HTTP
import KubernetesAccess
import OperatingSystem
import TestSupport
import Testing

/// Every recorded exchange, served by a program over TLS that demands a client certificate.
@Suite("recorded exchanges over TLS")
struct CassettesOverTLSTests {
    static let names = ((try? Files.list(Cassette.folder)) ?? []).compactMap { name in
        name.hasSuffix(".json") ? String(name.dropLast(5)) : nil
    }

    /// One server for all: each cassette below a path of its own, which stands in the kubeconfig's `server`.
    private struct Replay {
        let directory: TemporaryDirectory
        let server: HTTPSServer

        init() throws {
            directory = try TemporaryDirectory()
            var entries: [JSONValue] = []
            for name in CassettesOverTLSTests.names {
                for exchange in try Cassette(name).exchanges {
                    let framing = ["content-length", "transfer-encoding"]
                    let headers = exchange.responseHeaders.filter { !framing.contains($0.name.lowercased()) }
                    entries.append([
                        "method": .string(exchange.method), "target": .string("/\(name)\(exchange.target)"),
                        "status": .integer(Int64(exchange.status)),
                        "headers": .array(headers.map { [.string($0.name), .string($0.value)] }),
                        "body": .string(Base64.encode(exchange.responseBody)),
                    ])
                }
            }
            let script = try directory.write("script", JSONValue.array(entries).canonicalText)
            let certificates = try FaultBench.certificates.get()
            server = try HTTPSServer(
                certificates, "server",
                ["mode": "script", "script": .string(script), "clients": .string(certificates.path("ca.crt"))])
        }
    }

    private static let replay = Result { try Replay() }

    private func connection(_ name: String) throws -> ClusterConnection {
        let replay = try Self.replay.get()
        let folder = try TemporaryDirectory()
        let file = try FaultBench.kubeconfig(
            "\(replay.server.address)/\(name)", try FaultBench.certificates.get(), in: folder)
        let host = SSHKeys.host(folder)
        let found = try ClusterSpecification.find(kubeconfig: file, context: nil, host: host)
        return try ClusterConnection(found.specification, host: host)
    }

    @Test("each answer arrives as it was recorded: status, headers, every byte", arguments: names)
    func replay(name: String) throws {
        let connection = try connection(name)
        for exchange in try Cassette(name).exchanges {
            var streamed: [UInt8] = []
            let isWatch = exchange.target.contains("watch=true")
            var response =
                isWatch
                ? try connection.stream(exchange.request, idleTimeout: 30) { piece in
                    streamed += piece
                    return .goOn
                } : try connection.send(exchange.request)
            if isWatch { response.body = streamed }
            #expect(response.status == exchange.status)
            #expect(response.body == exchange.responseBody)
            for header in exchange.responseHeaders
            where !["content-length", "transfer-encoding"].contains(header.name.lowercased()) {
                let values = response.headers.filter { $0.name.lowercased() == header.name.lowercased() }.map(\.value)
                #expect(values.contains(header.value), "\(header.name)")
            }
        }
    }

    @Test("what was recorded is what is kept here")
    func count() { #expect(Self.names.count >= 54) }
}
