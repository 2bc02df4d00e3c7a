internal import ChangeModel
internal import Runner

/// `scale-deployment`: sets the replicas through the `scale` subresource.
struct ScaleDeployment: DeploymentOperation {
    let deployment: NamespacedName
    let replicas: Int64

    init(_ parameters: StepParameters) throws(ExecutionError) {
        deployment = try parameters.namespaced("deployment")
        replicas = try parameters.integer("replicas", in: 0...Int64(Int32.max))
    }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        guard precheck == "hpa-check" else { return nil }
        let autoscalers = try session.client.list(.autoscalers(in: deployment.namespace)).filter {
            $0.at("spec", "scaleTargetRef", "kind")?.stringValue == "Deployment"
                && $0.at("spec", "scaleTargetRef", "name")?.stringValue == deployment.name
        }
        guard let first = autoscalers.first else { return .passed("no autoscaler sets its replicas") }
        return .failed(
            "autoscaler `\((first.name ?? "").forMessage())` sets its replicas and would undo this; change its limits "
                + "instead")
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        .patch(
            .scale(deployment), .merge,
            ["metadata": (current ?? [:]).versionCondition, "spec": ["replicas": .integer(replicas)]])
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let old = DeploymentView(object: applied.current ?? [:]).replicas
        _ = try wait(applied, execution) { $0.replicas == replicas }
        return ExecutionReport(
            summary: "scaled deployment `\(deployment.text)` from \(old) to \(replicas) replicas")
    }

    /// The applied.answer is a `Scale`; the Deployment follows it.
    func predicted(_ answer: JSONValue, from current: JSONValue?) -> JSONValue? {
        guard var object = current, var spec = object["spec"] else { return current }
        let taken = answer.at("spec", "replicas") ?? 0
        if spec["replicas"] != taken {
            var metadata = object["metadata"] ?? [:]
            metadata["generation"] = .integer(DeploymentView(object: object).generation &+ 1)
            object["metadata"] = metadata
        }
        spec["replicas"] = taken
        object["spec"] = spec
        return object
    }
}
