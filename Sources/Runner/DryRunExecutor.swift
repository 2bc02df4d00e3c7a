/// Does everything but mutate: asks the target what it would do, by a dry run of the server's, and says that. Its runs are
/// recorded like any other, under the name `dry-run`, and use a change up.
public final class DryRunExecutor: Executor {
    public let name = "dry-run"
    private let base: any Executor

    /// - Parameter base: reaches the target.
    public init(_ base: any Executor) { self.base = base }

    public func supports(action: String) -> Bool { base.supports(action: action) }
    public func use(_ credential: Credential) throws(ExecutionError) { try base.use(credential) }
    public func forgetCredential() { base.forgetCredential() }
    public func confirmIdentity(of step: ExecutionStep) throws(ExecutionError) -> [String: String] {
        try base.confirmIdentity(of: step)
    }
    public func runPrechecks(for step: ExecutionStep) throws(ExecutionError) -> [PrecheckResult] {
        try base.runPrechecks(for: step)
    }
    public func captureState(for step: ExecutionStep) throws(ExecutionError) -> CapturedState {
        try base.captureState(for: step)
    }
    public func preview(_ step: ExecutionStep, before: CapturedState) throws(ExecutionError) -> Preview {
        try base.preview(step, before: before)
    }

    public func execute(
        _ step: ExecutionStep, before: CapturedState, mayMutate: () -> Bool, progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport {
        switch try base.preview(step, before: before) {
        case .unavailable(let reason):
            return ExecutionReport(summary: "dry run, nothing was changed; what it would do is unavailable: \(reason)")
        case .predicted(let prediction):
            let changes = prediction.differences.map(\.text) + prediction.notes
            let isChange = prediction.after.objectDigest != before.objectDigest
            let words =
                changes.isEmpty
                ? isChange ? "it would change, in nothing that a recorded field shows" : "it would change nothing"
                : "it would change " + changes.joined(separator: "; ")
            return ExecutionReport(summary: "dry run, nothing was changed: \(words)")
        }
    }
}
