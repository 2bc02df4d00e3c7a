import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import Testing

@Suite("A freeze")
struct FreezeTests {
    private let fixture = Fixture()

    private func freeze(
        _ period: FreezePeriod, name: String = "winter", zone: String = "Europe/Berlin",
        match: RuleMatch = RuleMatch(), except: [RuleMatch] = [], _ decision: Verdict = .deny,
        approvals: [ApprovalRequirement] = []
    ) throws -> Freeze {
        Freeze(
            name: name, period: period, zone: try #require(Zone(zone)), match: match, exceptions: except,
            decision: decision, approvals: approvals, reason: "holidays",
            location: SourceLocation(file: "policies/freeze.yaml", line: 3))
    }

    private func once(_ from: String, _ until: String) throws -> FreezePeriod {
        .once(from: try #require(WallTime(from)), until: try #require(WallTime(until)))
    }

    private func decide(
        _ freezes: [Freeze], at now: String = "2026-12-25T12:00:00Z", rules: [Rule]? = nil, caller: Caller? = nil,
        ticket: String? = nil, isRollback: Bool = false
    ) -> Decision {
        var catalogue = fixture.catalogue
        catalogue.rules = rules ?? catalogue.rules
        catalogue.freezes = freezes
        var request = fixture.request
        request.caller = caller ?? request.caller
        request.ticket = ticket
        let past = VerifiedHistory(votes: [], excludedVoters: [], isRollback: isRollback)
        return PolicyEngine(catalogue: catalogue).decide(request, history: past, now: Fixture.instant(now))
    }

    private func isFrozen(_ period: FreezePeriod, _ zone: String, at now: String) throws -> Bool {
        decide([try freeze(period, zone: zone)], at: now).code == .frozen
    }

    @Test("makes a deny of an allow, and says its name, its place, why, until when, and what the rules said")
    func denies() throws {
        let decision = decide([try freeze(try once("2026-12-23T18:00", "2027-01-02T08:00"))])
        #expect(decision.result == .deny && decision.code == .frozen && decision.rule == "winter")
        #expect(decision.location?.description == "policies/freeze.yaml:3")
        #expect(decision.json["retry_after"] == "2027-01-02T07:00:00Z")
        #expect(
            decision.reason
                == "holidays (frozen until 2027-01-02T07:00:00Z, 2027-01-02T08:00 in Europe/Berlin; rule `allow-all` says "
                + "allow)")
    }

    @Test(
        "begins and ends by the clock of its zone, the first minute in and the last one out",
        arguments: [
            ("2026-12-23T16:59:59Z", false), ("2026-12-23T17:00:00Z", true), ("2027-01-02T06:59:59Z", true),
            ("2027-01-02T07:00:00Z", false),
        ])
    func edges(now: String, expected: Bool) throws {
        #expect(try isFrozen(try once("2026-12-23T18:00", "2027-01-02T08:00"), "Europe/Berlin", at: now) == expected)
    }

    @Test("never makes a decision softer: a deny stays the deny it was")
    func onlyStricter() throws {
        let period = try once("2026-12-23T18:00", "2027-01-02T08:00")
        for decision in [Verdict.deny, .requireApproval] {
            let denied = decide([try freeze(period, decision)], rules: [Fixture.rule("no", .deny)])
            #expect(denied.result == .deny && denied.rule == "no" && denied.code == .rule)
            #expect(decide([try freeze(period, decision)], rules: []).code == .noRule)
        }
    }

    @Test("may ask for approval, and then asks for the rule's people and for its own")
    func approvals() throws {
        let period = try once("2026-12-23T18:00", "2027-01-02T08:00")
        func needs(_ freezes: [Freeze], _ rule: Rule) -> [String] {
            let decision = decide(freezes, rules: [rule])
            #expect(decision.result == .requireApproval && decision.code == .frozen && decision.rule == freezes[0].name)
            return decision.approvals.map { "\($0.count) \($0.role)" }
        }
        let allow = Fixture.rule("yes", .allow)
        let two = Fixture.rule(
            "two", .requireApproval,
            approvals: [ApprovalRequirement(role: "approver", count: 2), ApprovalRequirement(role: "owner", count: 1)])
        let manager = [ApprovalRequirement(role: "release-manager", count: 1)]
        let usual = try freeze(period, .requireApproval)
        let managed = try freeze(period, name: "managed", .requireApproval, approvals: manager)
        #expect(needs([usual], allow) == ["1 approver"])
        #expect(needs([managed], allow) == ["1 release-manager"])
        #expect(needs([usual], two) == ["2 approver", "1 owner"])
        #expect(needs([managed, usual], two) == ["2 approver", "1 owner", "1 release-manager"])
        // One that denies goes before one that asks.
        #expect(decide([managed, try freeze(period, name: "hard")]).rule == "hard")
    }

