import ChangeModel
import Testing

@testable import Tokens

@Suite("An execution ticket")
struct ExecutionTicketTests {
    private static let key = TestKey(1)
    private static let shared = try! SharedKey(Array("0123456789abcdef0123456789abcdef".utf8))
    private static let id = ChangeID(now: clock, random: [1, 2, 3])

    private static func ticket(bound: Bool = true) -> ExecutionTicket {
        ExecutionTicket(
            action: "scale-deployment", target: "staging/api-server", caller: "deploy-agent-01",
            parameters: ["replicas": 6, "command": ["ls", "-l"]], auditID: id.text,
            nonce: "00112233445566778899aabbccddeeff", issuer: bound ? "runner" : "agent-safe", issued: clock,
            expires: clock + .seconds(300),
            binding: bound
                ? .init(
                    repository: repositoryID, change: id, digest: Digest(of: [1]), plan: Digest(of: [2]))
                : nil)
    }

    private static func read(_ text: String) throws(TokenError) -> ExecutionTicket {
        let token = try CompactToken(text)
        return try ExecutionTicket(try token.verified(by: key.edDSA), algorithm: .edDSA)
    }

    @Test("reads back as it was issued, with and without its binding")
    func roundTrip() throws {
        #expect(try Self.read(try Self.ticket().token(by: Self.key)) == Self.ticket())
        let token = try CompactToken(try Self.ticket(bound: false).token(by: Self.shared))
        #expect(
            try ExecutionTicket(try token.verified(by: Self.shared), algorithm: .hs256) == Self.ticket(bound: false))
        #expect(token.type == "JWT")
        #expect(code { () throws(TokenError) in try Self.ticket().token(by: Self.shared) } == .malformed)
        #expect(code { () throws(TokenError) in try Self.ticket(bound: false).token(by: Self.key) } == .malformed)
    }

    @Test("lacking a claim, having one of another type, or one too many, is refused")
    func claims() throws {
        guard case .object(let members) = Self.ticket().json else { return }
        for name in members.keys {
            for value in [nil, .null, .bool(true), .number(0.5), .array([]), .integer(-1), ""] as [JSONValue?] {
                var changed = members
                changed[name] = value
                let text = try CompactToken.make(.object(changed), type: ExecutionTicket.headerType, by: Self.key)
                let found = code { () throws(TokenError) in try Self.read(text) }
                #expect(found == (name == "type" ? .type : .malformed), "\(name): \(String(describing: value))")
            }
        }
        for name in ["nbf", "aud", "sub", "jti", "roles"] {
            var changed = members
            changed[name] = "x"
            let text = try CompactToken.make(.object(changed), type: ExecutionTicket.headerType, by: Self.key)
            #expect(code { () throws(TokenError) in try Self.read(text) } == .malformed, "\(name)")
        }
        var other = members
        other["audit_id"] = "chg-20261122-7f3k9q2m4x"
        let text = try CompactToken.make(.object(other), type: ExecutionTicket.headerType, by: Self.key)
        #expect(code { () throws(TokenError) in try Self.read(text) } == .malformed)
    }

    @Test("is none when it is a token of another kind, in the header or in the claims")
    func kinds() throws {
        for type in ["JWT", "identity+jwt", "delegation+jwt", "Execution-Ticket+JWT", ""] {
            let text = try CompactToken.make(Self.ticket().json, type: type, by: Self.key)
            #expect(code { () throws(TokenError) in try Self.read(text) } == .type)
        }
        let identity = IdentityToken(
            agentID: "runner", agentName: "", roles: [], groups: [], issuer: "runner", issued: clock,
            expires: clock + .seconds(300), repository: repositoryID)
        let text = try identity.token(by: Self.key)
        #expect(code { () throws(TokenError) in try Self.read(text) } == .type)
        let claims = try CompactToken(try Self.ticket(bound: false).token(by: Self.shared)).verified(by: Self.shared)
        #expect(code { () throws(TokenError) in try IdentityToken(claims, algorithm: .hs256) } == .type)
    }

    @Test(
        "lives from 30 seconds before its issue to 30 after its end, and no longer",
        arguments: [(-31, .notYetValid), (-30, nil), (0, nil), (329, nil), (330, .expired), (86_400, .expired)]
            as [(Int64, TokenError.Code?)])
    func life(after seconds: Int64, expected: TokenError.Code?) {
        let moment = clock + .seconds(seconds)
        #expect(code { () throws(TokenError) in try Self.ticket().check(.init(), now: moment) } == expected)
    }

    @Test("that would live longer than a day, not at all, or backwards, is refused")
    func lifetimes() {
        for (length, isFine) in [(1, true), (86_400, true), (86_401, false), (0, false), (-1, false)] as [(Int64, Bool)]
        {
            var ticket = Self.ticket()
            ticket.expires = clock + .seconds(length)
            #expect((code { () throws(TokenError) in try ticket.check(.init(), now: clock) } == nil) == isFine)
        }
    }

    @Test("serves for nothing but what it names")
    func expectations() {
        func refusal(_ expected: ExecutionTicket.Expectation) -> TokenError.Code? {
            code { () throws(TokenError) in try Self.ticket().check(expected, now: clock) }
        }
        let parameters = ["replicas": "6", "command": #"["ls","-l"]"#]
        #expect(
            refusal(
                .init(
                    issuer: "runner", repository: repositoryID, change: Self.id, action: "scale-deployment",
                    target: "staging/api-server", parameters: parameters)) == nil)
        #expect(refusal(.init(issuer: "gate")) == .issuer)
        #expect(refusal(.init(repository: "0" + repositoryID.dropFirst())) == .repository)
        #expect(refusal(.init(change: ChangeID("chg-20261122-7f3k9q2m4x"))) == .change)
        #expect(refusal(.init(action: "delete-namespace")) == .action)
        #expect(refusal(.init(action: "scale")) == .action)
        #expect(refusal(.init(target: "prod/api-server")) == .target)
        #expect(refusal(.init(parameters: ["replicas": "6"])) == .parameters)
        #expect(refusal(.init(parameters: ["replicas": "60", "command": #"["ls","-l"]"#])) == .parameters)
        #expect(refusal(.init(parameters: parameters.merging(["force": "true"]) { $1 })) == .parameters)
        var shared = Self.ticket(bound: false)
        shared.binding = nil
        #expect(code { () throws(TokenError) in try shared.check(.init(repository: "x"), now: clock) } == .repository)
    }
}
