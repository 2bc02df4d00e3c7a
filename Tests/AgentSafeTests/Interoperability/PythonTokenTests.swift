import ChangeModel
import CryptoPrimitives
import OperatingSystem
import Testing

@Suite(
    "Tokens that PyJWT and the Python project read and write",
    .enabled(if: PythonTokens.isWanted, "needs PyJWT and agent-safe: run Tests/run.sh, or set AGENTSAFE_TEST_PYTHON"))
struct PythonTokenTests {
    static let secret = "a shared key of the tests, 32 bytes or more"

    /// A repository whose clock is the machine's: other people's code looks at no other.
    private final class Scene {
        let governance: Governance
        let id: ChangeID
        let shared: [String]

        init() throws {
            governance = try Governance(making: (), at: Host.real().now() - 5)
            id = try governance.landed()
            shared = try governance.sharedKey(PythonTokenTests.secret)
            governance.clock.advance(Host.real().now() - governance.clock.now)
        }

        func eddsa() throws -> String { try governance.ticket(id) }
        func hs256() throws -> String { try governance.ticket(id, ["--format", "hs256"] + shared) }

        func verify(_ command: String, _ token: String, _ options: [String] = []) throws -> (Int32, JSONValue) {
            governance.clock.advance(Host.real().now() - governance.clock.now)
            let path = try governance.file("token.jwt", token)
            let result = governance.agentsafe(
                "bob", [command, "verify", path, "--output", "json"] + shared + options)
            return (result.status, try result.json)
        }
    }

