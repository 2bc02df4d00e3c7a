internal import ChangeModel
internal import Runner

/// `restart-deployment`: sets the annotation that kubectl sets, so that every Pod is replaced.
struct RestartDeployment: DeploymentOperation {
    let deployment: NamespacedName

    init(_ parameters: StepParameters) throws(ExecutionError) {
        deployment = try parameters.namespaced("deployment")
    }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        guard precheck == "minimum-replicas", let object else { return nil }
        let view = DeploymentView(object: object)
        let counts = "\(view.availableReplicas) of \(view.replicas) replicas available"
        return Finding(passed: view.replicas >= 1 && view.availableReplicas >= 1, detail: counts)
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        let view = DeploymentView(object: current ?? [:])
        try refusePaused(view)
        let stamp = Timestamp(seconds: session.now()).description
        // The same second again would be no change, and so no restart.
        guard view.restartedAt != stamp else {
            throw ExecutionError(
                code: .refused,
                message: "deployment `\(deployment.text)` was restarted within this second; try again")
        }
        return .patch(
            .deployment(deployment), .strategic,
            [
                "metadata": view.object.versionCondition,
                "spec": ["template": ["metadata": ["annotations": [DeploymentView.restartAnnotation: .string(stamp)]]]],
            ])
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let taken = DeploymentView(object: applied.answer).restartedAt
        let view = try wait(applied, execution) { $0.restartedAt == taken }
        return ExecutionReport(summary: "restarted \(view.replicas) replicas of deployment `\(deployment.text)`")
    }
}
