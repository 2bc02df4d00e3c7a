import ChangeModel
import TestSupport
import Testing

@testable import Tokens

@Suite("A delegation chain")
struct DelegationChainTests {
    /// root holds everything; a, b, c, d and e are agents with a key each.
    struct House {
        var registry: IdentityRegistry
        let keys: [String: TestKey]

        init() {
            var keys: [String: TestKey] = [:]
            var identities: [Identity] = []
            for (index, name) in ["root", "a", "b", "c", "d", "e"].enumerated() {
                let key = TestKey(UInt8(index + 1))
                keys[name] = key
                identities.append(
                    Identity(
                        id: name, kind: name == "root" ? .person : .agent,
                        roles: name == "root" ? ["deployer", "reader"] : [],
                        groups: name == "root" ? ["east", "west"] : [],
                        keys: [IdentityKey(publicKey: key.text)]))
            }
            registry = IdentityRegistry(trustVersion: 1, adminThreshold: 1, identities: identities)
            self.keys = keys
        }

        func link(_ from: String, _ to: String, _ edit: (inout DelegationLink) -> Void = { _ in }) -> DelegationLink {
            var link = DelegationLink(
                delegator: from, delegate: to, delegateKey: keys[to]?.fingerprint ?? "", repository: repositoryID,
                id: "00112233445566778899aabbccddeeff", issued: clock, expires: clock + .seconds(3600), depth: 0,
                roles: ["deployer"], groups: ["east"], actions: ["*"], targets: ["*"], parent: nil)
            edit(&link)
            return link
        }

        /// Signs each link with its delegator's key, and names the token before as its parent.
        func tokens(_ links: [DelegationLink]) throws -> [String] {
            var tokens: [String] = []
            for var link in links {
                if let parent = tokens.last { link.parent = Digest(of: Array(parent.utf8)) }
                tokens.append(try #require(keys[link.delegator]).signed(link))
            }
            return tokens
        }

        func refusal(_ links: [DelegationLink], now: Timestamp = clock) throws -> TokenError.Code? {
            refusal(try tokens(links), now: now)
        }

        func refusal(_ tokens: [String], now: Timestamp = clock, repository: String = repositoryID) -> TokenError.Code?
        {
            code { () throws(TokenError) in
                try DelegationChain(tokens, identities: registry, repository: repository, now: now)
            }
        }
    }

    @Test("hands on what its root holds, link by link, to one key")
    func holds() throws {
        let house = House()
        let tokens = try house.tokens([
            house.link("root", "a") {
                $0.depth = 4
                $0.roles = ["deployer", "reader"]
            },
            house.link("a", "b") { $0.depth = 3 },
            house.link("b", "c") {
                $0.depth = 1
                $0.groups = []
            },
            house.link("c", "d") {
                $0.expires = clock + .seconds(60)
                $0.groups = []
            },
        ])
        let chain = try DelegationChain(tokens, identities: house.registry, repository: repositoryID, now: clock)
        #expect(chain.delegators == ["root", "a", "b", "c"] && chain.delegate == "d")
        #expect(chain.roles == ["deployer"] && chain.groups == [] && chain.depthLeft == 0)
        #expect(chain.delegateKey == house.keys["d"]?.fingerprint)
        #expect(house.refusal(tokens, now: clock + .seconds(60)) == .expired)
        #expect(house.refusal(tokens, now: clock + .seconds(59)) == nil)
        #expect(house.refusal(tokens, now: clock - .seconds(301)) == .notYetValid)
        #expect(house.refusal(tokens, repository: "x") == .repository)
    }

    @Test("that widens anything is refused")
    func widening() throws {
        let house = House()
        let root = house.link("root", "a") { $0.depth = 2 }
        func child(_ edit: (inout DelegationLink) -> Void) throws -> TokenError.Code? {
            try house.refusal([root, house.link("a", "b", edit)])
        }
        #expect(try child { _ in } == nil)
        #expect(try child { $0.roles = ["deployer", "reader"] } == .scope)
        #expect(try child { $0.roles = ["admin"] } == .scope)
        #expect(try child { $0.groups = ["west"] } == .scope)
        #expect(try child { $0.expires = clock + .seconds(3601) } == .scope)
        #expect(try child { $0.depth = 2 } == .depth)
        #expect(try child { $0.depth = 1 } == nil)
        #expect(try house.refusal([house.link("root", "a") { $0.roles = ["admin"] }]) == .scope)
        #expect(try house.refusal([house.link("root", "a") { $0.groups = ["north"] }]) == .scope)
        #expect(try house.refusal([house.link("root", "a"), house.link("a", "b")]) == .depth)
    }

