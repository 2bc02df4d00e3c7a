internal import ChangeModel

/// What a runner found out about a change that nobody has let run yet, for those who decide on it and hold no credentials. It
/// informs and binds nothing: no rule but these reads it.
public enum PreviewBounds {
    /// Of one change.
    public static let maximumCount = 10
    /// The member `preview` in canonical form, in bytes.
    public static let maximumSize = 256 << 10
}

extension EventRules {
    func checkPreview() throws(LedgerError) {
        let change = try requireChange()
        let record = try state.record(of: change.change.id)
        guard record.events.count(where: { $0.kind == .preview }) < PreviewBounds.maximumCount else {
            throw .refused("\(change.change.id) has \(PreviewBounds.maximumCount) previews already, and takes no more")
        }
        guard event.body.canonicalBytes.count <= PreviewBounds.maximumSize, event.files.isEmpty else {
            throw .refused("a preview has at most \(PreviewBounds.maximumSize >> 10) KiB, and no files")
        }
        guard try state.claim(change.change.id) == nil, record.last(.execution) == nil, record.last(.resolution) == nil
        else { throw .refused("\(change.change.id) is claimed or over: what it would do is no question any more") }
        let judgement = try Judgement(
            change, main: main, recorded: record.votes, past: try state.past(of: change, main: main, at: event.at),
            now: event.at)
        // Nobody is to decide on it, so nobody needs to know, and nothing is asked of the target for it.
        if case .denied(let decision) = judgement.authorization {
            throw .refused("\(change.change.id) is denied: \(decision.reason)")
        }
        guard let plan = judgement.plan, event.plan == plan.digest else {
            throw .notAuthentic("the preview's plan is not the one that follows from main")
        }
        guard let executor = event.body["executor"]?.stringValue, Identifier.isName(executor),
            let steps = event.body["steps"]?.arrayValue, steps.count == plan.steps.count,
            steps.allSatisfy({ step in
                ["predicted", "unavailable", "refused"].contains(step["outcome"]?.stringValue)
                    && (step["outcome"] == "predicted") == (step["changes"]?.boolValue != nil)
            })
        else {
            throw .notAuthentic("a preview says of each step whether it was predicted, and whether it changes anything")
        }
    }
}
