import ChangeModel
import Testing

@testable import Tokens

@Suite("An identity token")
struct IdentityTokenTests {
    private static let key = TestKey(1)
    private static let shared = try! SharedKey(Array("0123456789abcdef0123456789abcdef".utf8))

    private static func token(bound: Bool = true) -> IdentityToken {
        IdentityToken(
            agentID: "agent-1", agentName: "The first", roles: ["deployer"], groups: ["east"],
            issuer: bound ? "agent-1" : "agent-safe", issued: clock, expires: clock + .seconds(3600),
            repository: bound ? repositoryID : nil)
    }

    private static func read(shared claims: JSONValue) throws(TokenError) -> IdentityToken {
        let token = try CompactToken(try CompactToken.make(claims, type: "JWT", by: shared))
        return try IdentityToken(try token.verified(by: shared), algorithm: .hs256)
    }

    @Test("reads back as it was made")
    func roundTrip() throws {
        let text = try CompactToken(try Self.token().token(by: Self.key))
        #expect(try IdentityToken(try text.verified(by: Self.key.edDSA), algorithm: .edDSA) == Self.token())
        #expect(try Self.read(shared: Self.token(bound: false).json) == Self.token(bound: false))
    }

    @Test("is everybody's own, for one repository, for a while")
    func checks() throws {
        func refusal(_ now: Timestamp, issuer: String = "agent-1", repository: String? = repositoryID) -> TokenError
            .Code?
        {
            code { () throws(TokenError) in try Self.token().check(issuer: issuer, repository: repository, now: now) }
        }
        #expect(refusal(clock) == nil)
        #expect(refusal(clock, issuer: "agent-2") == .issuer)
        #expect(refusal(clock, repository: "x") == .repository)
        #expect(refusal(clock + .seconds(3630)) == .expired)
        #expect(refusal(clock - .seconds(31)) == .notYetValid)
        var claims = Self.token().json
        claims["agent_id"] = "agent-2"
        let text = try CompactToken.make(claims, type: IdentityToken.headerType, by: Self.key)
        #expect(
            code { () throws(TokenError) in
                try IdentityToken(try CompactToken(text).verified(by: Self.key.edDSA), algorithm: .edDSA)
            } == .issuer)
    }

    private static func delegated(_ edit: (inout [String: JSONValue]) -> Void = { _ in }) -> JSONValue {
        func link(_ id: String, _ roles: [String]) -> JSONValue {
            [
                "agent_id": .string(id), "agent_name": "", "roles": .strings(roles), "groups": [],
                "delegated_at": "2026-11-22T23:11:00Z",
            ]
        }
        var members: [String: JSONValue] = [
            "agent_id": "worker", "agent_name": "", "roles": ["deployer"], "groups": [], "iss": "agent-safe",
            "iat": .integer(clock.seconds), "exp": .integer(clock.seconds + 60), "delegated_roles": ["deployer"],
            "delegation_depth": 2,
            "delegation_chain": [link("root", ["deployer", "reader"]), link("middle", ["deployer"])],
        ]
        edit(&members)
        return .object(members)
    }

    @Test("of the Python project may carry a delegation, whose links narrow")
    func pythonDelegation() throws {
        #expect(try Self.read(shared: Self.delegated()).chain.map(\.agentID) == ["root", "middle"])
        func refusal(_ edit: (inout [String: JSONValue]) -> Void) -> TokenError.Code? {
            code { () throws(TokenError) in try Self.read(shared: Self.delegated(edit)) }
        }
        #expect(
            refusal {
                $0["roles"] = ["deployer", "reader"]
                $0["delegated_roles"] = nil
            } == .scope)
        #expect(refusal { $0["delegated_roles"] = ["reader"] } == .scope)
        #expect(refusal { $0["delegation_depth"] = 1 } == .depth)
        #expect(refusal { $0["delegation_depth"] = nil } == .depth)
        #expect(refusal { $0["delegation_depth"] = "2" } == .malformed)
        #expect(refusal { $0["delegation_chain"] = "root" } == .malformed)
        #expect(refusal { $0["delegation_chain"] = [1, 2] } == .malformed)
        #expect(refusal { $0["agent_id"] = "root" } == .loop)
        #expect(refusal { $0["groups"] = ["east"] } == .scope)
        #expect(refusal { $0["nbf"] = 1 } == .malformed)
        #expect(refusal { $0["type"] = "execution-ticket" } == .type)
        let six = JSONValue.array((0..<6).map { ["agent_id": .string("a\($0)"), "roles": ["deployer"], "groups": []] })
        #expect(
            refusal {
                $0["delegation_chain"] = six
                $0["delegation_depth"] = 6
            } == .depth)
    }
}
