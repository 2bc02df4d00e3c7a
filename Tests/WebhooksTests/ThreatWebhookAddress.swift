import ChangeModel
import HTTP
import OperatingSystem
import TestSupport
import Testing
import Webhooks

/// A webhook or an endpoint from a file points at the machine's own metadata service or at loopback.
@Suite("Threat 24: a webhook that points at this machine")
struct ThreatWebhookAddress {
    private static let refused: [(String, AddressKind)] = [
        ("127.0.0.1", .loopback), ("127.255.255.254", .loopback), ("::1", .loopback), ("0.0.0.0", .unspecified),
        ("0.1.2.3", .unspecified), ("::", .unspecified), ("169.254.169.254", .metadata), ("169.254.170.2", .metadata),
        ("169.254.170.23", .metadata), ("169.254.0.1", .linkLocal), ("169.254.255.255", .linkLocal),
        ("100.100.100.200", .metadata), ("168.63.129.16", .metadata), ("192.0.0.192", .metadata),
        ("fd00:ec2::254", .metadata), ("fd00:ec2::23", .metadata), ("fd20:ce::254", .metadata),
        ("fd00:42::42", .metadata), ("fe80::1", .linkLocal), ("febf::1", .linkLocal), ("fec0::1", .reserved),
        ("224.0.0.1", .multicast), ("239.255.255.255", .multicast), ("255.255.255.255", .multicast),
        ("ff02::1", .multicast), ("240.0.0.1", .reserved), ("192.0.2.1", .reserved), ("198.51.100.7", .reserved),
        ("203.0.113.7", .reserved), ("198.18.0.1", .reserved), ("198.19.255.255", .reserved),
        ("192.88.99.1", .reserved), ("2001:db8::1", .reserved), ("100::1", .reserved),
        // Addresses of IPv4 in IPv6's clothes: mapped, translated, compatible, NAT64, 6to4, ISATAP, Teredo.
        ("::ffff:127.0.0.1", .loopback), ("::ffff:a9fe:a9fe", .metadata), ("::ffff:0:169.254.169.254", .metadata),
        ("::127.0.0.1", .reserved), ("::169.254.169.254", .reserved), ("64:ff9b::127.0.0.1", .loopback),
        ("64:ff9b::a9fe:a9fe", .metadata), ("64:ff9b:1::1", .reserved), ("2002:7f00:1::1", .loopback),
        ("2002:a9fe:a9fe::", .metadata), ("2001:0:4136:e378:8000:63bf:3fff:fdd2", .reserved),
        ("2001:4860:1::5efe:169.254.169.254", .metadata), ("2001:4860:1::200:5efe:127.0.0.1", .loopback),
    ]
    private static let open = [
        "93.184.216.34", "8.8.8.8", "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.1", "10.0.0.5",
        "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.201", "168.63.129.17", "1.0.0.0", "223.255.255.255",
        "2606:4700::1", "fd12:3456::1", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2001:4860:4860::8888",
    ]

    @Test(
        "addresses that only this machine, its link or its cloud reaches are told apart, in every disguise",
        arguments: refused)
    func kinds(text: String, kind: AddressKind) throws {
        #expect(AddressKind(try #require(IPAddress(text))) == kind)
    }

    @Test("what a company's receivers live at is ordinary", arguments: open)
    func ordinary(text: String) throws {
        #expect(AddressKind(try #require(IPAddress(text))) == .ordinary)
    }

