internal import ChangeModel
internal import Runner

/// An operation that is one conditional request, and a wait for what follows from it.
protocol SingleMutation: Operation {
    /// The request, built from the object as it is.
    ///
    /// - Returns: nil when there is nothing to change.
    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation?

    /// Waits until the change has taken effect, and says what was done.
    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport

    /// One line about an object that is already as it should be.
    func unchanged(_ current: JSONValue?) -> String

    /// The object as it would be, by the answer to a dry run; nil: it would be gone.
    func predicted(_ answer: JSONValue, from current: JSONValue?) -> JSONValue?

    /// What the fields do not show, one line each.
    func notes(_ rehearsal: Rehearsal) throws(ExecutionError) -> [String]
}

extension SingleMutation {
    func unchanged(_ current: JSONValue?) -> String { "nothing had to be changed" }
    func predicted(_ answer: JSONValue, from current: JSONValue?) -> JSONValue? { answer }
    func notes(_ rehearsal: Rehearsal) throws(ExecutionError) -> [String] { [] }

    func execute(_ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        if execution.before.objectDigest == nil, !Self.allowsAbsence {
            throw ExecutionError(code: .invalid, message: "before-state has no digest; capture it before executing")
        }
        let address = try object(in: execution.session)
        let (current, applied) = try execution.change(address, expecting: execution.before.objectDigest) {
            (current) throws(ExecutionError) in try mutation(of: current, in: execution.session)
        }
        guard let applied else {
            execution.session.sightings.note(current, at: address, for: .afterState)
            return ExecutionReport(summary: unchanged(current))
        }
        return try finish(applied, execution)
    }

    func preview(_ rehearsal: Rehearsal) throws(ExecutionError) -> Preview {
        let session = rehearsal.session
        let address = try object(in: session)
        let current = try session.look(at: address, for: .mutation)
        guard let mutation = try mutation(of: current, in: session) else {
            return .predicted(Prediction(after: rehearsal.before, differences: [], notes: [unchanged(current)]))
        }
        switch try rehearsal.send(mutation) {
        case .failure(let reason): return .unavailable(reason: reason)
        case .success(let answer):
            let after = try StateCapture(operation: self, session: session)
                .capture(predicted(answer, from: current), at: address, for: rehearsal.action)
            return .predicted(
                Prediction(
                    // The version of an answer that was never stored is the old one.
                    after: CapturedState(fields: after.fields, objectDigest: after.objectDigest),
                    differences: StateDifference.between(rehearsal.before, after), notes: try notes(rehearsal)))
        }
    }
}
