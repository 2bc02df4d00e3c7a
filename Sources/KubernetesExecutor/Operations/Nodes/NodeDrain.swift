internal import ChangeModel
internal import Runner

/// Evicts the Pods of a cordoned node and waits until they are gone. What a budget forbids is tried again until time is up.
struct NodeDrain {
    let node: String
    let execution: Execution
    /// Seconds.
    let limit: Int
    let ignoresDaemonSets: Bool

    /// Seconds until an eviction that a budget forbids is tried again, as kubectl does.
    private static let budgetPause = 5

    /// - Returns: how many Pods are gone.
    func run(_ load: NodeLoad) throws(ExecutionError) -> Int {
        let session = execution.session
        let version = try EvictionBudgets.evictionVersion(in: session)
        var time = WaitingTime(session: session, limit: limit)
        var say = ProgressLine(execution.progress)
        let total = load.evictable.count
        // Those that are told to go already are waited for.
        var pending = load.evictable.filter { !$0.isBeingDeleted }
        var leaving = load.evictable.filter(\.isBeingDeleted)
        while !pending.isEmpty || !leaving.isEmpty {
            let (refused, pause) = try evict(&pending, into: &leaving, version)
            let stillThere = try present(fallback: pending + leaving)
            let uids = Set(stillThere.compactMap { $0.object.uid })
            pending.removeAll { !uids.contains($0.object.uid ?? "") }
            leaving.removeAll { !uids.contains($0.object.uid ?? "") }
            if pending.isEmpty, leaving.isEmpty { break }
            let waiting = [
                leaving.isEmpty ? nil : "waiting for \(NodeLoad.names(leaving))",
                refused.isEmpty ? nil : "a budget or a busy server holds \(NodeLoad.names(refused))",
            ]
            let gone = total - pending.count - leaving.count
            say(
                "node `\(node)`: \(gone) of \(total) pods are gone, "
                    + waiting.compactMap { $0 }.joined(separator: "; "))
            guard !time.isOver else { throw leftBehind(pending, leaving) }
            // While some are on their way out, the budget may allow the next one soon.
            time.sleep(leaving.isEmpty ? pause ?? Self.budgetPause : nil)
        }
        return total
    }

    /// Asks for each Pod once.
    private func evict(
        _ pending: inout [PodView], into leaving: inout [PodView], _ version: String
    ) throws(ExecutionError) -> (refused: [PodView], pause: Int?) {
        var (refused, pause) = ([PodView](), Int?.none)
        for pod in pending {
            guard let name = pod.fullName else { continue }
            let outcome: MutationOutcome
            do throws(ExecutionError) {
                outcome = try execution.send(.evict(name, uid: pod.object.uid, version: version))
            } catch {
                throw Self.failed(error, name)
            }
            switch outcome {
            case .applied: leaving.append(pod)
            // Gone, or another one under its name, which is not on this node.
            case .notFound, .objectChanged: leaving.append(pod)
            case .busy(let seconds): (refused, pause) = (refused + [pod], max(pause ?? 0, seconds))
            case .budgetForbids(let seconds):
                refused.append(pod)
                if let seconds { pause = max(pause ?? 0, seconds) }
            case .dryRunUnsupported: break
            }
        }
        pending = refused
        return (refused, pause)
    }

    /// What is still on the node; what was there before, when the server does not answer.
    private func present(fallback: [PodView]) throws(ExecutionError) -> [PodView] {
        do throws(ExecutionError) {
            return try execution.client.list(.pods, fieldSelector: "spec.nodeName=\(node)").map { PodView(object: $0) }
        } catch  where error.code == .unreachable {
            return fallback
        }
    }

    private func leftBehind(_ pending: [PodView], _ leaving: [PodView]) -> ExecutionError {
        let reasons = [
            pending.isEmpty ? nil : "\(NodeLoad.names(pending)) (a disruption budget forbids it)",
            leaving.isEmpty ? nil : "\(NodeLoad.names(leaving)) (evicted, and still stopping)",
        ]
        return ExecutionError(
            code: .notConverged,
            message: "node `\(node)` is not empty after \(limit) s; left behind: "
                + reasons.compactMap { $0 }.joined(separator: ", ") + "; the node stays cordoned",
            mayHaveBeenApplied: true)
    }

    private static func failed(_ error: ExecutionError, _ pod: NamespacedName) -> ExecutionError {
        // Whether this one eviction was applied stays open only where the server was not heard.
        error.mayHaveBeenApplied
            ? error
            : ExecutionError(
                code: error.code == .unreachable ? .notConverged : error.code,
                message: "\(error.message); the drain stopped before pod `\(pod.text)`, and "
                    + "the node stays cordoned", mayHaveBeenApplied: true)
    }
}
