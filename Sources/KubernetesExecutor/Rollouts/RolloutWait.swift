internal import ChangeModel
internal import Runner

/// Waits until a Deployment has become what it was told to be.
struct RolloutWait {
    let session: ClusterSession
    let name: NamespacedName
    /// Whether somebody only looks: then nothing was made that a failure could leave behind.
    var isRead = false

    private var client: APIClient { session.client }

    /// - Parameters:
    ///   - isIntended: whether the spec still says what was asked for; somebody may overwrite it meanwhile.
    /// - Returns: the converged Deployment.
    /// - Throws: with `mayHaveBeenApplied`, for the mutation is done; of a read without.
    func run(
        uid: String?, isIntended: (DeploymentView) -> Bool, progress: (String) -> Void
    ) throws(ExecutionError) -> DeploymentView {
        var time = WaitingTime(session: session, limit: session.convergenceTimeout)
        var lastNews = ""
        while true {
            var news: String
            do throws(ExecutionError) {
                let deployment = DeploymentView(object: try client.get(.deployment(name)))
                guard deployment.uid == uid else { throw failure("was deleted and created anew meanwhile") }
                guard isIntended(deployment) else { throw failure("was changed by somebody else meanwhile") }
                switch RolloutStatus(deployment) {
                case .complete:
                    session.sightings.note(deployment.object, at: .deployment(name), for: .afterState)
                    return deployment
                case .failed(let reason): throw failure(reason + waitingReasons(of: deployment))
                case .waiting(let what): news = what
                }
            } catch  where error.code == .unreachable {
                // The change is made; a lost answer to a read says nothing about it.
                news = "the API server does not answer, asking again"
            } catch {
                throw ExecutionError(code: error.code, message: error.message, mayHaveBeenApplied: !isRead)
            }
            if news != lastNews {
                progress("deployment `\(name.text)`: \(news)")
                lastNews = news
            }
            guard !time.isOver else {
                throw failure("did not converge within \(time.limit) s: \(lastNews)")
            }
            time.sleep()
        }
    }

    private func failure(_ what: String) -> ExecutionError {
        ExecutionError(
            code: .notConverged,
            message:
                "deployment `\(name.text)` \(what); "
                + (isRead ? "look at its pods" : "the change was made, look at its pods, then roll back or repair"),
            mayHaveBeenApplied: !isRead)
    }

    /// What the pods wait for, as a help; no answer is no error.
    private func waitingReasons(of deployment: DeploymentView) -> String {
        guard let selector = deployment.labelSelector,
            let pods = try? client.list(.pods(in: name.namespace), labelSelector: selector)
        else { return "" }
        let reasons = Set(pods.flatMap { PodView(object: $0).waitingReasons }).sorted().prefix(3)
        return reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ").forMessage(limit: 120)))"
    }
}
