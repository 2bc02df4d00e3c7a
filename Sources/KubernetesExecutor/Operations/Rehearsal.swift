internal import ChangeModel
internal import Runner

/// One dry run of one step.
struct Rehearsal {
    let session: ClusterSession
    let action: ActionDefinition
    let before: CapturedState

    var client: APIClient { session.client }
}

extension Rehearsal {
    enum Answer {
        case success(JSONValue)
        /// Why it cannot be told what would happen.
        case failure(String)
    }

    /// Sends one mutation as a dry run.
    ///
    /// - Throws: what the server would refuse for real, too.
    func send(_ mutation: Mutation) throws(ExecutionError) -> Answer {
        let outcome: MutationOutcome
        do throws(ExecutionError) {
            outcome = try client.send(mutation, dryRun: true)
        } catch  where error.code == .unreachable {
            return .failure(error.message)
        }
        switch outcome {
        case .applied(let answer): return .success(answer)
        case .dryRunUnsupported:
            return .failure("the server, or an admission webhook of it, cannot do a dry run of \(mutation.address)")
        case .busy: return .failure("the server is too busy")
        case .budgetForbids:
            throw ExecutionError(
                code: .refused, message: "a disruption budget forbids to evict \(mutation.address) right now")
        case .notFound: throw ExecutionError(code: .notFound, message: "there is no \(mutation.address)")
        case .objectChanged:
            throw ExecutionError(
                code: .conflict, message: "\(mutation.address) changed meanwhile; look at it and try again")
        }
    }
}
