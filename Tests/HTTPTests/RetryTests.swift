import HTTP
import OperatingSystem
import TestSupport
import Testing

@Suite("Sending again")
struct RetryTests {
    /// Counts the pauses instead of making them.
    private final class Bench {
        let server: HTTPSServer
        private(set) var pauses: [Int] = []
        private(set) var transport: RetryingTransport!

        init(policy: RetryPolicy = RetryPolicy()) throws {
            server = try HTTPSServer(try World.certificates.get())
            var generator = SeededGenerator(stream: 77)
            transport = RetryingTransport(
                CurlTransport(try World.settings(server)), policy: policy,
                sleep: { [unowned self] in pauses.append($0) },
                random: { count in (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) } })
        }

        func send(_ method: String, failures: Int, how: String) throws(HTTPError) -> HTTPResponse {
            try transport.send(
                HTTPRequest(
                    method: method, target: "/flaky?\(how)-\(failures)",
                    headers: [("X-Failures", String(failures)), ("X-How", how)], body: method == "GET" ? [] : [1]))
        }
    }

    @Test(
        "a read goes on after a broken connection and after passing failures",
        arguments: ["drop", "429", "502", "503", "504"])
    func reads(how: String) throws {
        let bench = try Bench()
        #expect(try bench.send("GET", failures: 3, how: how).text == "4")
        #expect(try bench.server.count().requests == 4)
        // The server asks for one second; where nothing came back, the pauses grow.
        if how == "drop" {
            #expect(zip(bench.pauses, [200, 400, 800]).allSatisfy { $1 / 2 <= $0 && $0 <= $1 }, "\(bench.pauses)")
        } else {
            #expect(bench.pauses.allSatisfy { (1000..<1250).contains($0) } && Set(bench.pauses).count > 1)
        }
    }

    @Test("a read that fails four times has failed")
    func end() throws {
        let bench = try Bench()
        #expect(try bench.send("GET", failures: 9, how: "503").status == 503)
        #expect(throws: HTTPError.self) { try bench.send("GET", failures: 9, how: "drop") }
        #expect(try bench.server.count().requests == 8)
    }

    @Test("other answers are taken as they are", arguments: ["400", "401", "403", "404", "409", "410", "422", "500"])
    func answers(how: String) throws {
        let bench = try Bench()
        #expect(try String(bench.send("GET", failures: 1, how: how).status) == how)
        #expect(try bench.server.count().requests == 1)
    }

    @Test("a mutation that may have been applied is sent once", arguments: ["drop", "500", "502", "503", "504"])
    func mutations(how: String) throws {
        for method in ["PATCH", "POST", "PUT", "DELETE"] {
            let bench = try Bench()
            _ = try? bench.send(method, failures: 1, how: how)
            #expect(try bench.server.count().mutations == 1 && bench.pauses.isEmpty)
        }
    }

    @Test("a mutation goes on after overload, which comes before anything is looked at; not where the client does it")
    func overload() throws {
        let bench = try Bench()
        #expect(try bench.send("PATCH", failures: 2, how: "429").text == "3")
        let waiting = try Bench(policy: .underWaitingClient)
        #expect(try waiting.send("PATCH", failures: 2, how: "429").status == 429)
        #expect(try waiting.send("GET", failures: 2, how: "429").status == 429)
        #expect(try waiting.send("GET", failures: 2, how: "503").text == "3")
    }

    @Test("a 429 that is an answer, or asks for more time than there is, is not repeated")
    func refusals() throws {
        for query in [
            "Content-Type=application/json&Retry-After=10", "Content-Type=application/json", "Retry-After=31",
        ] {
            let bench = try Bench()
            let request = HTTPRequest(method: "POST", target: "/status/429?\(query)", body: [1])
            #expect(try bench.transport.send(request).status == 429)
            #expect(try bench.server.count().requests == 1)
        }
        let bench = try Bench()
        #expect(try bench.transport.get("/status/503?Retry-After=3600").status == 503)
        #expect(try bench.server.count().requests == 1)
        #expect(try bench.transport.get("/status/503?Retry-After=soon").status == 503)
        #expect(try bench.server.count().requests == 5)
    }

    @Test("what would be the same the next time is not sent again")
    func hopeless() throws {
        let bench = try Bench()
        #expect(throws: HTTPError.self) { try bench.transport.get("/no-http") }
        #expect(throws: HTTPError.self) { try bench.transport.get("/endless-head") }
        #expect(try bench.server.count().requests == 2 && bench.pauses.isEmpty)
    }
}
