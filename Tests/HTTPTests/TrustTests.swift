import ChangeModel
import HTTP
import OperatingSystem
import TestSupport
import Testing

@Suite("Whom a connection trusts")
struct TrustTests {
    /// No byte of a request may have gone out.
    private func expect(
        _ code: HTTPError.Code, saying words: String, from settings: ConnectionSettings, _ server: HTTPSServer
    ) throws {
        let error = CurlTransport(settings).failure("PATCH", "/echo", "{}")
        #expect(error?.code == code, "\(error?.message ?? "no error")")
        #expect(error?.message.contains(words) == true, "got: \(error?.message ?? "")")
        #expect(error?.mayHaveBeenApplied == false)
        #expect(try server.count().requests == 0)
    }

    @Test("a client certificate is shown where one is demanded")
    func clientCertificate() throws {
        let certificates = try World.certificates.get()
        let server = try HTTPSServer(certificates, "server", ["clients": .string(certificates.path("ca.crt"))])
        let transport = CurlTransport(try World.settings(server, client: "client"))
        #expect(try transport.get("/echo").json?["client"] == "admin")
        // In TLS 1.3 the server refuses after the handshake, when the request is on its way.
        let error = CurlTransport(try World.settings(server)).failure("PATCH", "/echo", "{}")
        #expect(error?.code == .interrupted || error?.code == .cannotConnect)
        #expect(try server.count().requests == 1)
        try certificates.issue("stranger", by: "other-ca", subject: "/CN=admin", usage: "clientAuth")
        #expect(CurlTransport(try World.settings(server, client: "stranger")).failure("PATCH", "/echo") != nil)
        #expect(try server.count().requests == 1)
        let old = try HTTPSServer(
            certificates, "server", ["clients": .string(certificates.path("ca.crt")), "maximum": "1.2"])
        try expect(.cannotConnect, saying: "handshake", from: try World.settings(old), old)
    }

    @Test("a certificate and a key that are no pair, or no PEM, are named, and nothing is sent")
    func brokenIdentity() throws {
        let certificates = try World.certificates.get()
        let server = try HTTPSServer(certificates)
        var settings = try World.settings(server, client: "client")
        settings.identity?.key = try certificates.pem("server.key")
        try expect(.cannotConnect, saying: "no pair in PEM", from: settings, server)
        settings.identity?.key = Array("secret words".utf8)
        try expect(.cannotConnect, saying: "no pair in PEM", from: settings, server)
        settings.identity = nil
        settings.trust = .authorities(Array("secret words".utf8))
        try expect(.untrusted, saying: "certificate", from: settings, server)
    }

    @Test("another authority than the named ones is not believed, also not the machine's own")
    func authority() throws {
        let server = try HTTPSServer(try World.certificates.get())
        try expect(
            .untrusted, saying: "no authority that is trusted", from: try World.settings(server, trust: "other-ca"),
            server)
        try expect(
            .untrusted, saying: "no authority that is trusted", from: try World.settings(server, trust: nil), server)
        var settings = try World.settings(server)
        settings.trust = .anyone
        #expect(try CurlTransport(settings).get("/echo").status == 200)
    }

    @Test("a certificate for another name is not believed, unless that name is asked for")
    func name() throws {
        let certificates = try World.certificates.get()
        try certificates.issue("elsewhere", names: "DNS:api.cluster.example")
        let server = try HTTPSServer(certificates, "elsewhere")
        var settings = try World.settings(server)
        try expect(.untrusted, saying: "is not for `127.0.0.1`", from: settings, server)
        settings.serverName = "other.cluster.example"
        try expect(.untrusted, saying: "is not for `other.cluster.example`", from: settings, server)
        settings.serverName = "api.cluster.example"
        let headers = try CurlTransport(settings).get("/echo").json?["headers"]?.arrayValue ?? []
        #expect(headers.contains(["Host", .string("127.0.0.1:\(server.port)")]))
    }

    @Test("a certificate that has expired, or is not valid yet, is not believed")
    func time() throws {
        let certificates = try World.certificates.get()
        try certificates.issue("past", names: "IP:127.0.0.1", validity: ("200101000000Z", "200102000000Z"))
        let past = try HTTPSServer(certificates, "past")
        try expect(.untrusted, saying: "has expired", from: try World.settings(past), past)
        try certificates.issue("future", names: "IP:127.0.0.1", validity: ("480101000000Z", "490101000000Z"))
        let future = try HTTPSServer(certificates, "future")
        try expect(.untrusted, saying: "not valid yet", from: try World.settings(future), future)
    }

    @Test("TLS 1.1 is not spoken, TLS 1.2 is")
    func version() throws {
        let certificates = try World.certificates.get()
        let old = try HTTPSServer(certificates, "server", ["maximum": "1.1"])
        try expect(.cannotConnect, saying: "TLS 1.2 or newer", from: try World.settings(old), old)
        let newer = try HTTPSServer(certificates, "server", ["maximum": "1.2"])
        #expect(try CurlTransport(try World.settings(newer)).get("/echo").json?["tls"] == "TLSv1.2")
    }

    @Test("nobody there, or no such host: nothing was sent")
    func nobody() throws {
        let server = try HTTPSServer([:])
        // A server that speaks plain HTTP waits for the end of a line.
        var settings = try World.settings(server)
        settings.connectTimeout = 1
        try expect(.timedOut, saying: "no connection to `127.0.0.1", from: settings, server)
        settings = try World.settings(server, host: "no-such-host.invalid")
        // A resolver that nobody answers takes its time.
        let error = CurlTransport(settings).failure("PATCH", "/echo", "{}")
        #expect(error?.code == .cannotConnect || error?.code == .timedOut, "\(error?.message ?? "no error")")
        #expect(error?.mayHaveBeenApplied == false)
        settings.address = try #require(ServerAddress("https://127.0.0.1:1"))
        try expect(.cannotConnect, saying: "cannot connect to `127.0.0.1:1`", from: settings, server)
    }
}