    @Test("a URL with such an address is refused before anything is sent", arguments: refused.map(\.0))
    func literal(text: String) throws {
        let host = text.contains(":") ? "[\(text)]" : text
        let address = try WebhookAddress("https://\(host)/latest/meta-data/")
        let verdict = AddressGuard(localHosts: .none).judge(address)
        guard case .refused(let why) = verdict else { return #expect(Bool(false), "\(text): \(verdict)") }
        #expect(why.contains("AGENTSAFE_LOCAL_HOSTS") && !why.contains("meta-data"))
    }

    @Test(
        "a host that only another parser would read is no host",
        arguments: [
            "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/",
            "https://127.0.0.1./", "https://0/", "https://0x/", "https://00000177.1/", "https://a.0x10/",
            "https://127.0.0.01/", "https://[::1%25lo]/", "https://[::1%lo]/", "https://[127.0.0.1]/",
            "https://localhost./", "https://hooks.example./", "https://a..b/", "https://.a/", "https://-a.example/",
            "https://user@127.0.0.1/", "https://hooks.example@127.0.0.1/", "https://hooks.example:443@127.0.0.1/",
            "https://127.0.0.1\\@hooks.example/", "https://hooks.example\\.evil/", "https://hooks.example#@127.0.0.1/",
            "https://１２７.0.0.1/", "https://ⓛocalhost/", "https://hooks。example/", "https://127%2e0.0.1/",
            "https://hooks.example:0/", "https://hooks.example:99999/", "https://hooks.example:+443/", "https:///x",
            "https:/hooks.example/", "https:hooks.example", "hooks.example", "//hooks.example/", "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_x", "ftp://hooks.example/", "https://hooks.example/a b",
            "https://hooks.example/\r\nX: y",
            "https://hooks.example/%zz", "https://hooks.example/#x", "",
            "https://hooks.example/" + String(repeating: "a", count: 3000),
        ])
    func spelling(text: String) {
        let problem: WebhookAddressError?
        do throws(WebhookAddressError) {
            _ = try WebhookAddress(text)
            problem = nil
        } catch {
            problem = error
        }
        #expect(problem != nil)
        // The rest of it may be a secret.
        #expect(problem?.description.contains("evil") != true && problem?.description.contains("passwd") != true)
    }

    @Test(
        "names of this machine are refused without being looked up",
        arguments: ["localhost", "LOCALHOST", "a.localhost", "localhost.localdomain", "metadata.google.internal"])
    func names(host: String) throws {
        let guardian = AddressGuard(localHosts: .none) { _ in [IPAddress(bytes: [93, 184, 216, 34])].compactMap { $0 } }
        guard case .refused = guardian.judge(try WebhookAddress("https://\(host)/")) else {
            return #expect(Bool(false), "\(host) is let through")
        }
    }

    @Test("a name is refused when any of its addresses is, wherever in the list", arguments: 0..<3)
    func mixed(place: Int) throws {
        var answer = ["93.184.216.34", "8.8.8.8"].compactMap { IPAddress($0) }
        answer.insert(try #require(IPAddress("169.254.169.254")), at: place)
        let guardian = AddressGuard(localHosts: .none) { [answer] _ in answer }
        guard case .refused(let why) = guardian.judge(try WebhookAddress("https://hooks.example/secret-path")) else {
            return #expect(Bool(false))
        }
        #expect(why.contains("169.254.169.254") && !why.contains("secret-path"))
    }

    @Test("plain http, loopback and the like are for hosts that the machine names, and only for those")
    func named() throws {
        let lookup: @Sendable (String) -> [IPAddress] = { _ in [IPAddress(bytes: [127, 0, 0, 1])].compactMap { $0 } }
        let hosts = try #require(LocalHosts("127.0.0.1:8080, hooks.corp.example,[::1]"))
        let guardian = AddressGuard(localHosts: hosts, lookup: lookup)
        for text in [
            "http://127.0.0.1:8080/x", "https://127.0.0.1:8080/x", "https://hooks.corp.example/x",
            "http://HOOKS.corp.example:99/x", "https://[0:0:0:0:0:0:0:1]/",
        ] {
            guard case .addresses = guardian.judge(try WebhookAddress(text)) else {
                return #expect(Bool(false), "\(text) is refused")
            }
        }
        for text in [
            "http://127.0.0.1:8081/x", "https://127.0.0.1/x", "https://127.0.0.2:8080/x",
            "https://a.hooks.corp.example/",
            "https://corp.example/", "http://hooks.example/", "https://localhost/",
        ] {
            guard case .refused = guardian.judge(try WebhookAddress(text)) else {
                return #expect(Bool(false), "\(text) is let through")
            }
        }
    }

    @Test("an address of this machine's own interfaces is as good as loopback, by name and within IPv6, too")
    func own() throws {
        #expect(OwnAddresses.current().contains(try #require(Receivers.loopback)))
        let own = try #require(IPAddress("10.1.2.3"))
        let mapped = try #require(IPAddress("::ffff:10.1.2.3"))
        for answer in [own, mapped] {
            var guardian = AddressGuard(localHosts: .none) { _ in [answer] }
            guardian.ownAddresses = { [own] }
            for text in ["https://hooks.corp.example/", "https://10.1.2.3/", "https://[::ffff:a01:203]/"] {
                guard case .refused(let why) = guardian.judge(try WebhookAddress(text)) else {
                    return #expect(Bool(false), "\(text) is let through")
                }
                #expect(why.contains("an address of this machine itself"))
            }
            #expect(guardian.judge(try WebhookAddress("https://10.1.2.4/")) == .addresses([IPAddress("10.1.2.4")!]))
            guardian.localHosts = try #require(LocalHosts("hooks.corp.example"))
            #expect(guardian.judge(try WebhookAddress("http://hooks.corp.example/")) == .addresses([answer]))
        }
    }

    @Test("a named host that leads to a metadata service one day is refused; the address itself must be named")
    func namedMetadata() throws {
        let metadata = try #require(IPAddress("169.254.169.254"))
        let guardian = AddressGuard(localHosts: try #require(LocalHosts("hooks.corp.example"))) { _ in [metadata] }
        guard case .refused = guardian.judge(try WebhookAddress("https://hooks.corp.example/")) else {
            return #expect(Bool(false))
        }
        let wider = AddressGuard(localHosts: try #require(LocalHosts("169.254.169.254"))) { _ in [] }
        #expect(wider.judge(try WebhookAddress("http://169.254.169.254/")) == .addresses([metadata]))
    }

    @Test(
        "names that are none make the whole setting none",
        arguments: ["*.example", "a/b", "a b.", "https://x", "a@b", "127.1"])
    func badSetting(text: String) { #expect(LocalHosts(text) == nil) }

    @Test("the address that was judged is the one connected to, and the name is asked for once")
    func rebinding() throws {
        let asked = Locked(0)
        let judged = try #require(IPAddress("93.184.216.34"))
        let guardian = AddressGuard(localHosts: .none) { [asked] _ in
            // What a hostile name server answers first, and what it answers then.
            asked.withLock { $0 += 1 }
            return asked.withLock { $0 } == 1 ? [judged] : [Receivers.loopback].compactMap { $0 }
        }
        let connected = Locked<[ConnectionSettings]>([])
        var policy = DeliveryPolicy()
        policy.attempts = 1
        let client = WebhookClient(
            try WebhookAddress("https://hooks.example/x"), secrets: [], guardian: guardian, host: PatientMachine().host,
            policy: policy
        ) { settings in
            connected.withLock { $0.append(settings) }
            return DeadEnd()
        }
        let id = try #require(WebhookID("a"))
        #expect(client.send(id, body: []).summary.hasPrefix("postponed"))
        #expect(asked.withLock { $0 } == 1)
        let settings = connected.withLock { $0 }
        #expect(settings.map(\.address.host) == ["93.184.216.34"])
        #expect(settings.first?.serverName == "hooks.example")
        #expect(settings.first?.acceptsPeer?("127.0.0.1") == false)
        #expect(settings.first?.acceptsPeer?("93.184.216.34") == true)
        // The next attempt is judged anew.
        #expect(client.send(id, body: []).summary.contains("127.0.0.1, a loopback address"))
        #expect(connected.withLock { $0.count } == 1)
    }

    @Test("a connection that leads elsewhere ends before a byte of the request")
    func wrongPeer() throws {
        let server = try WebhookServer(try Receivers.certificates.get())
        var settings = ConnectionSettings(
            address: try #require(ServerAddress("https://127.0.0.1:\(server.port)")), trust: try Receivers.authorities()
        )
        settings.acceptsPeer = { $0 == "93.184.216.34" }
        #expect {
            try CurlTransport(settings).send(HTTPRequest(method: "POST", target: "/", body: [1]))
        } throws: {
            ($0 as? HTTPError)?.code == .untrusted && ($0 as? HTTPError)?.mayHaveBeenApplied == false
        }
        #expect(try server.log().isEmpty)
    }

    @Test("a redirect to a metadata address is a failure that is not followed and not repeated")
    func redirect() throws {
        let other = try WebhookServer()
        let server = try WebhookServer([
            "plan": ["redirect:http://169.254.169.254/latest/", .string("redirect:http://127.0.0.1:\(other.port)/")]
        ])
        let machine = PatientMachine()
        let client = WebhookClient(
            try WebhookAddress("http://127.0.0.1:\(server.port)/"), secrets: [],
            guardian: AddressGuard(localHosts: try #require(LocalHosts("127.0.0.1"))), host: machine.host)
        for _ in 0..<2 {
            #expect(
                client.send(try #require(WebhookID("a")), body: []).summary.hasPrefix(
                    "refused after 1: the receiver answered 307"))
        }
        #expect(try server.log().count == 2 && other.log().isEmpty)
        #expect(machine.pauses.withLock { $0 }.isEmpty)
    }

    @Test("a proxy is asked for the judged address, and by name only for hosts that the machine names")
    func proxy() throws {
        let server = try WebhookServer(try Receivers.certificates.get(), "hooks")
        let proxy = try HTTPSServer(["mode": "proxy"])
        let machine = PatientMachine(["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)"])
        func send(_ hosts: LocalHosts, _ answer: [String]) throws -> String {
            let guardian = AddressGuard(localHosts: hosts) { _ in answer.compactMap { IPAddress($0) } }
            return WebhookClient(
                try WebhookAddress("https://hooks.example:\(server.port)/"), secrets: [], guardian: guardian,
                host: machine.host, trust: try Receivers.authorities()
            ).send(try #require(WebhookID("a")), body: []).summary
        }
        // The proxy connects to loopback whatever it is asked for.
        #expect(try send(.none, ["93.184.216.34"]) == "delivered 200")
        #expect(try proxy.log().last?["target"] == .string("93.184.216.34:\(server.port)"))
        #expect(try send(.none, ["169.254.169.254"]).hasPrefix("refused after 1"))
        #expect(try send(.none, []).hasPrefix("postponed"))
        #expect(try proxy.log().count == 1)
        #expect(try send(try #require(LocalHosts("hooks.example")), []) == "delivered 200")
        #expect(try proxy.log().last?["target"] == .string("hooks.example:\(server.port)"))
    }
}

/// Where no connection comes about.
final class DeadEnd: HTTPStreamingTransport {
    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        throw HTTPError(code: .cannotConnect, mayHaveBeenApplied: false, message: "nobody")
    }

    func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse { try send(request) }
}
