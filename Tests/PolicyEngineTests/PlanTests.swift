import ChangeModel
@_spi(VerifiedHistory) import PolicyEngine
import TestSupport
import Testing

@testable import NaiveEngine

@Suite("A plan's decision")
struct PlanTests {
    private static func target(_ id: String, _ environment: Environment = .staging) -> TargetEntry {
        TargetEntry(
            id: id, type: "k8s-deployment", environment: environment, sensitivity: .internal, labels: [:],
            locator: ["name": id], location: SourceLocation(file: "inventory.yaml", line: 1))
    }

    private static func action(_ name: String, _ risk: RiskLevel = .low) -> ActionDefinition {
        ActionDefinition(
            name: name,
            parameters: [
                ParameterDefinition(
                    name: "replicas", type: .integer, required: false, defaultValue: 1,
                    constraints: ParameterConstraints(minimumValue: 0, maximumValue: 9))
            ], riskClass: risk, targetTypes: ["k8s-deployment"], digest: Digest(of: Array(name.utf8)),
            location: SourceLocation(file: "actions/\(name).yaml", line: 1))
    }

    private static func engine(_ rules: [Rule]) -> PolicyEngine {
        PolicyEngine(
            catalogue: Catalogue(
                configuration: Configuration(repository: Fixture.repository),
                actions: [action("read"), action("scale", .medium), action("release", .high)],
                targets: [target("a"), target("b"), target("c", .prod)], rules: rules, identities: nil))
    }

    private static let rules = [
        Fixture.rule("prod-is-closed", .deny, priority: 30, RuleMatch(targets: .init(environments: [.prod]))),
        Fixture.rule(
            "release-needs", .requireApproval, priority: 20, RuleMatch(actions: ["release"]),
            approvals: [.init(role: "approver", count: 1), .init(role: "sre", count: 2)], line: 7),
        Fixture.rule(
            "scale-needs", .requireApproval, priority: 20, RuleMatch(actions: ["scale"]),
            approvals: [.init(role: "approver", count: 1), .init(role: "approver", count: 1)]),
        Fixture.rule("reads", .allow, RuleMatch(actions: ["read"])),
    ]

    private static func change(_ steps: (String, String, [String: JSONValue])...) -> Change {
        Change(
            repository: Fixture.repository, id: ChangeID(now: Fixture.now, random: [1, 2, 3]), proposer: "agent-1",
            steps: steps.map { ChangeStep(action: $0.0, target: $0.1, parameters: $0.2) }, reason: "because",
            created: Fixture.now, expires: Fixture.now + .seconds(3600))
    }

    private static func decide(_ change: Change, _ rules: [Rule] = rules) -> Decision {
        engine(rules).decide(change, by: Fixture().caller, now: Fixture.now)
    }

    @Test("is the strictest of its steps', and says which step that is")
    func strictest() {
        let allowed = Self.decide(Self.change(("read", "a", [:]), ("read", "b", [:])))
        #expect(allowed.result == .allow && allowed.rule == "reads" && allowed.approvals.isEmpty)
        #expect(allowed.reason == "step 1, `read on a`: reason of reads")
        let asked = Self.decide(Self.change(("read", "a", [:]), ("release", "b", [:]), ("read", "a", [:])))
        #expect(asked.result == .requireApproval && asked.rule == "release-needs" && asked.location?.line == 7)
        #expect(asked.reason.hasPrefix("step 2, `release on b`: ") && asked.riskClass == .high)
        let denied = Self.decide(Self.change(("release", "a", [:]), ("read", "c", [:]), ("x", "a", [:])))
        #expect(denied.result == .deny && denied.rule == "prod-is-closed" && denied.approvals.isEmpty)
        #expect(denied.reason.hasPrefix("step 2, `read on c`: "))
        #expect(denied.steps.map(\.decision.result) == [.requireApproval, .deny, .deny])
        #expect(denied.effectiveRisk == .critical, "an unknown action counts as critical")
        #expect(denied.json["steps"]?.arrayValue?.map { $0["action"] } == ["release", "read", "x"])
    }

    @Test("of one step is that step's own, with nothing about steps")
    func single() {
        let decision = Self.decide(Self.change(("release", "a", [:])))
        #expect(decision.steps.isEmpty && decision.json["steps"] == nil && decision.reason == "reason of release-needs")
        #expect(decision.approvals.count == 2)
    }

