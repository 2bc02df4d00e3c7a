import ChangeModel
import HTTP
import OperatingSystem
import TestSupport
import Testing
import Webhooks

@Suite("Deliveries to real receivers")
struct DeliveryTests {
    private func client(
        _ server: WebhookServer, _ machine: PatientMachine = PatientMachine(), secrets: String? = Receivers.secret,
        _ change: (inout DeliveryPolicy) -> Void = { _ in }
    ) throws -> WebhookClient {
        var policy = DeliveryPolicy()
        change(&policy)
        return WebhookClient(
            try WebhookAddress("https://hooks.example:\(server.port)/in?key=very-secret"),
            secrets: try secrets.map { try #require(WebhookSecret.list($0)) } ?? [],
            guardian: AddressGuard(localHosts: try #require(LocalHosts("hooks.example"))) { _ in
                [Receivers.loopback].compactMap { $0 }
            }, host: machine.host, policy: policy, trust: try Receivers.authorities())
    }

    private func server(_ options: [String: JSONValue] = [:]) throws -> WebhookServer {
        try WebhookServer(
            try Receivers.certificates.get(), "hooks",
            options.merging(["secrets": [.string(Receivers.secret)]]) { own, _ in own })
    }

    private func id(_ number: Int = 1) throws -> WebhookID { try #require(WebhookID("msg_\(number)")) }
    private let body = Array(#"{"type":"agentsafe.denied"}"#.utf8)

    @Test("a message arrives signed, with its id, its time and its type, at the path and query that were named")
    func arrives() throws {
        let server = try server()
        let delivery = try client(server).send(try id(), body: body, headers: [("X-More", "yes")])
        #expect(delivery.summary == "delivered 200")
        let request = try #require(try server.log().first)
        #expect(request["fault"] == .null && request["target"] == "/in?key=very-secret")
        let headers = Dictionary(
            uniqueKeysWithValues: (request["headers"]?.arrayValue ?? []).map {
                ($0.arrayValue?.first?.stringValue ?? "", $0.arrayValue?.last?.stringValue ?? "")
            })
        #expect(headers["host"] == "hooks.example:\(server.port)" && headers["content-type"] == "application/json")
        #expect(headers["webhook-id"] == "msg_1" && headers["webhook-timestamp"] == "1700000000")
        #expect(headers["x-more"] == "yes" && headers["authorization"] == nil)
    }

    @Test("while a receiver changes its secret, both are signed with, and either is good")
    func rotation() throws {
        for known in [Receivers.secret, Receivers.otherSecret] {
            let server = try server(["secrets": [.string(known)]])
            let both = "\(Receivers.otherSecret) \(Receivers.secret)"
            #expect(try client(server, secrets: both).send(try id(), body: body).summary == "delivered 200")
        }
    }

    @Test("another secret, or none, is refused by the receiver, and what it answers is not repeated")
    func forged() throws {
        let server = try server()
        for secrets in [Receivers.otherSecret, nil] {
            let summary = try client(server, secrets: secrets).send(try id(), body: body).summary
            #expect(summary == "refused after 1: the receiver answered 401; check its URL and its secret")
        }
    }

    @Test(
        "what may pass is tried again, with one id and growing pauses",
        arguments: ["lose", "lose-answer", "500", "502", "503", "429", "408"])
    func repeats(act: String) throws {
        let server = try server(["plan": [.string(act), .string(act), "take"]])
        let machine = PatientMachine()
        let summary = try client(server, machine).send(try id(), body: body).summary
        #expect(summary == "delivered 200")
        #expect(try server.log().compactMap { $0["id"]?.stringValue } == ["msg_1", "msg_1", "msg_1"])
        // Each attempt is signed for its own time.
        #expect(try server.log().allSatisfy { $0["fault"] == .null })
        let pauses = machine.pauses.withLock { $0 }
        #expect(pauses.count == 2 && (250...500).contains(pauses[0]) && (500...1000).contains(pauses[1]))
        let kept = try server.kept()
        #expect(kept.keys.sorted() == ["msg_1"] && kept["msg_1"]?.bodies == [String(decoding: body, as: UTF8.self)])
    }

    @Test("what is final is sent once", arguments: ["400", "401", "403", "404", "410", "301", "304"])
    func final(act: String) throws {
        let server = try server(["then": .string(act)])
        #expect(
            try client(server).send(try id(), body: body).summary.hasPrefix(
                "refused after 1: the receiver answered \(act)"))
        #expect(try server.log().count == 1)
    }

    @Test("a receiver is left alone for as long as it asks, up to a bound; beyond, it is for another time")
    func retryAfter() throws {
        let server = try server(["plan": ["429:7", "503:9", "take"]])
        let machine = PatientMachine()
        #expect(try client(server, machine).send(try id(), body: body).summary == "delivered 200")
        let pauses = machine.pauses.withLock { $0 }
        #expect(pauses.count == 2 && (7000...7200).contains(pauses[0]) && (9000...9200).contains(pauses[1]))
        try server.plan(["429:31", "429:99999999999999999999"])
        guard case .postponed(let failure) = try client(server).send(try id(2), body: body) else {
            return #expect(Bool(false))
        }
        #expect(failure.attempts == 1 && failure.retryAfter == 31 && failure.status == 429 && !failure.mayHaveArrived)
        // No number at all is no wish.
        #expect(try client(server).send(try id(3), body: body).summary == "delivered 200")
    }

    @Test("attempts and time are bounded")
    func bounded() throws {
        let server = try server(["then": "503"])
        let machine = PatientMachine()
        #expect(
            try client(server, machine).send(try id(), body: body).summary
                == "postponed after 4: the receiver answered 503")
        #expect(try server.log().count == 4)
        // 25 + 25 seconds are waited for; the third time would end after the 60 that there are.
        let other = try self.server(["then": "503:25"])
        #expect(try client(other, machine).send(try id(), body: body).summary.hasPrefix("postponed after 3"))
    }

    @Test("a receiver that never answers is given up")
    func hangs() throws {
        let server = try server(["then": "hang"])
        let summary = try client(server) {
            $0.timeout = 1
            $0.attempts = 1
        }.send(try id(), body: body).summary
        #expect(summary == "postponed after 1: the receiver did not answer in time")
    }

    @Test("an answer that cannot be read leaves the message for another time", arguments: ["huge-refusal", "garbage"])
    func unreadable(act: String) throws {
        let server = try server(["plan": [.string(act)]])
        let client = try client(server)
        #expect(
            client.send(try id(), body: body).summary == "postponed after 1: the receiver's answer cannot be read")
        #expect(client.send(try id(), body: body).summary == "delivered 200")
    }

