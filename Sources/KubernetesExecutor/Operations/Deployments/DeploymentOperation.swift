internal import ChangeModel
internal import Runner

/// An operation on one Deployment that is one request.
protocol DeploymentOperation: SingleMutation {
    var deployment: NamespacedName { get }
}

extension DeploymentOperation {
    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .deployment(deployment) }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        try DeploymentView(object: object ?? [:]).stateFields(key: session.key)
    }

    func refusePaused(_ view: DeploymentView) throws(ExecutionError) {
        guard view.isPaused else { return }
        throw ExecutionError(
            code: .refused,
            message: "deployment `\(deployment.text)` is paused, nothing would roll out; resume it first")
    }

    /// - Parameters:
    ///   - applied: its answer is the Deployment as the server took it, or another object with its `uid` and version.
    ///   - isIntended: whether the spec still says what was asked for.
    func wait(
        _ applied: AppliedMutation, _ execution: Execution, _ isIntended: (DeploymentView) -> Bool
    ) throws(ExecutionError) -> DeploymentView {
        try RolloutWait(session: execution.session, name: deployment)
            .run(
                uid: applied.answer.uid,
                // Where nothing was new to the server, no controller will stir.
                from: applied.answer.version == applied.current?.version ? nil : applied.answer.version,
                isIntended: isIntended, progress: execution.progress)
    }
}

extension DeploymentView {
    func stateFields(key: EvidenceKey) throws(ExecutionError) -> [String: JSONValue] {
        [
            "replicas": .integer(replicas), "available_replicas": .integer(availableReplicas),
            "ready_replicas": .integer(readyReplicas), "updated_replicas": .integer(updatedReplicas),
            "generation": .integer(generation), "observed_generation": .integer(observedGeneration),
            "revision": revision.map { .integer($0) } ?? .null, "images": .object(images),
            "restarted_at": RecordedInstant.value(restartedAt),
            // Proves that a rollback brought back the very template, without recording its environment.
            "template_digest": .string(try key.code(of: template.canonicalBytes)),
        ]
    }
}
