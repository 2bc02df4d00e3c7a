import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

/// `agent-1` asks for one more change, of medium risk, after a past that is written down here.
private struct Past {
    var fixture = Fixture()
    var recent: [RecentDecision] = []
    var standing = CallerHistory.Standing.unrecorded

    init(rate: RateLimit? = nil, risk: CumulativeRisk? = nil) {
        fixture.configuration.rateLimit = rate
        fixture.configuration.cumulativeRisk = risk
    }

    mutating func add(_ outcome: RecentDecision.Outcome, _ risk: RiskLevel = .medium, ages: Int64...) {
        recent += ages.map { RecentDecision(at: Fixture.now - .seconds($0), outcome: outcome, risks: [risk]) }
        recent.sort { $0.at < $1.at }
    }

    func decision(after seconds: Int64 = 0) -> Decision {
        fixture.engine.decide(
            fixture.request,
            history: VerifiedHistory(
                votes: [], excludedVoters: [], caller: CallerHistory(recent: recent, standing: standing)),
            now: Fixture.now + .seconds(seconds))
    }
}

@Suite("Limits on a caller")
struct LimitTests {
    @Test(
        "as many changes as the rate limit says are decided on in a window, and the next one may be asked for when it ends"
    )
    func rate() {
        var past = Past(rate: RateLimit(maximumRequests: 3, window: 60))
        past.add(.passed, ages: 40, 10)
        #expect(past.decision().result == .allow)
        past.add(.denied, ages: 30)
        let decision = past.decision()
        #expect(decision.result == .deny && decision.code == .rateLimited && decision.rule == nil)
        #expect(decision.limits?.retryAfter == Fixture.now + .seconds(20))
        #expect(decision.json["retry_after"] == "2026-11-23T14:30:20Z")
        #expect(decision.json.at("limits", "exceeded", "count") == 3)
        #expect(past.decision(after: 19).code == .rateLimited)
        #expect(past.decision(after: 20).result == .allow)
    }

    @Test("a change that was refused, or was counted, counts as no request of another's")
    func onlyRequestsCount() {
        var past = Past(rate: RateLimit(maximumRequests: 1, window: 60))
        past.add(.refused, ages: 10, 20, 30)
        past.add(.passedLater, ages: 5)
        #expect(past.decision().result == .allow)
    }

    @Test("a change that was decided on stays so, however much its caller asks for later")
    func countedOnce() {
        var past = Past(rate: RateLimit(maximumRequests: 1, window: 60, breakerThreshold: 1))
        past.add(.denied, ages: 10, 20, 30)
        for standing in [CallerHistory.Standing.denied, .passed(before: 0)] {
            past.standing = standing
            #expect(past.decision().result == .allow)
        }
        past.standing = .refused
        #expect(past.decision().code == .circuitOpen)
    }

    @Test("denials open the breaker, and it stays open for the cooldown")
    func breaker() {
        let rate = RateLimit(breakerThreshold: 3, breakerWindow: 60, breakerCooldown: 300)
        var past = Past(rate: rate)
        past.add(.denied, ages: 250, 230)
        past.add(.passed, ages: 225)
        past.add(.refused, ages: 224)
        #expect(past.decision().result == .allow)
        past.add(.denied, ages: 200)
        let decision = past.decision()
        #expect(decision.result == .deny && decision.code == .circuitOpen)
        #expect(decision.limits?.retryAfter == Fixture.now + .seconds(100))
        #expect(past.decision(after: 99).code == .circuitOpen)
        #expect(past.decision(after: 100).result == .allow)
        // As many, and too far apart.
        var slow = Past(rate: rate)
        slow.add(.denied, ages: 70, 40, 10)
        #expect(slow.decision().result == .allow)
        // By default there is no breaker.
        var off = Past(rate: RateLimit())
        off.add(.denied, ages: 5, 4, 3, 2, 1)
        #expect(off.decision().result == .allow)
    }

    @Test("where several limits deny, the instant to try again is the last of theirs")
    func lastRetry() {
        var past = Past(
            rate: RateLimit(
                maximumRequests: 1, window: 3600, breakerThreshold: 1, breakerWindow: 60, breakerCooldown: 60))
        past.add(.denied, ages: 10)
        let decision = past.decision()
        #expect(decision.code == .circuitOpen)
        #expect(decision.limits?.retryAfter == Fixture.now + .seconds(3590))
    }

    @Test("the ledger takes a bounded number of denied changes a day, with and without a rate limit")
    func recordedDenials() {
        var past = Past(rate: RateLimit(maximumRecordedDenials: 3))
        past.add(.refused, ages: 7200)
        past.add(.denied, ages: 86_399, 3600)
        let decision = past.decision()
        #expect(decision.code == .rateLimited && decision.result == .deny)
        #expect(decision.limits?.retryAfter == Fixture.now + .seconds(1))
        #expect(past.decision(after: 1).result == .allow)
        let caller = CallerHistory(recent: past.recent)
        #expect(!past.fixture.engine.takesRecord(of: decision, caller, now: Fixture.now))
        // What is recorded already may get another decision, and what passes is always recorded.
        for standing in [CallerHistory.Standing.refused, .denied, .passed(before: 0)] {
            past.standing = standing
            #expect(past.decision().result == .allow)
            let known = CallerHistory(recent: past.recent, standing: standing)
            #expect(past.fixture.engine.takesRecord(of: decision, known, now: Fixture.now))
        }
        var off = Past()
        for age in 1...200 { off.add(.denied, ages: Int64(age)) }
        #expect(off.decision().code == .rateLimited)
    }

