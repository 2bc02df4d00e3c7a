import ChangeModel
import PolicyEngine
import Testing

@Suite("Lint")
struct LintTests {
    private let now = Fixture.instant("2026-11-23T14:30:00Z")

    private func catalogue(_ rules: [Rule], freezes: [Freeze] = [], identities: [Identity]? = nil) -> Catalogue {
        var fixture = Fixture()
        fixture.rules = rules
        var catalogue = fixture.catalogue
        catalogue.freezes = freezes
        catalogue.identities = identities.map {
            IdentityRegistry(trustVersion: 1, adminThreshold: 1, identities: $0)
        }
        return catalogue
    }

    private func lint(_ catalogue: Catalogue) -> [LintFinding] {
        PolicyEngine(catalogue: catalogue).lint(now: now).findings
    }

    private func codes(_ rules: Rule..., identities: [Identity]? = nil) -> [LintFinding.Code] {
        lint(catalogue(rules, identities: identities)).map(\.code)
    }

    private let people = [
        Identity(id: "alice", kind: .person, roles: ["admin", "approver"], groups: ["east"]),
        Identity(id: "bob", kind: .person, roles: ["approver"]),
        Identity(id: "agent-1", kind: .agent, roles: ["deployer", "approver"]),
    ]

    private let named = RuleMatch(callers: CallerSelector(roles: ["deployer"]))

