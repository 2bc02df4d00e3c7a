import HTTP
import OperatingSystem
import TestSupport
import Testing

@Suite("HTTP/2")
struct HTTP2Tests {
    /// Where nghttpd is not there, this says so instead.
    static let hasServer: Bool = {
        let found = ["nghttpd"].allSatisfy { Program.find($0, environment: Host.real().environment) != nil }
        if !found { print("SKIPPED: HTTP/2 is not tested, because there is no nghttpd; install nghttp2-server") }
        return found
    }()

    /// A server that speaks HTTP/2 alone, and has one page.
    private func server(_ certificates: Certificates, _ folder: TemporaryDirectory) throws -> ServerProcess {
        try folder.write("page", "over two")
        let program = Files.parent(of: Files.parent(of: #filePath)) + "/TestSupport/Programs/http2-server.py"
        return try ServerProcess(
            ["python3", program, folder.path, certificates.path("server.key"), certificates.path("server.crt")])
    }

    private func transport(_ port: Int, _ certificates: Certificates) throws -> CurlTransport {
        CurlTransport(
            ConnectionSettings(
                address: try #require(ServerAddress("https://127.0.0.1:\(port)")),
                trust: .authorities(try certificates.pem("ca.crt"))))
    }

    @Test("a connection that has fallen silent, or was reset, is not used again", .enabled(if: hasServer))
    func silence() throws {
        let certificates = try World.certificates.get()
        let folder = try TemporaryDirectory()
        let process = try server(certificates, folder)
        let relay = try CuttingRelay(upstream: process.port)
        let transport = try transport(relay.port, certificates)
        let page = HTTPRequest(method: "GET", target: "/page", timeout: 1)
        #expect(try transport.send(page).text == "over two")
        for way in CuttingRelay.Way.allCases {
            try relay.stall(way, after: 0)
            let error = #expect(throws: HTTPError.self) { _ = try transport.send(page) }
            #expect(error?.code == .timedOut && error?.mayHaveBeenApplied == true)
            #expect(try transport.send(page).text == "over two")
            try relay.cut(way, after: 10)
            let broken = #expect(throws: HTTPError.self) { _ = try transport.send(page) }
            #expect(broken?.code == .interrupted && broken?.mayHaveBeenApplied == true)
            #expect(try transport.send(page).text == "over two")
        }
    }

    @Test("a server that speaks HTTP/2 alone is understood, over one connection", .enabled(if: hasServer))
    func version() throws {
        let certificates = try World.certificates.get()
        let folder = try TemporaryDirectory()
        let process = try server(certificates, folder)
        let transport = try transport(process.port, certificates)
        for _ in 0..<5 {
            let response = try transport.get("/page")
            #expect(response.status == 200 && response.text == "over two")
            #expect(response.headers.allSatisfy { $0.name == $0.name.lowercased() })
            #expect(response.header("Content-Length") == "8")
        }
        let upload = try transport.send(HTTPRequest(method: "PATCH", target: "/page", body: Array("a body".utf8)))
        #expect(upload.status == 200, "\(upload.text)")
    }
}