    @Test("what a rule allows needs approval once the risk is too high, and is denied beyond")
    func cumulativeRisk() {
        var past = Past(risk: CumulativeRisk())
        past.fixture.configuration.approvals = [ApprovalRequirement(role: "boss", count: 2)]
        past.add(.passed, .high, ages: 600)
        past.add(.passed, .medium, ages: 500)
        past.add(.denied, .critical, ages: 400)
        past.add(.refused, .critical, ages: 300)
        past.add(.passedLater, .low, ages: 200)
        var decision = past.decision()
        #expect(decision.result == .allow && decision.code == .rule)
        #expect(decision.limits?.cumulative?.score == 26 && decision.limits?.cumulative?.raisedFrom == nil)
        past.add(.passed, .low, ages: 100, 90, 80, 70)
        decision = past.decision()
        #expect(decision.result == .requireApproval && decision.code == .cumulativeRisk)
        #expect(decision.rule == "allow-all" && decision.approvals == [ApprovalRequirement(role: "boss", count: 2)])
        #expect(decision.json.at("limits", "cumulative_risk", "score") == 30)
        #expect(decision.json.at("limits", "cumulative_risk", "raised_from") == "allow")
        past.add(.passed, .high, ages: 60, 50, 40)
        decision = past.decision()
        #expect(decision.result == .deny && decision.code == .cumulativeRisk && decision.approvals.isEmpty)
        #expect(decision.limits?.retryAfter == Fixture.now + .seconds(3000))
        #expect(past.decision(after: 2999).result == .deny)
        #expect(past.decision(after: 3000).result == .requireApproval)
    }

    @Test("the score of a change that has passed is what it was then, and waiting does not lower it")
    func fixedScore() {
        var past = Past(risk: CumulativeRisk())
        past.standing = .passed(before: 25)
        #expect(past.decision().result == .requireApproval)
        #expect(past.decision(after: 90_000).result == .requireApproval)
        past.standing = .passed(before: 70)
        #expect(past.decision().result == .deny && past.decision().limits?.retryAfter == nil)
        // Nor does what came later raise it.
        past.standing = .passed(before: 0)
        past.add(.passed, .critical, ages: 1, 2, 3)
        #expect(past.decision().result == .allow)
    }

    @Test("without a ledger limits are off, and the decision says so where they are configured")
    func noLedger() {
        let both = Past(rate: RateLimit(maximumRequests: 1), risk: CumulativeRisk(escalationThreshold: 0)).fixture
        #expect(both.decision.result == .allow && both.decision.limits == nil)
        #expect(both.decision.warnings.count == 1)
        #expect(
            both.decision.warnings.first?.hasPrefix("`rate_limit` and `cumulative_risk` are not counted here") == true)
        #expect(Past(rate: RateLimit()).decision().warnings.isEmpty)
        #expect(Past().fixture.decision.warnings.isEmpty)
    }

    @Test("cumulative risk only goes up: with more of it a decision is never milder")
    func onlyUpwards() {
        func rank(_ decision: Decision) -> Int {
            switch decision.result {
            case .allow: 0
            case .requireApproval: 1
            case .deny: 2
            }
        }
        var raised = 0
        for number in 0..<200 {
            var random = SeededGenerator(stream: 70_000 + UInt64(number))
            let made = RandomCatalogue(using: &random)
            let engine = PolicyEngine(catalogue: made.catalogue)
            for _ in 0..<50 {
                let request = made.request(using: &random)
                let now = Timestamp(seconds: Int64(100_000 + random.below(4_000_000_000)))
                guard var past = RandomPast.history(before: now, using: &random) else { continue }
                func decide() -> Decision {
                    engine.decide(
                        request, history: VerifiedHistory(votes: [], excludedVoters: [], caller: past), now: now)
                }
                let free = engine.decide(request, now: now)
                let before = decide()
                #expect(rank(before) >= rank(free))
                if before.code == .cumulativeRisk {
                    raised += 1
                    #expect(rank(before) > rank(free) && before.rule == free.rule)
                }
                past.recent.append(RecentDecision(at: now, outcome: .passed, risks: [random.pick(RiskLevel.allCases)]))
                #expect(rank(decide()) >= rank(before))
            }
        }
        #expect(raised > 300)
    }
}

@Suite("Limits on a plan")
struct PlanLimitTests {
    @Test("count it as one request, with the risk of every step")
    func plan() {
        var fixture = AuthorizationFixture()
        fixture.world.configuration.cumulativeRisk = CumulativeRisk(escalationThreshold: 15, denyThreshold: 20)
        fixture.world.configuration.rateLimit = RateLimit(maximumRequests: 2)
        fixture.world.rules = [Fixture.rule("allow-all", .allow)]
        var change = fixture.change
        func decision(_ steps: Int, _ recent: [RecentDecision] = []) -> Decision {
            change.steps = Array(repeating: fixture.change.steps[0], count: steps)
            return fixture.engine.decide(
                change, by: fixture.world.caller,
                history: VerifiedHistory(votes: [], excludedVoters: [], caller: CallerHistory(recent: recent)),
                now: Fixture.now)
        }
        #expect(decision(1).result == .allow && decision(1).json.at("limits", "step_risks") == nil)
        #expect(decision(2).result == .allow)
        #expect(decision(2).json.at("limits", "step_risks") == ["medium", "medium"])
        #expect(decision(3).result == .requireApproval && decision(3).limits?.cumulative?.score == 15)
        #expect(decision(4).result == .deny && decision(4).code == .cumulativeRisk)
        let one = RecentDecision(at: Fixture.now - .seconds(5), outcome: .passed, risks: [.medium, .medium])
        #expect(decision(1, [one]).limits?.cumulative?.score == 15)
        let many = Array(repeating: RecentDecision(at: Fixture.now, outcome: .denied, risks: [.low]), count: 2)
        #expect(decision(3, many).code == .rateLimited)
    }
}
