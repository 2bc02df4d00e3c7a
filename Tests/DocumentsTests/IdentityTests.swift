import ChangeModel
import Documents
import OperatingSystem
import Testing

@Suite("Identities")
struct IdentityTests {
    static func registry() throws -> IdentityRegistry {
        try IdentitiesDocument.parse(try Fixture.valid("identities-full.yaml"))
    }

    @Test("are what the file says")
    func full() throws {
        let registry = try Self.registry()
        #expect(registry.trustVersion == 3 && registry.adminThreshold == 1)
        #expect(registry.identities.map(\.id) == ["alice", "deploy-agent-01", "gate"])
        #expect(registry.identities.map(\.kind) == [.person, .agent, .service])
        let alice = registry.identities[0]
        #expect(alice.roles == ["admin", "approver"] && alice.groups == ["sre"])
        #expect(alice.keys[0].validAfter == Timestamp("2026-01-01T00:00:00Z"))
        #expect(alice.keys[0].validBefore == Timestamp("2026-10-01T00:00:00Z"))
        #expect(alice.keys[1].publicKey.hasPrefix("ecdsa-sha2-nistp256 ") && alice.keys[1].validAfter == nil)
    }

    @Test("read back as they were written", arguments: [nil, "ours\nhand off\u{2028}\r!"])
    func emission(header: String?) throws {
        var registry = try Self.registry()
        registry.identities += [
            Identity(id: "no", kind: .person, roles: ["y", "2026-01-01"], groups: ["1e3"]),
            Identity(id: "007", kind: .agent), Identity(id: "null", kind: .service, roles: [Role.runner]),
        ]
        let bytes = IdentitiesDocument.emit(registry, header: header)
        #expect(try IdentitiesDocument.parse(SourceFile(name: "i", bytes: bytes)) == registry)
        #expect(bytes == IdentitiesDocument.emit(registry, header: header))
        if header != nil { #expect(bytes.starts(with: "# ours\n# hand off\\u{2028}\\r!\ntrust_version: 3\n".utf8)) }
    }

    @Test("have keys of one spelling: a changed last symbol, which decodes alike, is refused")
    func oneSpelling() throws {
        // One byte in two symbols leaves four bits over: `AA==` and `AB==` decode alike.
        let file = try Fixture.valid("identities-full.yaml")
        let text = String(decoding: file.bytes, as: UTF8.self)
        let key = try #require(text.split(separator: "\"").first { $0.hasPrefix("ecdsa") && $0.hasSuffix("=") })
        let body = key.prefix { $0 != "=" }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let last = try #require(body.last)
        let index = try #require(alphabet.firstIndex(of: last))
        let twin = body.dropLast() + String(alphabet[index ^ 1]) + key.dropFirst(body.count)
        let damaged = String(text.replacing(key, with: twin))
        let error = #expect(throws: DocumentError.self) {
            try IdentitiesDocument.parse(SourceFile(name: "i", text: damaged))
        }
        #expect(error?.summary.hasSuffix("the key's base64 is damaged") == true)
    }
}

/// ssh-keygen(1) is the peer: what it accepts and refuses is what the file means.
@Suite(
    "The allowed signers file", .enabled(if: Program.find("ssh-keygen", environment: Host.real().environment) != nil))
struct AllowedSignersTests {
    private final class Workshop {
        let folder: String
        let environment = Host.real().environment

        init() throws {
            folder = try Files.temporaryDirectory(in: environment["TMPDIR"] ?? "/tmp", prefix: "allowed-signers-")
        }

        deinit { try? Files.removeTree(folder) }

        func keygen(_ arguments: String..., input: String = "", zone: String = "UTC") throws -> Int32 {
            var environment = environment
            environment["TZ"] = zone
            return try Program.run(["ssh-keygen"] + arguments, environment: environment, input: Array(input.utf8))
                .status
        }

        /// A new key's public text.
        func makeKey(_ name: String) throws -> String {
            #expect(try keygen("-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "\(folder)/\(name)") == 0)
            let line = String(decoding: try Files.read("\(folder)/\(name).pub"), as: UTF8.self)
            return line.split { $0 == " " || $0 == "\n" }.prefix(2).joined(separator: " ")
        }

        func sign(_ name: String, namespace: String) throws {
            try Files.writeAtomically("\(folder)/text", Array("text".utf8))
            try? Files.remove("\(folder)/text.sig")
            #expect(try keygen("-q", "-Y", "sign", "-f", "\(folder)/\(name)", "-n", namespace, "\(folder)/text") == 0)
        }