    @Test("counts what its root holds now, not what it held when it signed")
    func rootLost() throws {
        var house = House()
        let tokens = try house.tokens([house.link("root", "a")])
        #expect(house.refusal(tokens) == nil)
        house.registry.identities[0].roles = ["reader"]
        #expect(house.refusal(tokens) == .scope)
    }

    @Test("with a key that was revoked, has ended or is another's is refused, at either end")
    func keys() throws {
        let tokens = try House().tokens([House().link("root", "a") { $0.depth = 1 }, House().link("a", "b")])
        for place in 0...2 {
            for edit in [
                { $0.revoked = true }, { $0.validBefore = clock - .seconds(1) },
                { $0.validAfter = clock + .seconds(1) },
            ] as [(inout IdentityKey) -> Void] {
                var house = House()
                edit(&house.registry.identities[place].keys[0])
                #expect(house.refusal(tokens) == .key)
            }
            var house = House()
            house.registry.identities[place].keys = []
            #expect(house.refusal(tokens) == .key)
        }
        // A second key of the delegate's own is another key all the same.
        var house = House()
        let other = TestKey(99)
        house.registry.identities[1].keys.append(IdentityKey(publicKey: other.text))
        var second = house.link("a", "b")
        second.parent = Digest(of: Array(tokens[0].utf8))
        #expect(house.refusal([tokens[0], try other.signed(second)]) == .signature)
    }

    @Test("signed by somebody else is refused, whoever it says it is by")
    func forged() throws {
        let house = House()
        let link = house.link("root", "a")
        let stranger = TestKey(50)
        var pretender = stranger
        pretender.claimsToBe = house.keys["root"]?.fingerprint
        var member = try #require(house.keys["e"])
        #expect(house.refusal([try stranger.signed(link)]) == .key)
        #expect(house.refusal([try pretender.signed(link)]) == .signature)
        #expect(house.refusal([try member.signed(link)]) == .signature)
        member.claimsToBe = house.keys["root"]?.fingerprint
        #expect(house.refusal([try member.signed(link)]) == .signature)
        // The key that is named must be the delegate's.
        #expect(try house.refusal([house.link("root", "a") { $0.delegateKey = stranger.fingerprint }]) == .key)
        #expect(try house.refusal([house.link("root", "a") { $0.delegateKey = member.fingerprint }]) == .key)
    }

    @Test("that loops, is too long, starts in the middle or is put together of two is refused")
    func shape() throws {
        let house = House()
        #expect(house.refusal([String]()) == .malformed)
        #expect(try house.refusal([house.link("root", "root")]) == .loop)
        let back = [
            house.link("root", "a") { $0.depth = 3 }, house.link("a", "b") { $0.depth = 2 },
            house.link("b", "a") { $0.depth = 1 },
        ]
        #expect(try house.refusal(back) == .loop)
        #expect(try house.refusal([back[0], back[1], house.link("b", "root")]) == .loop)
        let names = ["root", "a", "b", "c", "d", "e"]
        let long = zip(names, names.dropFirst()).enumerated().map { index, pair in
            house.link(pair.0, pair.1) { $0.depth = 4 - index }
        }
        let tokens = try house.tokens(long)
        #expect(house.refusal(tokens) == nil)
        #expect(house.refusal(Array(tokens.dropFirst())) == .chain)
        #expect(house.refusal(Array(tokens.reversed())) == .chain)
        #expect(house.refusal([tokens[0], tokens[2]]) == .chain)
        #expect(house.refusal([tokens[0], tokens[0]]) == .chain)
        #expect(house.refusal(tokens + [tokens[4]]) == .depth)
        // Two delegations of one root to one agent: what was signed under one is not moved under the other.
        let wide = try house.tokens([
            house.link("root", "a") {
                $0.depth = 3
                $0.targets = ["*"]
            }
        ])
        let narrow = try house.tokens([
            house.link("root", "a") {
                $0.depth = 3
                $0.targets = ["dev/*"]
            }
        ])
        var second = house.link("a", "b")
        second.parent = Digest(of: Array(narrow[0].utf8))
        let signed = try #require(house.keys["a"]).signed(second)
        #expect(house.refusal(narrow + [signed]) == nil)
        #expect(house.refusal(wide + [signed]) == .chain)
    }