    @Test("finds nothing in a policy that says what it means")
    func clean() {
        let rules = [
            Fixture.rule("scale", .allow, named), Fixture.rule("rest", .deny, priority: -1),
        ]
        #expect(lint(catalogue(rules, identities: people)).isEmpty)
        let report = PolicyEngine(catalogue: catalogue(rules, identities: people)).lint(now: now)
        #expect(
            report.json == ["result": "clean", "errors": 0, "notes": 0, "omitted": 0, "findings": []])
    }

    @Test("finds rules that no request can reach, and those that never hold, with their place")
    func reach() {
        let found = lint(
            catalogue([
                Fixture.rule("wide", .deny, named, line: 3),
                Fixture.rule(
                    "narrow", .allow, RuleMatch(callers: CallerSelector(roles: ["deployer"]), requireTicket: true),
                    line: 9),
                Fixture.rule("never", .deny, RuleMatch(timeWindows: []), line: 12),
            ]))
        #expect(found.map(\.code) == [.unreachableRule, .neverHolds])
        #expect(found.map(\.location.description) == ["policies/default.yaml:9", "policies/default.yaml:12"])
        #expect(found.map(\.level) == [.error, .error])
        #expect(found[0].message.contains("`wide` (policies/default.yaml:3)"))
        #expect(found[1].message == "rule `never` never decides: its time windows hold at no hour")
    }

    @Test("finds rules that allow everything to everybody; where they name actions, it is a note")
    func allowAll() {
        func levels(_ match: RuleMatch, _ decision: Verdict = .allow) -> [LintFinding.Level] {
            lint(catalogue([Fixture.rule("all", decision, match)])).filter { $0.code == .allowAll }.map(\.level)
        }
        #expect(levels(RuleMatch()) == [.error])
        #expect(levels(RuleMatch(targets: TargetSelector(), callers: CallerSelector())) == [.error])
        #expect(levels(RuleMatch(), .deny).isEmpty && levels(RuleMatch(), .requireApproval).isEmpty)
        #expect(levels(named).isEmpty)
        #expect(levels(RuleMatch(targets: TargetSelector(environments: [.staging]))).isEmpty)
        var more = catalogue([Fixture.rule("all", .allow, RuleMatch(actions: ["scale-*"]))])
        more.actions["get-logs"] = more.actions["scale-deployment"]
        more.actions["get-logs"]?.name = "get-logs"
        #expect(lint(more).map(\.level) == [.note])
    }

    @Test("finds globs that match no action, in rules and in freezes, and says what was probably meant")
    func unknownActions() throws {
        var match = named
        match.actions = ["scale-*", "scale-deploymnt"]
        let found = lint(catalogue([Fixture.rule("typo", .allow, match)], identities: people))
        #expect(found.map(\.code) == [.unknownAction])
        #expect(
            found[0].message
                == "rule `typo` names `scale-deploymnt`, which no action of the catalogue matches; did you mean "
                + "`scale-deployment`?")
        match.actions = ["restart-*"]
        // That the rule never decides follows from it, and is not said twice.
        #expect(codes(Fixture.rule("typo", .allow, match), identities: people) == [.unknownAction])
        let frozen = try freeze(except: [RuleMatch(actions: ["restart-*"])])
        #expect(
            lint(catalogue([Fixture.rule("scale", .allow, named)], freezes: [frozen], identities: people))
                .map(\.code) == [.unknownAction])
    }

    @Test("finds actions and types of targets that never meet")
    func types() {
        var match = named
        match.targets = TargetSelector(types: ["k8s-node"])
        #expect(Set(codes(Fixture.rule("nodes", .allow, match), identities: people)) == [.typeMismatch, .unknownType])
        match.targets?.types = ["k8s-node", "k8s-deployment"]
        #expect(codes(Fixture.rule("nodes", .allow, match), identities: people) == [.unknownType])
    }

    @Test("finds names that nobody and nothing has")
    func unknownNames() {
        let match = RuleMatch(
            targets: TargetSelector(environments: [.prod, .staging], labels: ["team": "payment"]),
            callers: CallerSelector(
                agentIDs: ["agent-2"], roles: ["deployr"], groups: ["west"], delegatedFrom: ["alice"]))
        let found = lint(catalogue([Fixture.rule("names", .deny, match)], identities: people))
        #expect(
            Set(found.map(\.code)) == [
                .unknownCaller, .unheldRole, .unheldGroup, .unknownLabel, .unknownEnvironment,
            ])
        #expect(found.allSatisfy { $0.level == .note })
        #expect(found.contains { $0.message.hasSuffix("did you mean `deployer`?") })
        // Without identities there is nobody to hold the names against.
        #expect(
            Set(codes(Fixture.rule("names", .deny, match))) == [.unknownLabel, .unknownEnvironment])
    }

    @Test("finds `max_delegation_depth` the wrong way round")
    func delegationDepth() {
        func found(_ decision: Verdict, _ depth: Int, require: Bool? = nil) -> [LintFinding] {
            let callers = CallerSelector(
                roles: ["deployer"], maximumDelegationDepth: depth, requireDelegation: require)
            return lint(
                catalogue([Fixture.rule("depth", decision, RuleMatch(callers: callers))], identities: people))
        }
        #expect(found(.deny, 2).map(\.code) == [.delegationDepth])
        #expect(found(.deny, 2).map(\.level) == [.error])
        #expect(found(.allow, 2).isEmpty)
        #expect(found(.allow, 0).isEmpty)
        #expect(found(.allow, 0, require: true).map(\.code) == [.delegationDepth])
        #expect(found(.allow, 5).map(\.level) == [.note])
    }

    @Test("finds approvals that nobody can give: each person gives one, and an agent none")
    func approvals() {
        func found(_ requirements: [ApprovalRequirement]) -> [LintFinding] {
            lint(
                catalogue(
                    [Fixture.rule("two", .requireApproval, named, approvals: requirements)], identities: people))
        }
        func needs(_ role: String, _ count: Int) -> ApprovalRequirement {
            ApprovalRequirement(role: role, count: count)
        }
        #expect(found([needs("approver", 2)]).isEmpty)
        #expect(found([needs("approver", 3)]).map(\.code) == [.unmeetableApprovals])
        // Alice is the admin, and then only Bob is left.
        #expect(found([needs("approver", 1), needs("admin", 1)]).isEmpty)
        #expect(found([needs("approver", 2), needs("admin", 1)]).map(\.code) == [.unmeetableApprovals])
        #expect(found([needs("owner", 1)]).first?.subject == "two")
        let nobody = lint(catalogue([Fixture.rule("scale", .deny, RuleMatch())], identities: []))
        #expect(nobody.map(\.location.description) == ["agentsafe.yaml:1"])
    }

    @Test("finds targets without a locator, params that cannot be used, and freezes that are over")
    func rest() throws {
        var catalogue = catalogue(
            [Fixture.rule("scale", .allow, named)],
            freezes: [try freeze(name: "gone", until: "2026-11-23T15:30"), try freeze(until: "2026-11-23T15:31")],
            identities: people)
        catalogue.targets["staging/api-server"]?.locator = [:]
        catalogue.actions["scale-deployment"]?.parameters[0].constraints.pattern = "("
        let found = lint(catalogue)
        #expect(found.map(\.code) == [.unusableParameter, .noLocator, .freezeOver])
        #expect(found.map(\.level) == [.error, .note, .note])
        #expect(found.map(\.subject) == ["scale-deployment", "staging/api-server", "gone"])
    }

    @Test("looks through ten thousand rules, and keeps a bounded number of findings, errors first")
    func manyRules() {
        let rules = (0..<10_000).map { number in
            Fixture.rule(
                "rule-\(number)", number % 2 == 0 ? .allow : .deny,
                RuleMatch(
                    actions: ["scale-*", "gone-\(number % 100)"],
                    callers: CallerSelector(agentIDs: ["agent-\(number % 3000)"], roles: ["role-\(number)"])),
                line: number + 1)
        }
        let report = PolicyEngine(catalogue: catalogue(rules, identities: people)).lint(now: now)
        #expect(report.findings.count == LintReport.limit)
        #expect(report.errors >= 10_000 && report.notes >= 19_000)
        #expect(report.omitted == report.errors + report.notes - LintReport.limit)
        #expect(report.findings.allSatisfy { $0.level == .error })
        // A bound on the effort is said, never passed over.
        let bounded = PolicyEngine(catalogue: catalogue(Array(rules.prefix(500)))).lint(now: now, effort: 10)
        #expect(bounded.findings.contains { $0.code == .unexamined })
    }

    private func freeze(
        name: String = "winter", until: String = "2027-01-02T08:00", except: [RuleMatch] = []
    ) throws -> Freeze {
        Freeze(
            name: name,
            period: .once(
                from: try #require(WallTime("2026-01-01T00:00")), until: try #require(WallTime(until))),
            zone: try #require(Zone("Europe/Berlin")), exceptions: except, reason: "holidays",
            location: SourceLocation(file: "policies/freeze.yaml", line: 3))
    }
}
