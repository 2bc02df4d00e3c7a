internal import ChangeModel
internal import Runner

/// `drain-node`: cordons the node and evicts its Pods through the eviction API, within their disruption budgets, until none
/// is left that could go.
///
/// As kubectl without `--force` and `--delete-emptydir-data`: a Pod that nothing would start again, and one whose data dies
/// with it, stop the drain before anything is evicted. Pods of daemon sets stay where `ignore_daemonsets` says so, mirrors of
/// files always do, and finished Pods go.
struct DrainNode: Operation {
    let node: String
    /// Seconds; nil: the executor's own limit.
    let timeout: Int?
    let ignoresDaemonSets: Bool

    init(_ parameters: StepParameters) throws(ExecutionError) {
        node = try parameters.name("node", ResourceName.isSubdomain)
        timeout = try parameters.optionalInteger("timeout", in: 1...86_400).map { Int($0) }
        ignoresDaemonSets = try parameters.optionalBool("ignore_daemonsets") ?? false
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .node(node) }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        switch precheck {
        case "workload-check":
            let load = try load(in: session, seenFor: .beforeState)
            session.sightings.note(.array(load.all), at: .podsOnNode(node), for: .beforeState)
            return load.refusal.map { .failed($0) } ?? .passed(load.text)
        case "pdb-check":
            let load = try load(in: session, seenFor: .beforeState)
            session.sightings.note(.array(load.all), at: .podsOnNode(node), for: .beforeState)
            return try EvictionBudgets.read(in: session).finding(for: load.evictable)
        default: return nil
        }
    }

    func state(
        of object: JSONValue?, at address: ResourceAddress, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> CapturedState {
        let object = object ?? [:]
        let load = try load(in: session, seenFor: .beforeState)
        session.sightings.note(.array(load.all), at: .podsOnNode(node), for: .mutation)
        let digest = try ObjectDigest.of(object, at: address, key: session.key)
        // What a drain changes is the Pods as much as the node.
        let uids = load.evictable.compactMap { $0.object.uid }.sorted()
        return CapturedState(
            fields: [
                "schedulable": .bool(!NodeView(object: object).isCordoned),
                "pods_to_evict": .strings(load.evictable.compactMap { $0.fullName?.text }.sorted()),
                "pods_that_stay": .strings(load.staying.compactMap { $0.fullName?.text }.sorted()),
                Self.nodeDigest: .string(digest),
            ],
            objectDigest: try session.key.code(of: JSONValue.strings([digest] + uids).canonicalBytes),
            version: object.version)
    }

    private static let nodeDigest = "node_digest"

    private func load(
        in session: ClusterSession, seenFor purpose: Sightings.Purpose?
    ) throws(ExecutionError) -> NodeLoad {
        let address = ResourceAddress.podsOnNode(node)
        if let purpose, case .array(let pods)?? = session.sightings.take(address, for: purpose) {
            return NodeLoad(pods: pods, ignoresDaemonSets: ignoresDaemonSets)
        }
        let pods = try session.client.list(.pods, fieldSelector: "spec.nodeName=\(node)")
        return NodeLoad(pods: pods, ignoresDaemonSets: ignoresDaemonSets)
    }

    func execute(_ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let session = execution.session
        let first = try load(in: session, seenFor: .mutation)
        if let refusal = first.refusal { throw Self.refused(node, refusal, "nothing was changed", false) }
        let expected = execution.before.fields[Self.nodeDigest]?.stringValue
        let address = ResourceAddress.node(node)
        let (_, applied) = try execution.change(address, expecting: expected) { (current) throws(ExecutionError) in
            let view = NodeView(object: current ?? [:])
            return view.isCordoned ? nil : view.scheduling(false, of: node)
        }
        execution.progress("node `\(node)`: \(applied == nil ? "was cordoned already" : "cordoned")")
        do throws(ExecutionError) {
            // What came to the node before it was cordoned counts, too.
            let load = try load(in: session, seenFor: nil)
            if let refusal = load.refusal { throw Self.refused(node, refusal, "the node stays cordoned", true) }
            let drain = NodeDrain(
                node: node, execution: execution, limit: timeout ?? session.convergenceTimeout,
                ignoresDaemonSets: ignoresDaemonSets)
            let evicted = try drain.run(load)
            let rest = load.staying.isEmpty ? "" : ", left in place: \(load.staying.count)"
            return ExecutionReport(summary: "drained node `\(node)`, pods evicted: \(evicted)\(rest)")
        } catch  where applied != nil && !error.mayHaveBeenApplied {
            // The cordon stands, whatever became of the rest; and that is known, so the outcome is, too.
            throw ExecutionError(
                code: error.code == .unreachable ? .notConverged : error.code,
                message: "\(error.message); the node stays cordoned", mayHaveBeenApplied: true)
        }
    }

    private static func refused(_ node: String, _ why: String, _ rest: String, _ wasChanged: Bool) -> ExecutionError {
        ExecutionError(
            code: .refused, message: "node `\(node)` cannot be drained: \(why); \(rest)", mayHaveBeenApplied: wasChanged
        )
    }

    func preview(_ rehearsal: Rehearsal) throws(ExecutionError) -> Preview {
        let session = rehearsal.session
        let load = try load(in: session, seenFor: .mutation)
        if let refusal = load.refusal { throw Self.refused(node, refusal, "nothing would be changed", false) }
        guard let current = try session.look(at: .node(node), for: .mutation) else {
            throw ExecutionError(code: .notFound, message: "there is no node `\(node)`")
        }
        let view = NodeView(object: current)
        if !view.isCordoned, case .failure(let reason) = try rehearsal.send(view.scheduling(false, of: node)) {
            return .unavailable(reason: reason)
        }
        let version = try EvictionBudgets.evictionVersion(in: session)
        var notes: [String] = []
        for pod in load.evictable where !pod.isBeingDeleted {
            guard let name = pod.fullName else { continue }
            do throws(ExecutionError) {
                let mutation = Mutation.evict(name, uid: pod.object.uid, version: version)
                if case .failure(let reason) = try rehearsal.send(mutation) { return .unavailable(reason: reason) }
                notes.append("would evict pod `\(name.text)`")
            } catch  where error.code == .refused {
                notes.append("cannot evict pod `\(name.text)` right now: \(error.message)")
            } catch  where error.code == .notFound || error.code == .conflict {
                continue
            }
        }
        var after = CapturedState(fields: rehearsal.before.fields)
        after.fields["schedulable"] = false
        after.fields["pods_to_evict"] = []
        return .predicted(
            Prediction(
                after: after, differences: StateDifference.between(rehearsal.before, after), notes: notes))
    }
}