    @Test("of services, of strangers, and of other kinds of token is refused")
    func kinds() throws {
        var house = House()
        let tokens = try house.tokens([house.link("root", "a")])
        for place in 0...1 {
            house.registry.identities[place].kind = .service
            #expect(house.refusal(tokens) == .key)
            house = House()
        }
        let root = try #require(house.keys["root"])
        let link = house.link("root", "a")
        for type in ["JWT", "identity+jwt", "execution-ticket+jwt"] {
            #expect(house.refusal([try CompactToken.make(link.json, type: type, by: root)]) == .type)
        }
        guard case .object(let members) = link.json else { return }
        for name in members.keys {
            for value in [nil, .null, 7.5, "", ["x": 1]] as [JSONValue?] {
                var changed = members
                changed[name] = value
                let text = try CompactToken.make(.object(changed), type: DelegationLink.headerType, by: root)
                #expect(house.refusal([text]) == .malformed, "\(name): \(String(describing: value))")
            }
        }
        for (name, value) in [("max_uses", 1), ("aud", "x"), ("parent", .null)] as [(String, JSONValue)] {
            var changed = members
            changed[name] = value
            let text = try CompactToken.make(.object(changed), type: DelegationLink.headerType, by: root)
            #expect(house.refusal([text]) == .malformed, "\(name)")
        }
        let shared = try SharedKey(Array("0123456789abcdef0123456789abcdef".utf8))
        let forged = try CompactToken.make(link.json, type: DelegationLink.headerType, by: shared)
        #expect(house.refusal([forged]) == .algorithm)
        #expect(code { () throws(TokenError) in try link.token(by: shared) } == .algorithm)
    }

    /// Random chains against the rules, written down a second time as plainly as possible.
    @Test("is accepted exactly when every link narrows, on random chains")
    func agrees() throws {
        var random = SeededGenerator(stream: 7800)
        let house = House()
        var (accepted, refused) = (0, 0)
        for _ in 0..<3000 {
            let names = ["root", "a", "b", "c", "d", "e"]
            var people = Array(names.prefix(2 + random.below(5)))
            if random.chance(10) { people[people.count - 1] = random.pick(names) }
            let links = zip(people, people.dropFirst()).enumerated().map { index, pair in
                house.link(pair.0, pair.1) {
                    $0.depth = max(0, 4 - index - (random.chance(8) ? 1 : 0))
                    $0.roles =
                        index < 2 || random.chance(10) ? random.some(of: ["deployer", "reader"], percent: 90) : []
                    $0.groups = random.chance(8) ? ["west"] : []
                    $0.expires = clock + .seconds(Int64(3600 - index * 10 + (random.chance(8) ? 15 : 0)))
                }
            }
            var isFine = Set(people).count == people.count
            for (index, link) in links.enumerated() {
                let before = index == 0 ? nil : links[index - 1]
                let roles = before?.roles ?? ["deployer", "reader"]
                let groups = before?.groups ?? ["east", "west"]
                for role in link.roles where !roles.contains(role) { isFine = false }
                for group in link.groups where !groups.contains(group) { isFine = false }
                if let before, link.expires > before.expires { isFine = false }
                if let before, link.depth >= before.depth { isFine = false }
            }
            if isFine { accepted += 1 } else { refused += 1 }
            let isAccepted = try house.refusal(links) == nil
            #expect(isAccepted == isFine, "\(links)")
        }
        #expect(accepted > 300 && refused > 300, "\(accepted) accepted, \(refused) refused")
    }
}

extension TestKey {
    func signed(_ link: DelegationLink) throws(TokenError) -> String {
        try CompactToken.make(link.json, type: DelegationLink.headerType, by: self)
    }
}
