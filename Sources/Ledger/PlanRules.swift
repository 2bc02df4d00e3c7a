internal import ChangeModel

extension LedgerEvent {
    /// Of a plan's claim: the lock of each step, in order.
    var stepLocks: [Digest] {
        (body["steps"]?.arrayValue ?? []).compactMap { $0["lock"]?.stringValue.flatMap { Digest($0) } }
    }

    /// What an execution or a resolution says of the targets that may be others than before: their locks, with the outcome,
    /// in the order of the steps.
    func changedTargets(of claim: OpenClaim) -> [(lock: Digest, outcome: String?)] {
        let isApplied =
            kind == .execution ? body["changed"] == .bool(true) : outcome != Resolution.notApplied.rawValue
        guard !claim.steps.isEmpty else { return isApplied ? claim.locks.map { ($0, outcome) } : [] }
        if kind == .execution {
            return zip(claim.steps, body["steps"]?.arrayValue ?? []).compactMap { lock, step in
                step["changed"] == .bool(true) ? (lock, step["outcome"]?.stringValue) : nil
            }
        }
        // A person speaks of the step that was prepared last; those before it had succeeded.
        let done = zip(claim.steps, claim.changed).compactMap { lock, changed in changed ? (lock, "succeeded") : nil }
        guard isApplied, claim.steps.indices.contains(claim.prepared - 1) else { return done }
        return done + [(claim.steps[claim.prepared - 1], outcome)]
    }
}

extension EventRules {
    /// The steps of a plan are prepared one by one, in order, each when the one before it has succeeded.
    func checkStep(_ change: SignedChange, _ claim: OpenClaim) throws(LedgerError) {
        let steps = change.change.steps
        guard steps.count > 1 else {
            guard !claim.isPrepared else { throw .refused("the claim is prepared already") }
            guard event.body["step"] == nil else { throw .notAuthentic("a change of one step has no numbers for them") }
            return
        }
        guard claim.prepared < steps.count else { throw .refused("all steps of the claim are prepared already") }
        guard event.body["step"]?.integerValue == Int64(claim.prepared + 1) else {
            throw .refused("step \(claim.prepared + 1) is the next to be prepared")
        }
        guard claim.prepared > 0 else {
            guard event.body["done"] == nil else { throw .notAuthentic("nothing was done before the first step") }
            return
        }
        guard let done = event.body["done"], try outcome(of: done, steps[claim.prepared - 1]) == "succeeded" else {
            throw .notAuthentic("a step is prepared when the one before it has succeeded")
        }
    }

    /// An execution says of every step what became of it, and of those before the last that was prepared what is recorded.
    func checkExecutedSteps(_ change: SignedChange, _ claim: OpenClaim) throws(LedgerError) {
        let steps = change.change.steps
        guard steps.count > 1 else { return }
        guard let records = event.body["steps"]?.arrayValue, records.count == steps.count else {
            throw .notAuthentic("the execution does not speak of all steps")
        }
        var outcomes: [String] = []
        for (record, step) in zip(records, steps) { outcomes.append(try outcome(of: record, step)) }
        let ran = outcomes.prefix { $0 != "not_run" }
        guard outcomes.dropFirst(ran.count).allSatisfy({ $0 == "not_run" }),
            ran.dropLast().allSatisfy({ $0 == "succeeded" }), ran.count == claim.prepared || ran.last == "succeeded",
            (max(1, claim.prepared - 1)...claim.prepared).contains(ran.count)
        else { throw .notAuthentic("the outcomes are not those of steps that run in order until one fails") }
        guard (event.outcome == "succeeded") == outcomes.allSatisfy({ $0 == "succeeded" }),
            event.body["changed"] == .bool(records.contains { $0["changed"] == .bool(true) })
        else { throw .notAuthentic("the execution's outcome is not that of its steps") }
        let recorded = try state.record(of: change.change.id).prepared(underClaim: claim.height)
            .compactMap { $0.body["done"] }
        guard zip(recorded, records).allSatisfy({ $0 == $1 }) else {
            throw .notAuthentic("a step's outcome is not the one that was recorded with the step after it")
        }
    }

    private func outcome(of record: JSONValue, _ step: ChangeStep) throws(LedgerError) -> String {
        guard record["action"] == .string(step.action), record["target"] == .string(step.target),
            let outcome = record["outcome"]?.stringValue, ["succeeded", "failed", "not_run"].contains(outcome),
            let changed = record["changed"]?.boolValue, !changed || outcome != "not_run"
        else { throw .notAuthentic("a step's record does not say what became of that step") }
        return outcome
    }
}
