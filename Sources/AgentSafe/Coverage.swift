public import ChangeModel
public import Ledger

/// Of which executions the ledger lacks what an audit wants: the state before, the state after, the way back.
public struct CoverageReport: Sendable {
    /// Newest first.
    public let steps: [StepCoverage]
    /// Whether the whole ledger was looked at.
    public let isComplete: Bool

    public var lacking: [StepCoverage] { steps.filter { !$0.lacks.isEmpty } }

    /// How many steps lack a part.
    public func count(_ part: StepCoverage.Part) -> Int { steps.count { $0.lacks[part] != nil } }

    public var json: JSONValue {
        [
            "complete": .bool(isComplete), "steps": .integer(Int64(steps.count)),
            "covered": .integer(Int64(steps.count - lacking.count)),
            "lacking_counts": .object(
                Dictionary(
                    StepCoverage.Part.allCases.map { ($0.rawValue, JSONValue.integer(Int64(count($0)))) },
                    uniquingKeysWith: { first, _ in first })),
            "lacking": .array(lacking.map(\.json)),
        ]
    }
}

extension Workspace {
    /// Looks through the verified ledger for executions, and for unknowns that a person resolved. Touches no network.
    ///
    /// - Parameter since: none before.
    public func stateCoverage(since: Timestamp? = nil) throws(AgentSafeError) -> CoverageReport {
        let view = try view()
        let actions = try catalogue(of: view.state).actions
        var (steps, isComplete): ([StepCoverage], Bool) = ([], true)
        for kind in [EventKind.execution, .resolution] {
            var query = LedgerQuery()
            query.kind = kind
            query.since = since
            let (found, complete) = try events(matching: query, limit: .max)
            isComplete = isComplete && complete
            for event in found {
                steps += try ledger { () throws(LedgerError) in
                    try view.ledger.coverage(of: event.accepted.event, actions: actions)
                }
            }
        }
        return CoverageReport(
            steps: steps.sorted { ($1.height, $0.step) < ($0.height, $1.step) }, isComplete: isComplete)
    }
}
