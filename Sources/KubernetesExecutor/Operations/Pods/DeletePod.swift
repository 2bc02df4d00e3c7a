internal import ChangeModel
internal import Runner

/// `delete-pod`: lets its controller start another one. By `uid`, so that a Pod that was made anew under the name stays.
struct DeletePod: SingleMutation {
    let pod: NamespacedName
    /// Seconds; nil: the Pod's own.
    let gracePeriod: Int64?

    static var allowsAbsence: Bool { true }

    init(_ parameters: StepParameters) throws(ExecutionError) {
        pod = try parameters.namespaced("pod")
        // 0 would take the Pod out of the record while it still runs; kubectl makes it 1, too.
        gracePeriod = try parameters.optionalInteger("grace_period", in: 0...86_400).map { max(1, $0) }
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .pod(pod) }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        guard precheck == "has-controller", let object else { return nil }
        let view = PodView(object: object)
        if view.isMirror {
            return .failed("it mirrors a file of its node; deleting it deletes nothing, change the file instead")
        }
        guard let controller = view.controller else {
            return .failed("no controller owns it: nothing would start it again")
        }
        return .passed("\(controller.kind.forMessage()) `\(controller.name.forMessage())` starts another one")
    }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        PodView(object: object ?? [:]).stateFields.merging(["exists": .bool(object != nil)]) { field, _ in field }
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        guard let current else {
            throw ExecutionError(code: .notFound, message: "there is no pod `\(pod.text)`; nothing was sent")
        }
        return .delete(.pod(pod), uid: current.uid, version: current.version, gracePeriod: gracePeriod)
    }

    func predicted(_ answer: JSONValue, from current: JSONValue?) -> JSONValue? { nil }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let wait = DeletionWait(session: execution.session, address: .pod(pod), uid: applied.current?.uid)
        try wait.run(progress: execution.progress) { object in
            let grace = object.at("metadata", "deletionGracePeriodSeconds")?.integerValue ?? 0
            return "waiting for it to stop, it has \(grace) s"
        }
        return ExecutionReport(summary: "deleted pod `\(pod.text)`")
    }
}

extension PodView {
    /// What is recorded of a Pod; null where there is none.
    var stateFields: [String: JSONValue] {
        [
            "phase": phase.map { .string($0.forMessage(limit: 20)) } ?? .null,
            "node": node.map { .string($0.forMessage(limit: 253)) } ?? .null,
            "controller": controller.map { .string("\($0.kind)/\($0.name)".forMessage(limit: 320)) } ?? .null,
            "uid": object.uid.map { .string($0.forMessage()) } ?? .null,
        ]
    }
}
