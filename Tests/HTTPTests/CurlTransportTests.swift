import ChangeModel
import HTTP
import OperatingSystem
import TestSupport
import Testing

/// Real servers, real certificates. What one suite needs is made once.
enum World {
    static let certificates: Result<Certificates, any Error> = Result { try Certificates() }
    static let server: Result<HTTPSServer, any Error> = Result { try HTTPSServer(try certificates.get()) }

    static func settings(
        _ server: HTTPSServer, trust: String? = "ca", client: String? = nil, host: String = "127.0.0.1"
    ) throws -> ConnectionSettings {
        let certificates = try certificates.get()
        var settings = ConnectionSettings(
            address: try #require(ServerAddress("https://\(host):\(server.port)")),
            trust: try trust.map { .authorities(try certificates.pem("\($0).crt")) } ?? .system)
        settings.identity = try client.map {
            .init(certificate: try certificates.pem("\($0).crt"), key: try certificates.pem("\($0).key"))
        }
        return settings
    }
}

extension HTTPTransport {
    func get(_ target: String, _ headers: [(name: String, value: String)] = [], timeout: Int = 30) throws(HTTPError)
        -> HTTPResponse
    {
        try send(HTTPRequest(method: "GET", target: target, headers: headers, timeout: timeout))
    }

    /// The error of a request that must fail.
    func failure(_ method: String, _ target: String, timeout: Int = 30, _ body: String = "") -> HTTPError? {
        do throws(HTTPError) {
            _ = try send(HTTPRequest(method: method, target: target, body: Array(body.utf8), timeout: timeout))
            return nil
        } catch {
            return error
        }
    }
}

extension HTTPResponse {
    var json: JSONValue? { try? JSONValue(parsing: body) }
    var text: String { String(decoding: body, as: UTF8.self) }
}

@Suite("HTTP over real connections")
struct CurlTransportTests {
    private func transport(_ change: (inout ConnectionSettings) -> Void = { _ in }) throws -> CurlTransport {
        var settings = try World.settings(try World.server.get())
        change(&settings)
        return CurlTransport(settings)
    }