    @Test("asks for as many people of each role as the step that asks for most of them")
    func approvals() {
        let decision = Self.decide(Self.change(("release", "a", [:]), ("scale", "a", [:]), ("read", "a", [:])))
        #expect(decision.approvals == [.init(role: "approver", count: 2), .init(role: "sre", count: 2)])
    }

    @Test("has the shortest deadlines of its steps, and lets the glass be broken by those who may for each step alone")
    func terms() {
        var rules = Self.rules
        rules[1].terms = ApprovalTerms(
            reviewBy: 600, breakGlass: BreakGlassTerms(roles: ["sre", "lead"], reviewWithin: 7200))
        rules[2].terms = ApprovalTerms(
            reviewBy: 900, executeWithin: 60, breakGlass: BreakGlassTerms(roles: ["lead"], reviewWithin: 9000))
        let both = Self.decide(Self.change(("release", "a", [:]), ("read", "a", [:]), ("scale", "a", [:])), rules)
        #expect(
            both.terms
                == ApprovalTerms(
                    reviewBy: 600, executeWithin: 60,
                    breakGlass: BreakGlassTerms(roles: ["lead"], reviewWithin: 7200)))
        rules[2].terms.breakGlass = nil
        let closed = Self.decide(Self.change(("release", "a", [:]), ("scale", "a", [:])), rules)
        #expect(closed.result == .requireApproval && closed.terms.breakGlass == nil)
        #expect(Self.decide(Self.change(("release", "a", [:]), ("read", "c", [:])), rules).terms == ApprovalTerms())
    }

    @Test("lists what is wrong with the params of every step, with its number")
    func errors() {
        let decision = Self.decide(
            Self.change(("read", "a", ["replicas": 10]), ("read", "a", [:]), ("scale", "b", ["replicas": "x", "y": 1])))
        #expect(decision.code == .parameterInvalid && decision.reason.hasPrefix("step 1, "))
        #expect(decision.errors.map { "\($0.step ?? 0) \($0.parameter)" } == ["1 replicas", "3 y", "3 replicas"])
        #expect(decision.json["errors"]?.arrayValue?.map { $0["step"] } == [1, 3, 3])
    }

    @Test("is about a plan whose digest covers each step in order; one step keeps the members that it always had")
    func plan() throws {
        let engine = Self.engine(Self.rules)
        let digest = Digest(of: [7])
        let two = Self.change(("read", "b", ["replicas": 2]), ("scale", "a", [:]))
        let plan = try #require(engine.plan(for: two, digest: digest))
        #expect(plan.json["action"] == nil && plan.json["target"] == nil && plan.json["params"] == nil)
        let steps = try #require(plan.json["steps"]?.arrayValue)
        #expect(steps.map { $0["params"] } == [["replicas": 2], ["replicas": 1]])
        #expect(steps.map { $0["action"]?.stringValue } == plan.steps.map(\.action.digest.description))
        #expect(plan.digest == Digest(of: plan.json.canonicalBytes))
        #expect(plan.locks.count == 2 && plan.locks == plan.locks.sorted { $0.hexadecimal < $1.hexadecimal })
        let turned = try #require(
            engine.plan(for: Self.change(("scale", "a", [:]), ("read", "b", ["replicas": 2])), digest: digest))
        #expect(turned.digest != plan.digest && turned.locks == plan.locks)
        let same = Self.change(("read", "a", [:]), ("scale", "a", [:]))
        #expect(engine.plan(for: same, digest: digest)?.locks.count == 1)
        let one = try #require(engine.plan(for: Self.change(("read", "b", ["replicas": 2])), digest: digest))
        #expect(
            Set(one.json.objectValue?.keys.map { $0 } ?? [])
                == ["action", "change", "id", "params", "repository", "target"])
        #expect(engine.plan(for: Self.change(("read", "a", [:]), ("read", "nowhere", [:])), digest: digest) == nil)
    }

    @Test("counts the risk of every step: what each step alone may do, many at once may not")
    func cumulativeRisk() {
        var catalogue = Self.engine([Fixture.rule("open", .allow)]).catalogue
        catalogue.configuration.cumulativeRisk = CumulativeRisk()
        let engine = PolicyEngine(catalogue: catalogue)
        for (count, expected) in [
            (2, Verdict.allow), (5, .allow), (6, .requireApproval), (14, .requireApproval), (15, .deny),
        ] {
            var change = Self.change()
            change.steps = (0..<count).map {
                ChangeStep(action: "scale", target: $0 % 2 == 0 ? "a" : "b", parameters: [:])
            }
            let history = VerifiedHistory(votes: [], excludedVoters: [], caller: CallerHistory())
            let decision = engine.decide(change, by: Fixture().caller, history: history, now: Fixture.now)
            #expect(decision.result == expected, "\(count) steps of medium risk: \(decision.reason)")
            #expect(decision.code == (expected == .allow ? .rule : .cumulativeRisk))
            #expect(decision.steps.count == count && decision.steps.allSatisfy { $0.decision.result == .allow })
            #expect(decision.approvals.isEmpty == (expected != .requireApproval))
        }
    }

    @Test("agrees with the naive engine's on random catalogues, and its approvals meet every step's", arguments: 0..<8)
    func naive(chunk: UInt64) {
        var coverage = Coverage()
        var (merged, verdicts) = (0, Set<Verdict>())
        for number in 0..<40 {
            var random = SeededGenerator(stream: 70_000 + chunk * 1000 + UInt64(number))
            let made = RandomCatalogue(using: &random)
            var catalogue = made.catalogue
            for index in catalogue.rules.indices {
                catalogue.rules[index].approvals = (0..<random.below(3)).map { _ in
                    ApprovalRequirement(role: random.pick(["approver", "sre", "lead"]), count: 1 + random.below(2))
                }
            }
            let engine = PolicyEngine(catalogue: catalogue)
            let naive = NaiveEngine(catalogue: catalogue, patterns: RandomCatalogue.patterns)
            for _ in 0..<25 {
                var requests = (0..<2 + random.below(4)).map { _ in made.request(using: &random) }
                // Of one change the caller and the ticket are the same for all steps, and each step names a target.
                for index in requests.indices {
                    requests[index].caller = requests[0].caller
                    requests[index].ticket = requests[0].ticket
                    requests[index].target = requests[index].target ?? "nowhere"
                }
                let now = Timestamp(seconds: Int64(random.below(4_000_000_000)))
                let isRollback = random.chance(50)
                let expected = naive.decide(plan: requests, isRollback: isRollback, now: now, coverage: &coverage)
                var change = Self.change()
                change.steps = requests.map {
                    ChangeStep(action: $0.action, target: $0.target ?? "", parameters: $0.parameters)
                }
                change.ticket = requests[0].ticket
                let history = VerifiedHistory(votes: [], excludedVoters: [], isRollback: isRollback)
                let decision = engine.decide(change, by: requests[0].caller, history: history, now: now)
                let step = decision.reason.dropFirst("step ".count).prefix { $0 != "," }
                let answer = NaivePlanAnswer(
                    result: decision.result, code: decision.code, rule: decision.rule, step: Int(step) ?? 0,
                    effectiveRisk: decision.effectiveRisk,
                    wrongParameters: Set(decision.errors.map { "\($0.step ?? 0) \($0.parameter)" }),
                    stepResults: decision.steps.map(\.decision.result),
                    advisory: decision.steps.indices.map { decision.advisoryPrechecks(ofStep: $0) })
                #expect(answer == expected)
                verdicts.insert(answer.result)
                merged += checkApprovals(decision, &random) ? 1 : 0
            }
        }
        #expect(verdicts.count == 3 && merged > 5, "\(verdicts), \(merged) plans of which two steps ask for people")
    }

    /// Whoever meets the plan's requirement meets that of each step.
    private func checkApprovals(_ decision: Decision, _ random: inout SeededGenerator) -> Bool {
        guard decision.result == .requireApproval else { return false }
        let asking = decision.steps.map(\.decision).filter { $0.result == .requireApproval }
        for _ in 0..<10 {
            let people = (0..<6).map { index in
                Identity(
                    id: "p\(index)", kind: .person,
                    roles: Set(decision.approvals.map(\.role)).sorted().filter { _ in random.chance(50) })
            }
            guard NaiveEngine.isMet(decision.approvals, by: people) else { continue }
            for step in asking { #expect(NaiveEngine.isMet(step.approvals, by: people)) }
        }
        return asking.count > 1
    }
}
