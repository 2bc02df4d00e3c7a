import ChangeModel
import HTTP
import OperatingSystem
import TestSupport
import Testing

@Suite("Proxies")
struct ProxyTests {
    @Test("the proxy is asked to connect, and sees nothing of what the server is told")
    func tunnel() throws {
        let certificates = try World.certificates.get()
        let server = try HTTPSServer(certificates)
        let proxy = try HTTPSServer(["mode": "proxy"])
        var settings = try World.settings(server)
        settings.proxy = ProxyAddress("http://someone:hunter2@127.0.0.1:\(proxy.port)")
        let transport = CurlTransport(settings)
        let request = HTTPRequest(
            method: "PATCH", target: "/echo", headers: [("Authorization", "Bearer very-secret")], body: [1])
        #expect(try transport.send(request).status == 200)
        #expect(try transport.send(request).status == 200)
        let log = try proxy.log()
        #expect(log.count == 1 && log[0]["method"] == "CONNECT")
        #expect(log[0]["target"] == .string("127.0.0.1:\(server.port)"))
        let seen = JSONValue.array(log).canonicalText
        #expect(!seen.contains("very-secret") && seen.contains("Proxy-Authorization"))
        // The name that the certificate must have is not where the proxy goes.
        try certificates.issue("proxied", names: "DNS:api.proxied.example")
        let other = try HTTPSServer(certificates, "proxied")
        settings.address = try #require(ServerAddress("https://localhost:\(other.port)"))
        settings.serverName = "api.proxied.example"
        #expect(try CurlTransport(settings).get("/echo").status == 200)
        #expect(try proxy.log().last?["target"] == .string("localhost:\(other.port)"))
    }

    @Test("a proxy that refuses, or is not there, is named without its password, and nothing was sent")
    func refusal() throws {
        let server = try HTTPSServer(try World.certificates.get())
        let proxy = try HTTPSServer(["mode": "proxy", "refuse": .string("127.0.0.1:\(server.port)")])
        for address in ["127.0.0.1:\(proxy.port)", "127.0.0.1:1", "no-such-proxy.invalid:3128"] {
            var settings = try World.settings(server)
            settings.proxy = ProxyAddress("http://someone:hunter2@\(address)")
            let error = CurlTransport(settings).failure("PATCH", "/echo")
            #expect(error?.code == .cannotConnect && error?.mayHaveBeenApplied == false)
            #expect(error?.message.contains("proxy `http://\(address)`") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("hunter2") == false)
        }
        #expect(try server.count().requests == 0)
    }

    @Test("the process's own environment says nothing here, and a proxy of TLS must prove itself")
    func encryptedProxy() throws {
        let certificates = try World.certificates.get()
        let server = try HTTPSServer(certificates)
        let proxy = try HTTPSServer(certificates, "server", ["mode": "proxy"])
        var settings = try World.settings(server)
        settings.proxy = ProxyAddress("https://127.0.0.1:\(proxy.port)")
        // The cluster's authority is no authority for proxies.
        let error = CurlTransport(settings).failure("PATCH", "/echo")
        #expect(try error?.mayHaveBeenApplied == false && server.count().requests == 0)
    }

    @Test(
        "addresses of proxies",
        arguments: [
            ("http://a.example:3128", "http://a.example:3128"), ("a.example:3128", "http://a.example:3128"),
            ("https://u:p@a.example", "https://a.example:443"), ("socks5://10.0.0.1", "socks5://10.0.0.1:1080"),
            ("socks5h://[::1]:9", "socks5://[::1]:9"), ("ftp://a.example", nil), ("http://", nil), ("http://a b", nil),
            ("http://a.example/path", nil), ("http://a.example:0", nil), ("http://a.example:99999", nil),
            ("http://a.example\n:1", nil), ("http://u@evil@a.example", nil), ("", nil),
        ])
    func addresses(text: String, expected: String?) {
        #expect(ProxyAddress(text)?.description == expected)
    }

    @Test(
        "NO_PROXY by Go's rules",
        arguments: [
            ("", "a.example", false), ("*", "a.example", true), ("a.example", "a.example", true),
            ("a.example", "b.a.example", true), ("a.example", "ba.example", false), (".a.example", "a.example", false),
            (".a.example", "b.a.example", true), ("*.a.example", "b.a.example", true), ("A.EXAMPLE", "a.example", true),
            ("x, a.example ,y", "a.example", true), ("a.example:6443", "a.example", true),
            ("a.example:443", "a.example", false),
            ("10.0.0.1", "10.0.0.1", true), ("10.0.0.0/8", "10.200.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/33", "10.0.0.1", false), ("fd00::/8", "[fd12::1]", true), ("fd12::1", "[fd12::1]", true),
            ("[fd12::1]:6443", "[fd12::1]", true), ("", "127.0.0.1", true), ("", "[::1]", true),
            ("", "localhost", true),
            ("0.1", "10.0.0.1", false),
        ])
    func direct(list: String, host: String, isDirect: Bool) throws {
        let server = try #require(ServerAddress("https://\(host):6443"))
        let environment = ["HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": list]
        #expect(try (ProxyAddress.of(environment: environment, for: server) == nil) == isDirect)
    }

    @Test("the variables of the environment")
    func variables() throws {
        let server = try #require(ServerAddress("https://a.example"))
        let plain = try #require(ServerAddress("http://a.example"))
        #expect(try ProxyAddress.of(environment: [:], for: server) == nil)
        let both = ["HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:2", "HTTP_PROXY": "http://plain:3"]
        #expect(try ProxyAddress.of(environment: both, for: server)?.description == "http://upper:1")
        #expect(try ProxyAddress.of(environment: both, for: plain)?.description == "http://plain:3")
        #expect(
            try ProxyAddress.of(environment: ["https_proxy": "lower:2"], for: server)?.description == "http://lower:2")
        #expect(throws: InvalidProxy(variable: "HTTPS_PROXY")) {
            try ProxyAddress.of(environment: ["HTTPS_PROXY": "ftp://x"], for: server)
        }
    }
}
