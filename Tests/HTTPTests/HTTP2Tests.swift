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

    @Test("a server that speaks HTTP/2 alone is understood, over one connection", .enabled(if: hasServer))
    func version() throws {
        let certificates = try World.certificates.get()
        let folder = try TemporaryDirectory()
        try folder.write("page", "over two")
        let program = Files.parent(of: Files.parent(of: #filePath)) + "/TestSupport/Programs/http2-server.py"
        let process = try ServerProcess(
            ["python3", program, folder.path, certificates.path("server.key"), certificates.path("server.crt")])
        let transport = CurlTransport(
            ConnectionSettings(
                address: try #require(ServerAddress("https://127.0.0.1:\(process.port)")),
                trust: .authorities(try certificates.pem("ca.crt"))))
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
