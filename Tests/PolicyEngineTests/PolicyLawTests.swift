import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

/// What holds of every policy. Each law is tried on random catalogues and requests.
@Suite("Laws of the policy")
struct PolicyLawTests {
    private static let catalogues = 600
    private static let requests = 25

    private struct Case {
        let request: DecisionRequest
        let history: VerifiedHistory
        let now: Timestamp

        init(_ made: RandomCatalogue, _ random: inout SeededGenerator) {
            request = made.request(using: &random)
            history = VerifiedHistory(votes: [], excludedVoters: [], isRollback: random.chance(50))
            now = Timestamp(seconds: Int64(random.below(4_000_000_000)))
        }

        func decide(_ engine: PolicyEngine) -> Decision { engine.decide(request, history: history, now: now) }
    }

    /// Hands every case to `body` with the decisions before and after an edit of the rules.
    private func compare(
        stream: UInt64, edit: (inout [Rule], inout SeededGenerator) -> Rule?,
        _ body: (_ edited: Rule, _ before: Decision, _ after: Decision) -> Void
    ) {
        for number in 0..<Self.catalogues {
            var random = SeededGenerator(stream: stream + UInt64(number))
            let made = RandomCatalogue(using: &random)
            var catalogue = made.catalogue
            guard let edited = edit(&catalogue.rules, &random) else { continue }
            let (before, after) = (PolicyEngine(catalogue: made.catalogue), PolicyEngine(catalogue: catalogue))
            for _ in 0..<Self.requests {
                let one = Case(made, &random)
                body(edited, one.decide(before), one.decide(after))
            }
        }
    }

    @Test("adding a rule of lower priority than all others never softens a deny that a rule or a check gave")
    func lowerPriority() {
        var (denies, fallen) = (0, 0)
        compare(stream: 60_000) { rules, random in
            var added = RandomCatalogue.rule("added", &random)
            added.priority = (rules.map(\.priority).min() ?? 0) - 1
            // Wherever it stands in the files.
            rules.insert(added, at: random.below(rules.count + 1))
            return added
        } _: { added, before, after in
            if [.noRule, .unknownTarget].contains(before.code) {
                // Nobody had said no: here, and only here, the new rule has a say.
                if after.rule == added.name { fallen += 1 } else { #expect(after.result == .deny) }
            } else {
                #expect(after == before, "\(added)")
                if before.result == .deny { denies += 1 }
            }
        }
        #expect(denies > 1000 && fallen > 200, "\(denies), \(fallen)")
    }

    @Test("narrowing a rule changes no decision but its own")
    func narrowingIsLocal() {
        var (own, changed) = (0, 0)
        compare(stream: 70_000) { rules, random in
            Self.narrow(&rules, &random) { _ in true }
        } _: {
            narrowed, before, after in
            if before.rule == narrowed.name {
                own += 1
                if after.rule != before.rule { changed += 1 }
            } else {
                // The nearest rules of a default deny are a hint, and may be others.
                var (before, after) = (before, after)
                before.nearest = []
                after.nearest = []
                #expect(after == before, "\(narrowed)")
            }
        }
        #expect(own > 500 && changed > 200, "\(own), \(changed)")
    }

    @Test("narrowing a rule that allows never widens: no decision comes out softer than before")
    func narrowingNeverWidens() {
        var stricter = 0
        compare(stream: 80_000) { rules, random in
            Self.narrow(&rules, &random) { $0.decision == .allow }
        } _: {
            narrowed, before, after in
            #expect(Self.strictness(after) >= Self.strictness(before), "\(narrowed): \(before), \(after)")
            if Self.strictness(after) > Self.strictness(before) { stricter += 1 }
        }
        #expect(stricter > 100, "\(stricter)")
    }

    @Test("whatever a narrowed rule matches, the rule matched before")
    func narrowedMatchesLess() {
        var (kept, lost) = (0, 0)
        compare(stream: 90_000) { rules, random in
            guard !rules.isEmpty else { return nil }
            rules = [random.pick(rules)]
            return Self.narrow(&rules, &random) { _ in true }
        } _: { narrowed, before, after in
            // `before` is of all rules, of which only one is narrowed here: it may have decided, or been overruled.
            if after.rule == narrowed.name {
                kept += 1
                #expect(before.rule != nil, "\(narrowed): \(before)")
            } else if before.rule == narrowed.name {
                lost += 1
            }
        }
        #expect(kept > 300 && lost > 50, "\(kept), \(lost)")
    }

    private static func strictness(_ decision: Decision) -> Int {
        switch decision.result {
        case .allow: 0
        case .requireApproval: 1
        case .deny: 2
        }
    }

    /// Takes away from what one of the rules matches: an entry of a list, or by a condition more.
    ///
    /// - Returns: the narrowed rule; nil when no rule is wanted.
    private static func narrow(
        _ rules: inout [Rule], _ random: inout SeededGenerator, _ isWanted: (Rule) -> Bool
    ) -> Rule? {
        let wanted = rules.indices.filter { isWanted(rules[$0]) }
        guard !wanted.isEmpty else { return nil }
        let index = random.pick(wanted)
        var match = rules[index].match
        switch random.below(9) {
        case 0: shorten(&match.actions, &random)
        case 1: narrow(&match.riskClasses, RiskLevel.allCases, &random)
        case 2:
            var targets = match.targets ?? TargetSelector()
            narrow(&targets.environments, Environment.allCases, &random)
            match.targets = targets
        case 3:
            var targets = match.targets ?? TargetSelector()
            narrow(&targets.sensitivities, Sensitivity.allCases, &random)
            match.targets = targets
        case 4:
            var callers = match.callers ?? CallerSelector()
            narrow(&callers.roles, ["deployer", "admin", "reader"], &random)
            match.callers = callers
        case 5:
            var callers = match.callers ?? CallerSelector()
            narrow(&callers.kinds, IdentityKind.allCases, &random)
            match.callers = callers
        case 6: narrow(&match.timeWindows, [TimeWindow(startHour: 8, endHour: 18), TimeWindow(days: [5, 6])], &random)
        case 7: match.requireTicket = match.requireTicket ?? random.chance(50)
        default: match.rollback = match.rollback ?? random.chance(50)
        }
        rules[index].match = match
        return rules[index]
    }

    private static func narrow<Element>(
        _ list: inout [Element]?, _ all: [Element], _ random: inout SeededGenerator
    ) {
        guard var entries = list else {
            list = random.some(of: all, percent: 60)
            return
        }
        shorten(&entries, &random)
        list = entries
    }

    private static func shorten<Element>(_ list: inout [Element], _ random: inout SeededGenerator) {
        if !list.isEmpty { list.remove(at: random.below(list.count)) }
    }
}
