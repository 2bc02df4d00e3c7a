internal import ChangeModel
internal import Runner

/// `rollout-status`: waits for a rollout that somebody else began. What it has done by then, it did before.
struct ReadRolloutStatus: ReadOperation {
    let deployment: NamespacedName

    init(_ parameters: StepParameters) throws(ExecutionError) {
        deployment = try parameters.namespaced("deployment")
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .deployment(deployment) }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        try DeploymentView(object: object ?? [:]).stateFields(key: session.key)
    }

    func execute(_ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let uid = try execution.client.get(.deployment(deployment)).uid
        let wait = RolloutWait(session: execution.session, name: deployment, isRead: true)
        let view = try wait.run(uid: uid, isIntended: { _ in true }, progress: execution.progress)
        return ExecutionReport(
            summary: "deployment `\(deployment.text)` has rolled out: \(view.availableReplicas) of \(view.replicas) "
                + "replicas available",
            output: [
                "replicas": .integer(view.replicas), "updated_replicas": .integer(view.updatedReplicas),
                "available_replicas": .integer(view.availableReplicas),
                "revision": view.revision.map { .integer($0) } ?? .null,
            ])
    }
}