    @Test(
        "a request arrives as it was meant, and nothing is added to it",
        arguments: ["GET", "POST", "PATCH", "PUT", "DELETE"])
    func request(method: String) throws {
        let hasBody = method != "GET"
        let body = hasBody ? Array("{\"a\": \"\u{0}b\"}".utf8) : []
        let response = try transport().send(
            HTTPRequest(
                method: method, target: "/a/%2e%2e/b%2Fc/echo?x=1&y=%20", headers: [("X-One", "1"), ("X-Empty", "")],
                body: body))
        let seen = try #require(response.json)
        #expect(response.status == 200 && seen["method"]?.stringValue == method)
        #expect(seen["target"] == "/a/%2e%2e/b%2Fc/echo?x=1&y=%20")
        #expect(seen["body"]?.stringValue == String(decoding: body, as: UTF8.self))
        let names = seen["headers"]?.arrayValue?.compactMap { $0.arrayValue?.first?.stringValue } ?? []
        #expect(
            names.sorted()
                == (["Accept-Encoding", "Host", "X-Empty", "X-One"] + (hasBody ? ["Content-Length"] : [])).sorted())
    }

    @Test("HEAD has a head alone")
    func head() throws {
        let response = try transport().send(HTTPRequest(method: "HEAD", target: "/status/200"))
        #expect(response.status == 200 && response.body.isEmpty)
    }

    @Test("what would end a line or a target is never sent")
    func injection() throws {
        let server = try HTTPSServer(try World.certificates.get())
        let transport = CurlTransport(try World.settings(server))
        let before = try server.count().requests
        for request in [
            HTTPRequest(method: "GET", target: "/echo", headers: [("X", "a\r\nEvil: yes")]),
            HTTPRequest(method: "GET", target: "/echo", headers: [("X: y\r\nEvil", "a")]),
            HTTPRequest(method: "GET", target: "/echo HTTP/1.1\r\nEvil: yes\r\n\r\n"),
            HTTPRequest(method: "GET", target: "@evil.example/"), HTTPRequest(method: "GET", target: ""),
            HTTPRequest(method: "GET\r\nX: y", target: "/echo"), HTTPRequest(method: "GET", target: "/echo#part"),
            HTTPRequest(method: "GET", target: "/echo", headers: [("X", "a\u{0}b")]),
        ] {
            let error = #expect(throws: HTTPError.self) { try transport.send(request) }
            #expect(error?.mayHaveBeenApplied == false && error?.message.hasSuffix("nothing was sent") == true)
        }
        #expect(try server.count().requests == before)
    }

    @Test("one connection serves many requests, one after another")
    func reuse() throws {
        let transport = try transport()
        let first = try transport.get("/echo").json?["connection"]
        for _ in 0..<20 { #expect(try transport.get("/echo").json?["connection"] == first) }
        let patch = HTTPRequest(method: "PATCH", target: "/echo", body: [1])
        #expect(try transport.send(patch).json?["connection"] == first)
    }

    @Test("a redirect is an answer, and is not followed")
    func redirect() throws {
        let response = try transport().get("/redirect")
        #expect(response.status == 302 && response.header("Location") == "/echo")
    }

    @Test("an interim answer is not the answer")
    func interim() throws {
        let response = try transport().get("/interim")
        #expect(response.status == 200 && response.text == "real")
        #expect(response.header("X-Early") == nil && response.header("X-Real") == "yes")
    }

    @Test("gzip is unpacked, and bounded by what comes out")
    func compression() throws {
        #expect(try transport().get("/gzip").text == "small and packed")
        let error = try transport().failure("GET", "/gzip-bomb")
        #expect(error?.code == .tooLarge && error?.message.contains("larger than 16777216 bytes") == true)
        // 200 MiB of zeros are 200 kB on the wire: it is not those that are counted.
        #expect(try transport { $0.maximumBody = 300 << 10 }.failure("GET", "/gzip-bomb")?.code == .tooLarge)
        let plain = try transport { $0.acceptsCompression = false }.get("/echo").json
        #expect(plain?["headers"]?.arrayValue?.contains { $0.arrayValue?.first == "Accept-Encoding" } == false)
    }

    @Test(
        "whatever does not end or is not whole is an error, and may have been applied",
        arguments: [
            ("/endless-head", HTTPError.Code.tooLarge), ("/endless-body", .tooLarge), ("/short", .interrupted),
            ("/drop", .interrupted), ("/unframed", .interrupted), ("/silent", .timedOut), ("/loris", .timedOut),
            ("/no-http", .malformed),
        ])
    func broken(target: String, code: HTTPError.Code) throws {
        for method in ["GET", "PATCH"] {
            let error = try transport().failure(method, target, timeout: 2, "{}")
            #expect(error?.code == code, "\(target): \(error?.message ?? "no error")")
            #expect(error?.mayHaveBeenApplied == true)
            #expect(error?.message.contains("127.0.0.1") == true)
        }
    }

    @Test("bytes beyond Content-Length are no part of the answer, nor of the next one")
    func surplus() throws {
        let transport = try transport()
        #expect(try transport.get("/long").text == "more ")
        #expect(try transport.get("/echo").status == 200)
    }

    @Test("libcurl does not send a request again when a kept connection breaks")
    func noSilentRepetition() throws {
        let server = try HTTPSServer(try World.certificates.get())
        let transport = CurlTransport(try World.settings(server))
        #expect(try transport.get("/drop-if-reused").text == "once")
        let before = try server.count()
        let error = transport.failure("PATCH", "/drop-if-reused", "{}")
        #expect(error?.code == .interrupted && error?.mayHaveBeenApplied == true)
        let after = try server.count()
        #expect(after.mutations == before.mutations + 1 && after.requests == before.requests + 1)
    }

    @Test("a stream hands on what comes, ends when told to, and answers other requests meanwhile")
    func streaming() throws {
        let transport = try transport()
        var text = ""
        var inner: Int?
        let request = HTTPRequest(
            method: "GET", target: "/stream", headers: [("X-Count", "3"), ("X-Hang", "yes")], timeout: 0)
        let response = try transport.stream(request, idleTimeout: 30) { piece in
            text += String(decoding: piece, as: UTF8.self)
            inner = inner ?? (try? transport.get("/echo").status)
            return text.hasSuffix("event 2\n") ? .stop : .goOn
        }
        #expect(response.status == 200 && response.body.isEmpty && inner == 200)
        #expect(text == "event 0\nevent 1\nevent 2\n")
        let refused = try transport.stream(HTTPRequest(method: "GET", target: "/nothing"), idleTimeout: 5) { _ in .stop
        }
        #expect(refused.status == 404 && refused.json?["reason"] == "NotFound")
    }

    @Test("a stream that falls silent is given up")
    func silentStream() throws {
        let request = HTTPRequest(method: "GET", target: "/stream", headers: [("X-Hang", "yes")], timeout: 0)
        let transport = try transport()
        let error = #expect(throws: HTTPError.self) { try transport.stream(request, idleTimeout: 1) { _ in .goOn } }
        #expect(error?.code == .timedOut)
    }

    #if os(Linux)
        @Test("whoever is gone without a word is asked after: the system keeps a timer for the connection")
        func keepAlive() throws {
            let server = try HTTPSServer(try World.certificates.get())
            let transport = CurlTransport(try World.settings(server))
            let request = HTTPRequest(method: "GET", target: "/stream", headers: [("X-Hang", "yes")], timeout: 0)
            var timers: [Substring] = []
            _ = try transport.stream(request, idleTimeout: 30) { _ in
                // sl local_address rem_address st tx_queue:rx_queue tr:tm->when … (proc_pid_net(5))
                let table = (try? Files.read("/proc/net/tcp")).map { String(decoding: $0, as: UTF8.self) } ?? ""
                let rows = table.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count > 5 }
                let port = String(server.port, radix: 16, uppercase: true)
                timers = rows.filter { $0[2].hasSuffix(":" + String(repeating: "0", count: 4 - port.count) + port) }
                    .map { $0[5] }
                return .stop
            }
            let timer = try #require(timers.first?.split(separator: ":"), "no connection in /proc/net/tcp")
            // 02: the next thing to come is a question whether anybody is there; in hundredths of a second.
            #expect(timers.count == 1 && timer[0] == "02")
            #expect(try #require(Int(timer[1], radix: 16)) <= 1500)
        }
    #endif

    @Test("a request can be cancelled while it waits")
    func cancellation() throws {
        let server = try HTTPSServer(try World.certificates.get())
        let transport = CurlTransport(try World.settings(server)) { (try? server.count().mutations) == 1 }
        let error = transport.failure("PATCH", "/silent", "{}")
        #expect(error?.code == .cancelled && error?.mayHaveBeenApplied == true)
    }
}
