internal import ChangeModel
internal import PolicyEngine

/// Decisions that will be recorded before the one in question, and are not yet: of a branch with many changes, each counts
/// for those that follow it, just as it will in the ledger.
public struct DecisionsAhead: Sendable {
    private var recent: [String: [RecentDecision]] = [:]
    private var standings: [Digest: CallerHistory.Standing] = [:]

    public init() {}

    /// Takes note of a judgement whose decision comes next.
    public mutating func note(_ judgement: Judgement) {
        let (change, decision) = (judgement.change, judgement.decision)
        let standing = standings[change.digest] ?? judgement.caller.standing
        guard judgement.isRecordable, let outcome = standing.outcome(of: decision.result, decision.code) else { return }
        recent[change.account(at: judgement.now), default: []].append(
            RecentDecision(
                at: judgement.now, outcome: outcome,
                risks: decision.limits.map(\.steps).flatMap { $0.isEmpty ? nil : $0 } ?? [decision.effectiveRisk]))
        standings[change.digest] =
            switch outcome {
            case .refused: .refused
            case .denied: .denied
            case .passed, .passedLater: .passed(before: decision.limits?.cumulative?.before ?? 0)
            }
    }

    /// What the ledger will know when they are recorded.
    func added(to history: CallerHistory, of change: SignedChange, at now: Timestamp) -> CallerHistory {
        CallerHistory(
            recent: history.recent + (recent[change.account(at: now)] ?? []),
            standing: standings[change.digest] ?? history.standing)
    }
}
