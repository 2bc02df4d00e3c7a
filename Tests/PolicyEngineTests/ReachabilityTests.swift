import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

@Suite("A rule that no request can reach")
struct ReachabilityTests {
    private func unreachable(_ rules: Rule...) -> [UnreachableRule] {
        var fixture = Fixture()
        fixture.rules = rules
        return fixture.engine.unreachableRules()
    }

    private func isCovered(_ match: RuleMatch, by earlier: RuleMatch...) -> Bool {
        var fixture = Fixture()
        fixture.rules = earlier.enumerated().map { Fixture.rule("earlier-\($0)", .deny, $1) }
        fixture.rules.append(Fixture.rule("late", .allow, match))
        return fixture.engine.unreachableRules().contains { $0.rule == "late" && !$0.coveredBy.isEmpty }
    }

    @Test("is named with its place, with the rule that decides first, and with why")
    func names() {
        let found = unreachable(
            Fixture.rule("narrow", .allow, RuleMatch(callers: CallerSelector(roles: ["deployer"])), line: 7),
            Fixture.rule("wide", .deny, priority: 10, line: 3))
        #expect(found.map(\.rule) == ["narrow"])
        #expect(found.first?.location.description == "policies/default.yaml:7")
        #expect(found.first?.coveredBy.map(\.name) == ["wide"])
        #expect(found.first?.coveredBy.map(\.location.line) == [3])
        #expect(
            found.first?.reason
                == "wherever it holds, `wide` (policies/default.yaml:3) holds too, and decides first")
    }

    @Test("is not one that is asked before the rule that would cover it")
    func order() {
        let narrow = RuleMatch(callers: CallerSelector(roles: ["deployer"]))
        #expect(unreachable(Fixture.rule("narrow", .allow, narrow), Fixture.rule("wide", .deny)).isEmpty)
        #expect(
            unreachable(Fixture.rule("wide", .deny), Fixture.rule("narrow", .allow, priority: 1, narrow)).isEmpty)
    }

    @Test("is one whose every condition asks for more than an earlier rule's")
    func narrower() {
        let earlier = RuleMatch(
            targets: TargetSelector(environments: [.prod, .staging], labels: ["team": "a"]),
            callers: CallerSelector(roles: ["admin", "deployer"], maximumDelegationDepth: 2))
        let narrow = RuleMatch(
            actions: ["scale-*"],
            targets: TargetSelector(
                environments: [.prod], types: ["k8s-deployment"], labels: ["team": "a", "tier": "1"]),
            callers: CallerSelector(roles: ["deployer"], groups: ["east"], maximumDelegationDepth: 1),
            timeWindows: [TimeWindow(startHour: 9, endHour: 17)], requireTicket: true, rollback: false)
        #expect(isCovered(narrow, by: earlier))
        var other = narrow
        other.targets?.environments = [.prod, .dev]
        #expect(!isCovered(other, by: earlier))
        other = narrow
        other.targets?.labels = ["tier": "1"]
        #expect(!isCovered(other, by: earlier))
        other = narrow
        other.callers?.roles = ["deployer", "reader"]
        #expect(!isCovered(other, by: earlier))
        other = narrow
        other.callers?.maximumDelegationDepth = nil
        #expect(!isCovered(other, by: earlier))
        other = narrow
        other.targets = nil
        #expect(!isCovered(other, by: earlier))
    }

    @Test("is one that an earlier rule misses only where its own conditions never hold")
    func unknownTargetsAndAnonymousCallers() {
        // The earlier rules never hold for an unknown target or an anonymous caller; the later one does.
        #expect(!isCovered(RuleMatch(), by: RuleMatch(targets: TargetSelector())))
        #expect(!isCovered(RuleMatch(), by: RuleMatch(callers: CallerSelector())))
        #expect(isCovered(RuleMatch(targets: TargetSelector()), by: RuleMatch(targets: TargetSelector())))
        // A caller of no known kind is no agent, no person and no service.
        let kinds = CallerSelector(kinds: IdentityKind.allCases)
        #expect(!isCovered(RuleMatch(callers: CallerSelector()), by: RuleMatch(callers: kinds)))
    }

    @Test("may be covered by several earlier rules together")
    func unions() {
        let kinds = IdentityKind.allCases.map { RuleMatch(callers: CallerSelector(kinds: [$0])) }
        #expect(
            isCovered(
                RuleMatch(callers: CallerSelector(kinds: IdentityKind.allCases)), by: kinds[0], kinds[1], kinds[2]))
        #expect(
            !isCovered(RuleMatch(callers: CallerSelector(kinds: IdentityKind.allCases)), by: kinds[0], kinds[1]))
        #expect(isCovered(RuleMatch(), by: RuleMatch(requireTicket: true), RuleMatch(requireTicket: false)))
        #expect(isCovered(RuleMatch(), by: RuleMatch(rollback: true), RuleMatch(rollback: false)))
        #expect(!isCovered(RuleMatch(), by: RuleMatch(requireTicket: true), RuleMatch(rollback: false)))
        let ids = CallerSelector(agentIDs: ["a", "b"], roles: ["deployer"])
        let (a, b) = (CallerSelector(agentIDs: ["a"]), CallerSelector(agentIDs: ["c", "b"], roles: ["deployer", "x"]))
        #expect(isCovered(RuleMatch(callers: ids), by: RuleMatch(callers: a), RuleMatch(callers: b)))
        #expect(!isCovered(RuleMatch(callers: ids), by: RuleMatch(callers: b)))
        let day = RuleMatch(timeWindows: [TimeWindow(startHour: 8, endHour: 19)])
        let night = RuleMatch(timeWindows: [TimeWindow(startHour: 20, endHour: 7)])
        let week = RuleMatch(timeWindows: [TimeWindow(days: [0, 1, 2, 3, 4], startHour: 20, endHour: 7)])
        #expect(isCovered(RuleMatch(), by: day, night))
        #expect(!isCovered(RuleMatch(), by: day, week))
    }

    @Test("may be covered by different rules for its different actions, known to the catalogue")
    func actions() {
        let action = Fixture().action
        var catalogue = Fixture().catalogue
        for name in ["delete-pod", "drain-node"] {
            catalogue.actions[name] = action
            catalogue.actions[name]?.name = name
            catalogue.actions[name]?.riskClass = .critical
        }
        func covered(_ matches: RuleMatch...) -> [[String]] {
            catalogue.rules = matches.enumerated().map { Fixture.rule("r\($0)", .deny, $1) }
            return PolicyEngine(catalogue: catalogue).unreachableRules().map { $0.coveredBy.map(\.name) }
        }
        let names = [RuleMatch(actions: ["d*"]), RuleMatch(actions: ["scale-*"])]
        #expect(covered(names[0], names[1], RuleMatch()) == [["r0", "r1"]])
        #expect(covered(names[0], RuleMatch()) == [])
        #expect(covered(names[0], names[1], RuleMatch(actions: ["*-pod"])) == [["r0"]])
        // What is critical by itself is at least high on any target; what is medium is critical on a critical one.
        let low = RuleMatch(riskClasses: [.low, .medium])
        #expect(covered(RuleMatch(actions: ["scale-*"]), low) == [["r0"]])
        #expect(covered(RuleMatch(actions: ["d*"]), low) == [])
    }

    @Test("may be one whose own conditions never hold together")
    func impossible() {
        let never = [
            (RuleMatch(actions: ["scale"]), "no action of the catalogue matches [scale]"),
            (RuleMatch(actions: []), "no action of the catalogue matches []"),
            (RuleMatch(timeWindows: []), "its time windows hold at no hour"),
            (
                RuleMatch(targets: TargetSelector(sensitivities: [.public]), riskClasses: [.critical]),
                "no action that it names has an effective risk of [critical] there"
            ),
            (RuleMatch(callers: CallerSelector(roles: [])), "its conditions on the caller or the target"),
            (RuleMatch(callers: CallerSelector(kinds: [])), "a list in its match is empty"),
            (RuleMatch(targets: TargetSelector(environments: [])), "a list in its match is empty"),
            (RuleMatch(callers: CallerSelector(maximumDelegationDepth: -1)), "its conditions on the caller"),
            (
                RuleMatch(callers: CallerSelector(maximumDelegationDepth: 0, requireDelegation: true)),
                "its conditions on the caller"
            ),
        ]
        for (match, reason) in never {
            let found = unreachable(Fixture.rule("never", .allow, match))
            #expect(found.map(\.coveredBy) == [[]], "\(match)")
            #expect(found.first?.reason.hasPrefix(reason) ?? false, "\(found)")
        }
    }

    @Test("never decides, and no decision changes without it")
    func neverDecides() {
        var (requests, found, alone, together) = (0, 0, 0, 0)
        for number in 0..<1000 {
            var random = SeededGenerator(stream: 90_000 + UInt64(number))
            let made = RandomCatalogue(using: &random)
            let engine = PolicyEngine(catalogue: made.catalogue)
            let unreachable = engine.unreachableRules()
            let names = Set(unreachable.map(\.rule))
            found += unreachable.count { !$0.coveredBy.isEmpty }
            alone += unreachable.count { $0.coveredBy.count == 1 }
            together += unreachable.count { $0.coveredBy.count > 1 }
            var rest = made.catalogue
            rest.rules.removeAll { names.contains($0.name) }
            let without = PolicyEngine(catalogue: rest)
            for _ in 0..<100 {
                let request = made.request(using: &random)
                let now = Timestamp(seconds: Int64(random.below(4_000_000_000)))
                let history = VerifiedHistory(votes: [], excludedVoters: [], isRollback: random.chance(50))
                var decision = engine.decide(request, history: history, now: now)
                var other = without.decide(request, history: history, now: now)
                (decision.nearest, other.nearest) = ([], [])
                #expect(!(decision.rule.map(names.contains) ?? false), "catalogue \(number): \(decision)")
                #expect(decision == other, "catalogue \(number)")
                requests += 1
            }
        }
        #expect(requests == 100_000)
        #expect(found > 1000 && alone > 500 && together > 50, "\(found) \(alone) \(together)")
    }

    @Test("is looked for among ten thousand rules within bounds, and what is not looked at is counted")
    func manyRules() {
        var random = SeededGenerator(stream: 7)
        var fixture = Fixture()
        fixture.rules = (0..<10_000).map { number in
            let match = RuleMatch(
                targets: TargetSelector(environments: [random.pick(Environment.allCases)]),
                callers: CallerSelector(agentIDs: ["agent-\(random.below(5000))"], roles: ["role-\(random.below(3))"]))
            return Fixture.rule("rule-\(number)", .allow, match, line: number + 1)
        }
        let result = fixture.engine.reachability()
        #expect(result.unexamined == 0)
        #expect(result.unreachable.count > 500)
        let bounded = fixture.engine.reachability(effort: 10_000)
        #expect(bounded.unexamined > 5000)
        #expect(bounded.unreachable == Array(result.unreachable.prefix(bounded.unreachable.count)))
    }
}