    @Test("PyJWT verifies our tickets, under EdDSA with the public key alone, and under HS256")
    func read() throws {
        let scene = try Scene()
        let (eddsa, hs256) = (try scene.eddsa(), try scene.hs256())
        let line = String(decoding: try Files.read(scene.governance.key("runner") + ".pub"), as: UTF8.self)
        let seen = try PythonTokens.run(
            """
            import jwt
            from cryptography.hazmat.primitives.serialization import load_ssh_public_key
            key = load_ssh_public_key(data["key"].encode())
            required = {"require": ["exp", "iat", "iss", "nonce"]}
            one = jwt.decode(data["eddsa"], key, algorithms=["EdDSA"], issuer="runner", options=required)
            other = jwt.decode(data["hs256"], data["secret"], algorithms=["HS256"], issuer="agent-safe", options=required)
            print(json.dumps({"one": one, "other": other, "header": jwt.get_unverified_header(data["eddsa"])}))
            """,
            ["key": .string(line), "eddsa": .string(eddsa), "hs256": .string(hs256), "secret": .string(Self.secret)])
        #expect(try TokenParts.claims(eddsa) == seen["one"])
        #expect(try TokenParts.claims(hs256) == seen["other"])
        #expect(seen.at("header", "typ") == "execution-ticket+jwt")
        #expect(seen.at("one", "change")?.stringValue == scene.id.text)
        #expect(seen.at("other", "params") == ["deployment": "api-server", "namespace": "staging", "replicas": 6])
        #expect(
            Set(seen["other"]?.objectValue.map { Array($0.keys) } ?? []) == [
                "type", "action", "target", "caller", "params", "audit_id", "nonce", "iss", "iat", "exp",
            ])
    }

    /// Each byte of header, payload and signature is changed once.
    @Test("PyJWT rejects our tickets with any byte changed, without a signature, and signed with the public key")
    func tampered() throws {
        let scene = try Scene()
        let line = String(decoding: try Files.read(scene.governance.key("runner") + ".pub"), as: UTF8.self)
        let seen = try PythonTokens.run(
            """
            import base64, hashlib, hmac, jwt
            from cryptography.hazmat.primitives.serialization import load_ssh_public_key
            def decode(part): return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
            def encode(content): return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
            def holds(token, key, algorithm):
                try:
                    jwt.decode(token, key, algorithms=[algorithm])
                    return True
                except Exception:
                    return False
            tried, taken = 0, []
            key = load_ssh_public_key(data["key"].encode())
            for token, secret, algorithm in ((data["eddsa"], key, "EdDSA"), (data["hs256"], data["secret"], "HS256")):
                assert holds(token, secret, algorithm)
                parts = token.split(".")
                for number, part in enumerate(parts):
                    content = decode(part)
                    for index in range(len(content)):
                        changed = bytearray(content)
                        changed[index] ^= 1
                        tried += 1
                        if holds(".".join(parts[:number] + [encode(bytes(changed))] + parts[number + 1:]), secret, algorithm):
                            taken.append([algorithm, number, index])
                forged = json.loads(decode(parts[0]))
                for name, mark in (("none", b""), ("None", b""), ("HS256", None)):
                    forged["alg"] = name
                    signed = encode(json.dumps(forged).encode()) + "." + parts[1]
                    if mark is None:
                        mark = hmac.new(data["key"].encode(), signed.encode(), hashlib.sha256).digest()
                    tried += 1
                    if holds(signed + "." + encode(mark), secret, algorithm):
                        taken.append([algorithm, name, "forged"])
            print(json.dumps({"tried": tried, "taken": taken}))
            """,
            [
                "key": .string(line), "eddsa": .string(try scene.eddsa()), "hs256": .string(try scene.hs256()),
                "secret": .string(Self.secret),
            ])
        #expect(seen["taken"] == [])
        #expect((seen["tried"]?.integerValue ?? 0) > 800, "\(seen)")
    }

    @Test("the Python project validates our HS256 tickets, once, for their action and target, and our identity tokens")
    func validated() throws {
        let scene = try Scene()
        let identity = try scene.governance.expect(
            0, "agent", ["identity", "token", "--format", "hs256"] + scene.shared
        ).output
        let seen = try PythonTokens.run(
            """
            from agent_safe.tickets.validator import TicketValidator
            from agent_safe.identity.manager import IdentityManager
            def answer(validator, *arguments):
                result = validator.validate(data["ticket"], *arguments)
                return [result.valid, result.reason]
            validator = TicketValidator(data["secret"])
            other = TicketValidator("another shared key, which is as long as that")
            print(json.dumps({
                "action": answer(validator, "update-image")[0], "target": answer(validator, None, "prod/api-server")[0],
                "key": answer(other)[0],
                "first": answer(validator, "scale-deployment", "staging/api-server"),
                "second": answer(validator, "scale-deployment", "staging/api-server"),
                "identity": json.loads(IdentityManager(data["secret"]).validate_token(data["identity"]).model_dump_json()),
            }))
            """,
            [
                "ticket": .string(try scene.hs256()), "secret": .string(Self.secret), "identity": .string(identity),
            ])
        for name in ["action", "target", "key"] { #expect(seen[name] == false, "\(name)") }
        #expect(seen["first"] == [true, "Ticket is valid"])
        #expect(seen["second"] == [false, "Ticket has already been used (replay detected)"])
        #expect(seen.at("identity", "agent_id") == "deploy-agent-01")
        #expect(seen.at("identity", "roles") == ["deployer"])
    }

    @Test(
        "we validate the Python project's tickets, once, and refuse what is tampered with, ended, or under another key")
    func tickets() throws {
        let scene = try Scene()
        let made = try PythonTokens.run(
            """
            from datetime import timedelta
            from agent_safe.tickets.issuer import TicketIssuer
            def make(secret, **more):
                issuer = TicketIssuer(secret, **more)
                return issuer.issue("scale-deployment", "staging/api-server", "agent-7", "evt-1", {"replicas": 6}).token
            print(json.dumps({
                "good": make(data["secret"]), "other": make("another shared key, which is as long as that"),
                "issuer": make(data["secret"], issuer="somebody"), "old": make(data["secret"], ttl=timedelta(seconds=-60)),
                "long": make(data["secret"], ttl=timedelta(days=2)),
            }))
            """, ["secret": .string(Self.secret)])
        func token(_ name: String) throws -> String { try #require(made[name]?.stringValue) }
        let good = try token("good")
        let exact = ["--action", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6"]
        let (status, answer) = try scene.verify("ticket", good, exact + scene.governance.nonces)
        #expect(status == 0 && answer.at("ticket", "caller") == "agent-7" && answer["consumed"] == true, "\(answer)")
        let again = try scene.verify("ticket", good, scene.governance.nonces)
        #expect(again.0 == 20 && again.1["code"] == "used")
        for (name, expected, code) in [
            ("other", 30, "signature"), ("issuer", 30, "issuer"), ("long", 30, "malformed"),
        ] as [(String, Int32, String)] {
            let (status, answer) = try scene.verify("ticket", try token(name))
            #expect(status == expected && answer["code"]?.stringValue == code, "\(name): \(answer)")
        }
        #expect(try scene.verify("ticket", try token("old")).0 != 0)
        #expect(try scene.verify("ticket", try token("issuer"), ["--issuer", "somebody"]).0 == 0)
        #expect(try scene.verify("ticket", good, ["--target", "prod/api-server"]).0 == 20)
        // A ticket under a shared key is none where a public key is expected.
        let path = try scene.governance.file("good.jwt", good)
        #expect(scene.governance.agentsafe("bob", ["ticket", "verify", path]).status == 30)
        for index in good.utf8.indices where good.utf8[index] != UInt8(ascii: ".") {
            var changed = good
            changed.replaceSubrange(index...index, with: good[index] == "A" ? "B" : "A")
            guard good.utf8.distance(from: good.utf8.startIndex, to: index).isMultiple(of: 7) else { continue }
            #expect(try scene.verify("ticket", changed).0 == 30)
        }
    }

    @Test("we validate the Python project's identities and delegations, with the roles that main gives and no others")
    func identities() throws {
        let scene = try Scene()
        let made = try PythonTokens.run(
            """
            from agent_safe.identity.manager import IdentityManager
            manager = IdentityManager(data["secret"])
            root = manager.create_token("deploy-agent-01", "Deployer", roles=["deployer", "admin"], groups=["night"])
            first = manager.create_delegation_token(root, "rogue", "Worker", child_roles=["deployer"])
            second = manager.create_delegation_token(first, "helper", child_roles=["deployer"])
            print(json.dumps({
                "root": root, "first": first, "second": second,
                "stranger": manager.create_token("nobody", roles=["deployer"]),
                "other": IdentityManager("another shared key, which is as long as that").create_token("rogue"),
            }))
            """, ["secret": .string(Self.secret)])
        func identity(_ name: String) throws -> (Int32, JSONValue) {
            try scene.verify("identity", try #require(made[name]?.stringValue))
        }
        let root = try identity("root")
        #expect(root.0 == 0 && root.1["roles"] == ["deployer"] && root.1["ignored"] == ["admin", "night"], "\(root)")
        let first = try identity("first")
        #expect(first.0 == 0 && first.1["agent_id"] == "rogue" && first.1["roles"] == ["deployer"], "\(first)")
        #expect(first.1["delegated_by"] == ["deploy-agent-01"] && first.1["kind"] == "agent")
        let second = try identity("second")
        #expect(second.0 == 0 && second.1["delegated_by"] == ["deploy-agent-01", "rogue"], "\(second)")
        #expect(try identity("stranger").1["roles"] == [])
        #expect(try identity("other").0 == 30)
        // The policy's answer follows: what was delegated may scale, a stranger may not.
        func check(_ name: String) throws -> CommandResult {
            let path = try scene.governance.file("caller.jwt", try #require(made[name]?.stringValue))
            return scene.governance.agentsafe(
                "bob",
                [
                    "check", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--token",
                    path,
                ]
                    + scene.shared)
        }
        #expect(try check("second").status == 0)
        #expect(try check("first").status == 0)
        #expect(try check("stranger").status == 20)
        #expect(try check("other").status == 30)
    }
}
