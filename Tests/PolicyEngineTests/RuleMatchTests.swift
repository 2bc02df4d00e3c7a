import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import Testing

@Suite("A rule's match")
struct RuleMatchTests {
    let fixture = Fixture()

    @Test("an empty match matches everything, unknown targets and anonymous callers included")
    func emptyMatch() {
        var fixture = fixture
        fixture.targetName = nil
        fixture.caller = .anonymous
        #expect(fixture.matches(RuleMatch()))
    }

    @Test("an empty list matches nothing")
    func emptyLists() {
        #expect(!fixture.matches(RuleMatch(actions: [])))
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector(environments: []))))
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector(sensitivities: []))))
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector(types: []))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(agentIDs: []))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(roles: []))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(groups: []))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(kinds: []))))
        #expect(!fixture.matches(RuleMatch(riskClasses: [])))
        #expect(!fixture.matches(RuleMatch(timeWindows: [])))
        #expect(fixture.matches(RuleMatch(targets: TargetSelector(labels: [:]))))
    }

    @Test("within a list one is enough")
    func listsAreOr() {
        #expect(fixture.matches(RuleMatch(actions: ["drain-*", "scale-*"])))
        #expect(fixture.matches(RuleMatch(targets: TargetSelector(environments: [.prod, .staging]))))
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(roles: ["admin", "deployer"]))))
        #expect(fixture.matches(RuleMatch(riskClasses: [.low, .medium])))
    }

    @Test("all the conditions must hold")
    func conditionsAreAnd() {
        let selector = TargetSelector(environments: [.staging], types: ["k8s-node"])
        #expect(!fixture.matches(RuleMatch(targets: selector)))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(roles: ["deployer"], groups: ["west"]))))
        #expect(!fixture.matches(RuleMatch(actions: ["scale-*"], riskClasses: [.low])))
    }

    @Test("environment, sensitivity and type are the target's")
    func targetConditions() {
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector(environments: [.prod]))))
        #expect(fixture.matches(RuleMatch(targets: TargetSelector(sensitivities: [.internal]))))
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector(sensitivities: [.public]))))
        #expect(fixture.matches(RuleMatch(targets: TargetSelector(types: ["k8s-deployment"]))))
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector(types: ["k8s-*"]))))
    }

    @Test("all labels must be equal")
    func labels() {
        #expect(fixture.matches(RuleMatch(targets: TargetSelector(labels: ["team": "payments"]))))
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector(labels: ["team": "search"]))))
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector(labels: ["team": "payments", "tier": "1"]))))
    }

    @Test("a rule that names targets never matches an unknown one, not even when it names none of their properties")
    func unknownTarget() {
        var fixture = fixture
        fixture.targetName = "staging/nowhere"
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector())))
        fixture.targetName = nil
        #expect(!fixture.matches(RuleMatch(targets: TargetSelector())))
    }

    @Test("a rule that names callers never matches an anonymous one, whatever roles it claims", arguments: [nil, ""])
    func anonymousCaller(id: String?) {
        var fixture = fixture
        fixture.caller = Caller(id: id, kind: .person, roles: ["admin"], groups: ["east"])
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector())))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(roles: ["admin"]))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(requireDelegation: false))))
    }

    @Test("ids, roles, groups and kinds are the caller's")
    func callerConditions() {
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(agentIDs: ["agent-1"]))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(agentIDs: ["agent-*"]))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(roles: ["admin"]))))
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(groups: ["west", "east"]))))
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(kinds: [.agent]))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(kinds: [.person, .service]))))
        var unknownKind = fixture
        unknownKind.caller.kind = nil
        #expect(!unknownKind.matches(RuleMatch(callers: CallerSelector(kinds: IdentityKind.allCases))))
    }

    @Test("without delegation a caller is at depth 0, delegated by nobody")
    func delegation() {
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(delegatedFrom: ["agent-1"]))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(requireDelegation: true))))
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(requireDelegation: false))))
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(maximumDelegationDepth: 0))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(maximumDelegationDepth: -1))))
    }

    @Test("under delegation the chain's members, its length and its being there are asked, and each alone can miss")
    func delegated() {
        var fixture = fixture
        fixture.caller.delegation = CallerDelegation(delegators: ["root", "middle"])
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(delegatedFrom: ["other", "middle"]))))
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(delegatedFrom: ["root"]))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(delegatedFrom: ["other"]))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(delegatedFrom: []))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(delegatedFrom: [fixture.caller.id ?? ""]))))
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(maximumDelegationDepth: 2))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(maximumDelegationDepth: 1))))
        #expect(fixture.matches(RuleMatch(callers: CallerSelector(requireDelegation: true))))
        #expect(!fixture.matches(RuleMatch(callers: CallerSelector(requireDelegation: false))))
    }

    @Test("risk classes are of the effective risk, not of the action's")
    func riskClasses() {
        var fixture = fixture
        fixture.target.sensitivity = .critical
        #expect(fixture.matches(RuleMatch(riskClasses: [.critical])))
        #expect(!fixture.matches(RuleMatch(riskClasses: [.medium])))
    }

    @Test("a ticket may be required, forbidden or of no account; an empty one is none")
    func tickets() {
        for (ticket, isGiven) in [(nil, false), ("", false), ("INC-1", true)] as [(String?, Bool)] {
            var fixture = fixture
            fixture.ticket = ticket
            #expect(fixture.matches(RuleMatch(requireTicket: true)) == isGiven)
            #expect(fixture.matches(RuleMatch(requireTicket: false)) == !isGiven)
            #expect(fixture.matches(RuleMatch(requireTicket: nil)))
        }
    }

    @Test("a rule for rollbacks holds for what the ledger shows to be one, and never on a change's own word")
    func rollbacks() {
        let past = VerifiedHistory(votes: [], excludedVoters: [], isRollback: true)
        for (required, isRollback) in [(true, true), (true, false), (false, true), (false, false)] {
            var fixture = fixture
            fixture.rules = [Fixture.rule("only", .allow, RuleMatch(rollback: required))]
            let decision = fixture.engine.decide(
                fixture.request, history: isRollback ? past : .none, now: fixture.now)
            #expect((decision.result == .allow) == (required == isRollback))
        }
        #expect(fixture.matches(RuleMatch(rollback: nil)))
    }

    @Test(
        "both hours of a window are inclusive",
        arguments: [
            ("2026-11-23T08:59:59Z", false), ("2026-11-23T09:00:00Z", true), ("2026-11-23T17:00:00Z", true),
            ("2026-11-23T17:59:59Z", true), ("2026-11-23T18:00:00Z", false),
        ])
    func inclusiveHours(instant: String, expected: Bool) {
        var fixture = fixture
        fixture.now = Fixture.instant(instant)
        #expect(fixture.matches(RuleMatch(timeWindows: [TimeWindow(startHour: 9, endHour: 17)])) == expected)
    }

    @Test(
        "a window may wrap midnight, and the day is that of the instant itself",
        arguments: [
            ("2026-11-23T22:00:00Z", true), ("2026-11-23T23:59:59Z", true), ("2026-11-23T00:30:00Z", true),
            ("2026-11-23T06:59:59Z", true), ("2026-11-23T07:00:00Z", false), ("2026-11-23T21:59:59Z", false),
            ("2026-11-24T00:30:00Z", false), ("2026-11-22T23:00:00Z", false),
        ])
    func wrappingWindow(instant: String, expected: Bool) {
        var fixture = fixture
        fixture.now = Fixture.instant(instant)
        let monday = TimeWindow(days: [0], startHour: 22, endHour: 6)
        #expect(fixture.matches(RuleMatch(timeWindows: [monday])) == expected)
    }

    @Test("0 is Monday and 6 is Sunday; any window is enough")
    func weekdays() {
        var fixture = fixture
        for day in 0..<7 {
            fixture.now = Timestamp(seconds: Fixture.now.seconds + Int64(day) * 86_400)
            for listed in 0..<7 {
                #expect(fixture.matches(RuleMatch(timeWindows: [TimeWindow(days: [listed])])) == (day == listed))
            }
            let windows = [TimeWindow(startHour: 3, endHour: 4), TimeWindow(days: [day], startHour: 14, endHour: 14)]
            #expect(fixture.matches(RuleMatch(timeWindows: windows)))
        }
    }

    @Test("hours and days out of range match nothing and break nothing")
    func outOfRangeWindows() {
        let window = TimeWindow(days: [-1, 7, .max], startHour: .min, endHour: .max)
        #expect(!fixture.matches(RuleMatch(timeWindows: [window])))
        #expect(fixture.matches(RuleMatch(timeWindows: [TimeWindow(startHour: .min, endHour: .max)])))
    }

    @Test(
        "a glob matches as a shell's does",
        arguments: [
            ("*", "", true), ("", "", true), ("", "a", false), ("a*", "a", true), ("a*c", "abbbc", true),
            ("a*c", "abbbcd", false), ("?", "a", true), ("?", "", false), ("?", "ab", false), ("**", "x", true),
            ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false), ("[abc]", "b", true), ("[abc]", "d", false),
            ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[!a-c]x", "dx", true), ("[!a-c]x", "bx", false),
            ("[]a]", "]", true), ("[!]a]", "b", true), ("[!]a]", "]", false), ("[a-]", "-", true), ("[-a]", "-", true),
            ("[z-a]", "m", false), ("[!z-a]", "m", true), ("[abc", "[abc", true), ("[abc", "a", false),
            ("[]", "[]", true), ("[!]", "[!]", true), ("a\\*", "a\\b", true), ("a\\*", "a*", false),
            ("[a-c-e]", "-", true), ("[a-c-e]", "d", false), ("[*]", "*", true), ("[*]", "x", false),
            ("[^a]", "^", true),
            ("SCALE", "scale", false), ("é?", "éa", true), ("?", "\r\n", false), ("??", "\r\n", true),
        ] as [(String, String, Bool)])
    func globs(pattern: String, text: String, expected: Bool) {
        #expect(Glob(pattern).matches(text) == expected)
    }

    @Test("a glob full of stars against a long text is answered at once")
    func hostileGlob() {
        let pattern = String(repeating: "*a", count: 50) + "b"
        #expect(!Glob(pattern).matches(String(repeating: "a", count: 5000)))
    }
}
