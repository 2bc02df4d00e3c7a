public import ChangeModel
public import Documents
public import PolicyEngine

/// What came of one policy test.
public struct PolicyTestOutcome: Sendable {
    /// One expectation that was not met, in words.
    public struct Mismatch: Sendable, Hashable {
        /// The key of the test: `expect`, `rule`, `code`, `approvals`.
        public let key: String
        public let expected: String
    }

    public let test: PolicyTest
    public let decision: Decision
    public let mismatches: [Mismatch]
    /// Of a test that was run under `target_binding: advisory`: why a change like it is denied, though the test says
    /// otherwise. nil where the gate decides alike.
    public let deniedInEarnest: String?
    /// Whether a test that fails would hold under `target_binding: advisory`.
    public let holdsAdvisory: Bool

    public var holds: Bool { mismatches.isEmpty }

    /// `tests/mine.yaml:2: policy test `…` expects allow, and the policy says deny (no_rule): …; nearest rule …`. nil for one
    /// that holds.
    public var failure: String? {
        guard !holds else { return nil }
        let expected = mismatches.map(\.expected).joined(separator: ", ")
        let place = decision.location.map { ", \($0)" } ?? ""
        var line =
            "\(test.location): policy test `\(test.name)` expects \(expected), and the policy says "
            + "\(decision.result.rawValue) (\(decision.ruleOrCode)\(place)): \(decision.reason)"
        if mismatches.contains(where: { $0.key == "approvals" }) {
            line += "; it needs \(Self.words(decision.approvals))"
        }
        if let near = decision.nearest.first {
            line += "; nearest rule `\(near.rule)` (\(near.location)) missed: \(near.missed.joined(separator: ", "))"
        }
        return line
    }

    static func words(_ approvals: [ApprovalRequirement]) -> String {
        approvals.isEmpty ? "no approvals" : approvals.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
    }

    public var json: JSONValue {
        .compact([
            "name": .string(test.name), "location": .string(test.location.description), "holds": .bool(holds),
            "mismatches": .array(
                mismatches.map { ["key": .string($0.key), "expected": .string($0.expected)] }),
            "decision": decision.json, "failure": failure.map { .string($0) },
            "denied_in_earnest": deniedInEarnest.map { .string($0) },
        ])
    }
}

/// What came of a run of policy tests.
public struct PolicyTestReport: Sendable {
    public let outcomes: [PolicyTestOutcome]
    public let coverage: PolicyCoverage
    /// The rules that can be shown never to decide, whatever is asked.
    public let unreachable: [UnreachableRule]
    /// Tests that name no `now` and met a rule that asks for the time: they may come out otherwise tomorrow.
    public let dependOnClock: [SourceLocation]

    /// The rules that decide no test, though they could decide something.
    public var silent: [PolicyCoverage.Rule] {
        let names = Set(unreachable.map(\.rule))
        return coverage.silentRules.filter { !names.contains($0.name) }
    }

    /// `rules_silent` and `rules_unreachable`, each with its place, beside the numbers of the coverage.
    public var coverageJSON: JSONValue {
        var json = coverage.json
        json["rules_silent"] = .array(
            silent.map { ["rule": .string($0.name), "location": .string($0.location.description)] })
        json["rules_unreachable"] = .array(
            unreachable.map { rule in
                [
                    "rule": .string(rule.rule), "location": .string(rule.location.description),
                    "reason": .string(rule.reason),
                    "covered_by": .array(
                        rule.coveredBy.map {
                            ["rule": .string($0.name), "location": .string($0.location.description)]
                        }),
                ]
            })
        return json
    }

    public var count: Int { outcomes.count }
    /// One line for each test that did not hold.
    public var failures: [String] { outcomes.compactMap(\.failure) }
    public var warnings: [String] {
        dependOnClock.map { "\($0): the rules ask for the time, and the test names no `now`" }
            + outcomes.compactMap { outcome in
                outcome.deniedInEarnest.map {
                    "\(outcome.test.location): holds under `target_binding: advisory` alone; a change like it is denied: \($0)"
                }
            }
    }
}

extension PlainFolder {
    /// Runs policy tests against the folder's policies.
    ///
    /// - Parameters:
    ///   - now: the instant for tests that name none.
    ///   - isAdvisory: runs all under `target_binding: advisory`. Otherwise a test's own file says, or `agentsafe.yaml`.
    public func run(
        _ tests: [PolicyTest], now: Timestamp, isAdvisory: Bool = false
    ) -> PolicyTestReport {
        var coverage = PolicyCoverage(engine.rehearsedRules)
        var outcomes: [PolicyTestOutcome] = []
        var dependOnClock: [SourceLocation] = []
        for test in tests {
            var caller = caller(test.caller, roles: test.roles, groups: test.groups)
            if let kind = test.kind { caller.kind = kind }
            if !test.delegatedBy.isEmpty { caller.delegation = CallerDelegation(delegators: test.delegatedBy) }
            let request = DecisionRequest(
                action: test.action, target: test.target, caller: caller, parameters: test.parameters,
                ticket: test.ticketID)
            let past = SupposedPast(isRollback: test.isRollback)
            let binding = isAdvisory ? .advisory : test.binding ?? catalogue.configuration.targetBinding
            let rehearsal = engine.rehearse(request, supposing: past, now: test.now ?? now, binding: binding)
            coverage.note(rehearsal)
            if test.now == nil, PolicyCoverage.asked(rehearsal).contains(where: { $0.named.dependsOnTime }) {
                dependOnClock.append(test.location)
            }
            var deniedInEarnest: String?
            if binding == .advisory, rehearsal.decision.result != .deny {
                let earnest = engine.rehearse(request, supposing: past, now: test.now ?? now, binding: .enforce)
                if earnest.decision.result == .deny { deniedInEarnest = earnest.decision.reason }
            }
            let mismatches = test.mismatches(with: rehearsal.decision)
            var holdsAdvisory = false
            if binding == .enforce, !mismatches.isEmpty {
                let lenient = engine.rehearse(request, supposing: past, now: test.now ?? now, binding: .advisory)
                holdsAdvisory = test.mismatches(with: lenient.decision).isEmpty
            }
            outcomes.append(
                PolicyTestOutcome(
                    test: test, decision: rehearsal.decision, mismatches: mismatches, deniedInEarnest: deniedInEarnest,
                    holdsAdvisory: holdsAdvisory))
        }
        return PolicyTestReport(
            outcomes: outcomes, coverage: coverage, unreachable: engine.unreachableRules(), dependOnClock: dependOnClock
        )
    }
}

extension PolicyTest {
    fileprivate func mismatches(with decision: Decision) -> [PolicyTestOutcome.Mismatch] {
        var found: [PolicyTestOutcome.Mismatch] = []
        if decision.result != expect { found.append(.init(key: "expect", expected: expect.rawValue)) }
        if let rule, rule != decision.rule { found.append(.init(key: "rule", expected: "rule \(rule)")) }
        if let code, code != decision.code { found.append(.init(key: "code", expected: "code \(code.rawValue)")) }
        if let approvals, approvals != decision.approvals {
            found.append(.init(key: "approvals", expected: PolicyTestOutcome.words(approvals)))
        }
        return found
    }
}