    @Test("a 2xx counts whatever comes after it, and an endless body is not read")
    func huge() throws {
        let server = try server(["then": "huge"])
        guard case .delivered(let answer) = try client(server).send(try id(), body: body) else {
            return #expect(Bool(false))
        }
        #expect(answer.status == 200 && answer.body.count == WebhookClient.maximumAnswer)
    }

    @Test(
        "no failure speaks of path, host, secret, message or answer",
        arguments: [
            "400", "500", "lose", "garbage", "redirect:https://hooks.example/very-secret", "410", "429:500",
        ])
    func discreet(act: String) throws {
        let server = try server(["then": .string(act)])
        let summary = try client(server).send(try id(), body: Array("very-secret".utf8)).summary
        for word in ["very-secret", "hooks.example", "whsec", "quotes", "127.0.0.1", "\(server.port)"] {
            #expect(!summary.contains(word), "\(summary)")
        }
    }

    @Test("a certificate for another name, or from another authority, is believed by nobody, and nothing is sent")
    func certificates() throws {
        let certificates = try Receivers.certificates.get()
        let wrong = try WebhookServer(certificates, "server")
        #expect(
            try client(wrong).send(try id(), body: body).summary.hasPrefix("postponed after 1: its host does not prove")
        )
        #expect(try wrong.log().isEmpty)
    }

    @Test(
        "twenty messages through losses, delays and repeats: the receiver has each once, whole, and knows the repeats")
    func many() throws {
        let server = try server()
        let machine = PatientMachine()
        let client = try client(server, machine)
        var generator = SeededGenerator(stream: 0x5EED_0006)
        let acts = ["take", "lose", "lose-answer", "503", "429:1", "slow:0.01", "408"]
        var plan: [String] = []
        for _ in 0..<40 { plan.append(acts.randomElement(using: &generator) ?? "take") }
        try server.plan(plan)
        var waiting = Array(0..<20)
        var rounds = 0
        while !waiting.isEmpty, rounds < 20 {
            rounds += 1
            var left: [Int] = []
            for number in waiting {
                let delivery = client.send(try id(number), body: Array("message \(number)".utf8))
                if case .delivered = delivery { continue }
                left.append(number)
            }
            waiting = left
        }
        let kept = try server.kept()
        #expect(Set(kept.keys) == Set((0..<20).map { "msg_\($0)" }))
        for number in 0..<20 { #expect(kept["msg_\(number)"]?.bodies == ["message \(number)"]) }
        #expect(kept.values.contains { $0.times > 1 })
        #expect(try server.log().allSatisfy { $0["fault"] == .null })
    }
}