    @Test("keeps the rule's deadlines, and leaves no glass to break")
    func terms() throws {
        let period = try once("2026-12-23T18:00", "2027-01-02T08:00")
        let glass = ApprovalTerms(reviewBy: 60, executeWithin: 30, breakGlass: BreakGlassTerms(roles: ["sre"]))
        let rule = Fixture.rule("careful", .requireApproval, terms: glass)
        #expect(decide([], rules: [rule]).terms == glass)
        let decision = decide([try freeze(period, .requireApproval)], rules: [rule])
        #expect(decision.code == .frozen && decision.terms == ApprovalTerms(reviewBy: 60, executeWithin: 30))
    }

    @Test("freezes what its match names, and lets pass what an exception names")
    func matchAndExceptions() throws {
        let period = try once("2026-12-23T18:00", "2027-01-02T08:00")
        let prod = RuleMatch(targets: TargetSelector(environments: [.prod]))
        #expect(decide([try freeze(period, match: prod)]).result == .allow)
        let staging = RuleMatch(targets: TargetSelector(environments: [.staging]))
        #expect(decide([try freeze(period, match: staging)]).result == .deny)
        let commander = RuleMatch(callers: CallerSelector(roles: ["incident-commander"]))
        let urgent = RuleMatch(requireTicket: true, ticketPattern: "INC-[0-9]+")
        let frozen = [try freeze(period, except: [commander, RuleMatch(rollback: true), urgent])]
        #expect(decide(frozen).result == .deny)
        #expect(decide(frozen, caller: Caller(id: "eve", roles: ["incident-commander"])).result == .allow)
        #expect(decide(frozen, caller: Caller(id: nil, roles: ["incident-commander"])).result == .deny)
        #expect(decide(frozen, isRollback: true).result == .allow)
        #expect(decide(frozen, ticket: "INC-42").result == .allow)
        #expect(decide(frozen, ticket: "CHG-42").result == .deny)
        #expect(decide([try freeze(period, except: [RuleMatch(actions: ["get-*"])])]).result == .deny)
        #expect(decide([try freeze(period, except: [RuleMatch(actions: ["scale-*"])])]).result == .allow)
    }

    @Test(
        "may come every week, over the weekend too, and each edge follows the clock through daylight-saving changes",
        arguments: [
            // Berlin, Friday 16:00 to Monday 8:00; summer time begins on Sunday, 2026-03-29.
            ("2026-03-27T14:59:59Z", false), ("2026-03-27T15:00:00Z", true), ("2026-03-29T12:00:00Z", true),
            ("2026-03-30T05:59:59Z", true), ("2026-03-30T06:00:00Z", false), ("2026-04-01T12:00:00Z", false),
            // It ends on 2026-10-25.
            ("2026-10-23T13:59:59Z", false), ("2026-10-23T14:00:00Z", true), ("2026-10-26T06:59:59Z", true),
            ("2026-10-26T07:00:00Z", false),
        ])
    func weekend(now: String, expected: Bool) throws {
        let weekend = FreezePeriod.weekly(from: 4 * 1440 + 16 * 60, until: 8 * 60)
        #expect(try isFrozen(weekend, "Europe/Berlin", at: now) == expected)
    }

    @Test(
        "is never shorter than written where clocks are set",
        arguments: [
            // Every day from 1:30 to 2:30. In spring 2:30 is skipped: it ends when the clock does not show it.
            (90, 150, "2026-03-29T00:29:59Z", false), (90, 150, "2026-03-29T00:30:00Z", true),
            (90, 150, "2026-03-29T00:59:59Z", true), (90, 150, "2026-03-29T01:00:00Z", false),
            // In autumn 2:30 comes twice, and the second one ends it.
            (90, 150, "2026-10-25T00:30:00Z", true), (90, 150, "2026-10-25T01:29:59Z", true),
            (90, 150, "2026-10-25T01:30:00Z", false),
            // From 2:30 on: the first 2:30 begins it, and it goes on through the repeated hour.
            (150, 240, "2026-10-25T00:29:59Z", false), (150, 240, "2026-10-25T00:30:00Z", true),
            (150, 240, "2026-10-25T01:10:00Z", true), (150, 240, "2026-10-25T02:59:59Z", true),
            (150, 240, "2026-10-25T03:00:00Z", false),
            // From a skipped 2:30 on: it begins when the clock is set.
            (150, 240, "2026-03-29T00:59:59Z", false), (150, 240, "2026-03-29T01:00:00Z", true),
            // All of it is skipped: it does not take place that day.
            (130, 160, "2026-03-29T00:59:59Z", false), (130, 160, "2026-03-29T01:00:00Z", false),
            (130, 160, "2026-03-28T01:15:00Z", true),
            // Over midnight.
            (1320, 360, "2026-07-01T20:00:00Z", true), (1320, 360, "2026-07-02T03:59:59Z", true),
            (1320, 360, "2026-07-02T04:00:00Z", false), (1320, 360, "2026-07-01T19:59:59Z", false),
        ])
    func clockChanges(from: Int, until: Int, now: String, expected: Bool) throws {
        #expect(try isFrozen(.daily(from: from, until: until), "Europe/Berlin", at: now) == expected)
    }

