internal import ChangeModel
internal import Runner

/// Waits until a Deployment has become what it was told to be.
struct RolloutWait {
    let session: ClusterSession
    let name: NamespacedName
    /// Whether somebody only looks: then nothing was made that a failure could leave behind.
    var isRead = false

    private var client: APIClient { session.client }

    /// Longest time in seconds that one watch is asked for; the server may end it sooner.
    private static let watchTime = 300

    /// - Parameters:
    ///   - version: of the Deployment right after a change, which the controller is sure to follow up with others; nil: look first.
    ///   - isIntended: whether the spec still says what was asked for; somebody may overwrite it meanwhile.
    /// - Returns: the converged Deployment.
    /// - Throws: with `mayHaveBeenApplied`, for the mutation is done; of a read without.
    func run(
        uid: String?, from version: String? = nil, isIntended: (DeploymentView) -> Bool, progress: (String) -> Void
    ) throws(ExecutionError) -> DeploymentView {
        var time = WaitingTime(session: session, limit: session.convergenceTimeout)
        var (news, lastNews) = ("waiting for the controller to see the new spec", "")
        var (version, mayWatch) = (version, true)
        func tell() {
            guard news != lastNews else { return }
            progress("deployment `\(name.text)`: \(news)")
            lastNews = news
        }
        while true {
            var judged = Result<DeploymentView?, ExecutionError>.success(nil)
            if mayWatch, let start = version {
                tell()
                // One request for all that happens; a server that cannot be followed is asked again and again.
                let end = client.watch(
                    .deployments(in: name.namespace), name: name.name, from: start,
                    seconds: max(1, min(time.left, Self.watchTime))
                ) { type, object in
                    // What a deletion means, the next look tells.
                    guard type == "ADDED" || type == "MODIFIED" else { return true }
                    judged = judge(object, uid, isIntended, &news)
                    tell()
                    if case .success(nil) = judged { return time.isOver }
                    return true
                }
                mayWatch = end != .unavailable
            }
            if case .success(nil) = judged {
                do throws(ExecutionError) {
                    let object = try client.get(.deployment(name))
                    version = object.version
                    judged = judge(object, uid, isIntended, &news)
                } catch  where error.code == .unreachable {
                    // The change is made; a lost answer to a read says nothing about it.
                    (version, news) = (nil, "the API server does not answer, asking again")
                } catch {
                    judged = .failure(error)
                }
            }
            do throws(ExecutionError) {
                if let deployment = try judged.get() {
                    session.sightings.note(deployment.object, at: .deployment(name), for: .afterState)
                    return deployment
                }
            } catch {
                throw ExecutionError(code: error.code, message: error.message, mayHaveBeenApplied: !isRead)
            }
            tell()
            guard !time.isOver else {
                throw failure("did not converge within \(time.limit) s: \(lastNews)")
            }
            // Before a watch, too: one that ends at once must not become a storm.
            time.sleep()
        }
    }

    /// - Returns: the Deployment when it has converged; nil, with news, when it has not yet.
    private func judge(
        _ object: JSONValue, _ uid: String?, _ isIntended: (DeploymentView) -> Bool, _ news: inout String
    ) -> Result<DeploymentView?, ExecutionError> {
        let deployment = DeploymentView(object: object)
        guard deployment.uid == uid else { return .failure(failure("was deleted and created anew meanwhile")) }
        guard isIntended(deployment) else { return .failure(failure("was changed by somebody else meanwhile")) }
        switch RolloutStatus(deployment) {
        case .complete: return .success(deployment)
        case .failed(let reason): return .failure(failure(reason + waitingReasons(of: deployment)))
        case .waiting(let what):
            news = what
            return .success(nil)
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
