internal import ChangeModel
internal import Runner

/// `rollout-undo`: takes `/spec/template` back from an older ReplicaSet, as a new revision.
struct UndoRollout: DeploymentOperation {
    let deployment: NamespacedName
    /// nil: the revision before the present one.
    let revision: Int64?

    init(_ parameters: StepParameters) throws(ExecutionError) {
        deployment = try parameters.namespaced("deployment")
        revision = try parameters.optionalInteger("revision", in: 1...Int64.max)
    }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        guard precheck == "revision-exists" else { return nil }
        let history = try RolloutHistory.read(
            of: DeploymentView(object: object ?? [:]), deployment, from: session.client)
        guard let entry = history.target(revision: revision) else {
            let wanted = revision.map { "no revision \($0)" } ?? "no revision before the present one"
            return .failed("\(wanted); there are \(history.revisionList)")
        }
        return .passed("revision \(entry.revision) is kept")
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        let view = DeploymentView(object: current ?? [:])
        try refusePaused(view)
        // Which revision is the previous one is known only once the controller has numbered the present one.
        guard view.observedGeneration >= view.generation else {
            throw ExecutionError(
                code: .refused,
                message: "deployment `\(deployment.text)` has a change that its controller has not seen yet; try again")
        }
        let history = try RolloutHistory.read(of: view, deployment, from: session.client)
        guard let entry = history.target(revision: revision) else {
            throw ExecutionError(
                code: .notFound,
                message: "deployment `\(deployment.text)` keeps no "
                    + (revision.map { "revision \($0)" } ?? "revision before the present one")
                    + "; there are \(history.revisionList)")
        }
        if entry.template == view.template { return nil }
        var mutation = Mutation.patch(
            .deployment(deployment), .json,
            [
                [
                    "op": "test", "path": "/metadata/resourceVersion",
                    "value": view.object.version.map { .string($0) } ?? .null,
                ],
                ["op": "replace", "path": "/spec/template", "value": entry.template],
                [
                    "op": view.annotations.isEmpty ? "add" : "replace", "path": "/metadata/annotations",
                    "value": .object(entry.annotations(replacing: view.annotations)),
                ],
            ])
        mutation.purpose = "the template of revision \(entry.revision)"
        return mutation
    }

    func unchanged(_ current: JSONValue?) -> String {
        "deployment `\(deployment.text)` already has the template of "
            + (revision.map { "revision \($0)" } ?? "the revision before") + "; nothing was changed"
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let taken = DeploymentView(object: applied.answer).template
        let view = try wait(applied, execution) { $0.template == taken }
        return ExecutionReport(
            summary: "deployment `\(deployment.text)` is back at \(applied.mutation.purpose), now revision "
                + "\(view.revision ?? 0)")
    }
}