    @Test(
        "holds in zones of every kind",
        arguments: [
            ("Asia/Kathmandu", "2026-07-01T03:14:59Z", false), ("Asia/Kathmandu", "2026-07-01T03:15:00Z", true),
            ("Australia/Lord_Howe", "2026-06-30T22:30:00Z", true),
            ("Australia/Lord_Howe", "2026-12-31T22:00:00Z", true),
            ("Australia/Lord_Howe", "2026-06-30T22:29:59Z", false),
            ("Australia/Lord_Howe", "2026-12-31T21:59:59Z", false),
            ("Africa/Casablanca", "2026-03-01T09:00:00Z", true), ("Africa/Casablanca", "2026-03-01T08:59:59Z", false),
            ("Africa/Casablanca", "2026-04-01T08:00:00Z", true), ("America/New_York", "2026-07-01T13:00:00Z", true),
            ("America/New_York", "2026-12-01T13:59:59Z", false), ("America/New_York", "2026-12-01T14:00:00Z", true),
            ("UTC", "2026-07-01T09:00:00Z", true), ("UTC", "2026-07-01T10:00:00Z", false),
        ])
    func zones(name: String, now: String, expected: Bool) throws {
        #expect(try isFrozen(.daily(from: 540, until: 600), name, at: now) == expected)
    }

    @Test("is told by an explanation with its standing, whether it holds, passes, means something else, or is not now")
    func explained() throws {
        let period = try once("2026-12-23T18:00", "2027-01-02T08:00")
        var catalogue = fixture.catalogue
        catalogue.freezes = [
            try freeze(period, name: "now"),
            try freeze(period, name: "excepted", except: [RuleMatch(actions: ["scale-*"])]),
            try freeze(period, name: "elsewhere", match: RuleMatch(targets: TargetSelector(environments: [.prod]))),
            try freeze(try once("2027-12-23T18:00", "2028-01-02T08:00"), name: "later"),
        ]
        let explanation = PolicyEngine(catalogue: catalogue)
            .explain(fixture.request, now: Fixture.instant("2026-12-25T12:00:00Z"))
        #expect(explanation.decision.rule == "now")
        #expect(explanation.asksRules && explanation.rules.map(\.standing) == [.decides])
        #expect(explanation.freezes.map(\.standing) == [.holds, .excepted, .missed, .outside])
        #expect(explanation.freezes.map { $0.until != nil } == [true, true, true, false])
        #expect(explanation.freezes[2].missed == ["target environment staging not in [prod]"])
    }

    @Test("is asked about permissions too")
    func permissions() throws {
        var catalogue = fixture.catalogue
        catalogue.freezes = [try freeze(try once("2026-12-23T18:00", "2027-01-02T08:00"))]
        let entries = PolicyEngine(catalogue: catalogue).permissions(
            for: fixture.caller, target: fixture.target.id, now: Fixture.instant("2026-12-25T12:00:00Z"))
        #expect(entries.map(\.decision.code) == [.frozen])
    }
}

@Suite("A ticket's pattern")
struct TicketPatternTests {
    private func decide(_ ticket: String?, repository: String? = nil, rule: RuleMatch = RuleMatch()) -> Decision {
        var fixture = Fixture()
        fixture.configuration.ticketPattern = repository
        fixture.rules = [Fixture.rule("only", .allow, rule)]
        fixture.ticket = ticket
        return fixture.decision
    }

    @Test("of the repository denies every request that names another ticket, and none that names no ticket")
    func repositoryWide() {
        #expect(decide("INC-42", repository: "INC-[0-9]+").result == .allow)
        #expect(decide(nil, repository: "INC-[0-9]+").result == .allow)
        #expect(decide("", repository: "INC-[0-9]+").result == .allow)
        for ticket in ["INC-", "XINC-42", "INC-42x", "INC-42\n", "inc-42"] {
            let decision = decide(ticket, repository: "INC-[0-9]+")
            #expect(decision.result == .deny && decision.code == .ticketInvalid && decision.rule == nil, "\(ticket)")
        }
        #expect(
            decide("CHG-1", repository: "INC-[0-9]+").reason
                == "ticket `CHG-1` does not match pattern `INC-[0-9]+` as a whole")
    }

    @Test("of a rule lets it hold for a ticket that matches as a whole, and for no other and none")
    func ofRule() {
        let match = RuleMatch(ticketPattern: "INC-[0-9]+")
        #expect(decide("INC-42", rule: match).result == .allow)
        for ticket in [nil, "", "INC-42 ", "CHG-42"] { #expect(decide(ticket, rule: match).result == .deny) }
        #expect(
            decide("CHG-1", rule: match).nearest.first?.missed
                == ["ticket `CHG-1` does not match pattern `INC-[0-9]+` as a whole"])
    }

    @Test("that would make another engine try for ever is answered at once")
    func hostilePattern() {
        let ticket = String(repeating: "a", count: 10_000) + "b"
        #expect(decide(ticket, repository: "(a+)+").code == .ticketInvalid)
        #expect(decide(ticket, rule: RuleMatch(ticketPattern: "(a|aa)*(a|a?)*c")).result == .deny)
    }

    @Test("that does not compile matches nothing")
    func broken() {
        #expect(decide("INC-1", repository: "(").code == .ticketInvalid)
        #expect(decide("INC-1", rule: RuleMatch(ticketPattern: "(")).result == .deny)
    }
}
