public import ChangeModel
internal import Documents
internal import PolicyEngine

/// What came of the policy tests of a folder.
public struct PolicyTestReport: Sendable {
    public let count: Int
    /// One line for each test that did not hold, with its place.
    public let failures: [String]
}

extension PlainFolder {
    /// Runs `tests/*.yaml` against the policies; without such files nothing is run.
    ///
    /// - Parameter now: the instant for tests that name none.
    /// - Throws: `AgentSafeError` for files that cannot be read as tests.
    public func runPolicyTests(now: Timestamp) throws(AgentSafeError) -> PolicyTestReport {
        let source = FolderSource(root: root)
        var failures: [String] = []
        var count = 0
        do {
            for name in try source.list("tests") ?? [] where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                let bytes = try source.read("tests/\(name)", limit: SourceFile.maximumSize) ?? []
                for test in try PolicyTestDocument.parse(SourceFile(name: "tests/\(name)", bytes: bytes)) {
                    count += 1
                    if let failure = failure(of: test, now: now) { failures.append(failure) }
                }
            }
        } catch let error as DocumentError {
            throw AgentSafeError(error)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        return PolicyTestReport(count: count, failures: failures)
    }

    private func failure(of test: PolicyTest, now: Timestamp) -> String? {
        let decision = engine.decide(
            DecisionRequest(
                action: test.action, target: test.target,
                caller: caller(test.caller, roles: test.roles, groups: test.groups), parameters: test.parameters,
                ticket: test.ticketID), now: test.now ?? now)
        var expected: [String] = []
        if decision.result != test.expect { expected.append(test.expect.rawValue) }
        if let rule = test.rule, rule != decision.rule { expected.append("rule \(rule)") }
        if let approvals = test.approvals, approvals != decision.approvals {
            expected.append(approvals.map { "\($0.count) × \($0.role)" }.joined(separator: ", "))
        }
        if expected.isEmpty { return nil }
        return
            "\(test.location): policy test `\(test.name)` expects \(expected.joined(separator: ", ")), and the policy "
            + "says \(decision.result.rawValue) (\(decision.ruleOrCode)): \(decision.reason)"
    }
}