        func accepts(
            _ registry: IdentityRegistry, principal: String, namespace: String, at instant: String? = nil,
            zone: String = "UTC"
        ) throws -> Bool {
            try Files.writeAtomically("\(folder)/signers", AllowedSigners.emit(registry))
            let arguments = [
                "-Y", "verify", "-f", "\(folder)/signers", "-I", principal, "-n", namespace, "-s", "\(folder)/text.sig",
            ]
            var environment = environment
            environment["TZ"] = zone
            let time = instant.map { ["-Overify-time=\($0)"] } ?? []
            return try Program.run(
                ["ssh-keygen"] + arguments + time, environment: environment, input: Array("text".utf8)
            )
            .status == 0
        }
    }

    @Test("has one line for each key, in order, and no bound that is not set")
    func lines() throws {
        let registry = try IdentityTests.registry()
        let text = String(decoding: AllowedSigners.emit(registry), as: UTF8.self)
        let keys = registry.identities.flatMap(\.keys).map(\.publicKey)
        #expect(
            text.split(separator: "\n").dropFirst().elementsEqual([
                "alice namespaces=\"git,change@agentsafe,vote@agentsafe,trust@agentsafe\","
                    + "valid-after=\"20260101000000Z\",valid-before=\"20261001000000Z\" \(keys[0])",
                "alice namespaces=\"git,change@agentsafe,vote@agentsafe,trust@agentsafe\" \(keys[1])",
                "deploy-agent-01 namespaces=\"git,change@agentsafe\" \(keys[2])",
            ]))
    }

    @Test(
        "lets each kind sign in its own namespaces alone",
        arguments: [
            (IdentityKind.agent, ["admin"], ["git", "change@agentsafe"]),
            (.service, ["admin"], ["git"]),
            (.person, [], ["git", "change@agentsafe", "vote@agentsafe"]),
            (.person, ["admin"], ["git", "change@agentsafe", "vote@agentsafe", "trust@agentsafe"]),
        ])
    func namespaces(kind: IdentityKind, roles: [String], allowed: [String]) throws {
        let workshop = try Workshop()
        let key = IdentityKey(publicKey: try workshop.makeKey("key"))
        let registry = IdentityRegistry(
            trustVersion: 1, adminThreshold: 1, identities: [Identity(id: "me", kind: kind, roles: roles, keys: [key])])
        for namespace in ["git", "change@agentsafe", "vote@agentsafe", "trust@agentsafe", "file"] {
            try workshop.sign("key", namespace: namespace)
            #expect(
                try workshop.accepts(registry, principal: "me", namespace: namespace) == allowed.contains(namespace),
                "\(namespace)")
            #expect(try !workshop.accepts(registry, principal: "you", namespace: namespace))
        }
    }

    @Test(
        "has both bounds inclusive, in UTC wherever it is read", arguments: ["UTC", "America/New_York", "Asia/Kolkata"])
    func bounds(zone: String) throws {
        let workshop = try Workshop()
        let key = IdentityKey(
            publicKey: try workshop.makeKey("key"), validAfter: Timestamp("2026-01-01T00:00:00Z"),
            validBefore: Timestamp("2026-10-01T12:00:00Z"))
        let registry = IdentityRegistry(
            trustVersion: 1, adminThreshold: 1, identities: [Identity(id: "me", kind: .person, keys: [key])])
        try workshop.sign("key", namespace: "git")
        for (instant, isInside) in [
            ("20251231235959Z", false), ("20260101000000Z", true), ("20260101000001Z", true),
            ("20261001115959Z", true), ("20261001120000Z", true), ("20261001120001Z", false),
        ] {
            #expect(
                try workshop.accepts(registry, principal: "me", namespace: "git", at: instant, zone: zone) == isInside,
                "\(instant)")
        }
    }

    @Test("refuses the signature of an expired key now, and takes that of a key that never expires")
    func expired() throws {
        let workshop = try Workshop()
        let text = try workshop.makeKey("key")
        try workshop.sign("key", namespace: "git")
        for (end, isValid) in [("2020-01-01T00:00:00Z", false), ("9999-12-31T23:59:59Z", true)] {
            let key = IdentityKey(publicKey: text, validBefore: Timestamp(end))
            let registry = IdentityRegistry(
                trustVersion: 1, adminThreshold: 1, identities: [Identity(id: "me", kind: .person, keys: [key])])
            #expect(try workshop.accepts(registry, principal: "me", namespace: "git") == isValid, "\(end)")
        }
    }
}
