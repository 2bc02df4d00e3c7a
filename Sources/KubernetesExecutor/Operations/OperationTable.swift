internal import Runner

/// Which operation carries out which action of the catalogue.
enum OperationTable {
    private static let operations: [String: any Operation.Type] = [
        "apply-network-policy": ApplyNetworkPolicy.self,
        "cordon-node": CordonNode.self,
        "create-namespace": CreateNamespace.self,
        "delete-namespace": DeleteNamespace.self,
        "delete-pod": DeletePod.self,
        "drain-node": DrainNode.self,
        "exec-pod": ExecInPod.self,
        "get-configmap": ReadConfigMap.self,
        "get-pod-logs": ReadPodLogs.self,
        "get-secret": ReadSecret.self,
        "port-forward": ForwardPort.self,
        "restart-deployment": RestartDeployment.self,
        "rollout-status": ReadRolloutStatus.self,
        "rollout-undo": UndoRollout.self,
        "scale-deployment": ScaleDeployment.self,
        "scale-hpa": ScaleAutoscaler.self,
        "uncordon-node": UncordonNode.self,
        "update-configmap": UpdateConfigMap.self,
        "update-hpa-limits": UpdateAutoscalerTargets.self,
        "update-image": UpdateImage.self,
    ]

    /// Actions that need a stream in both directions, which HTTP requests are not.
    private static let streaming: Set<String> = ["exec-pod", "port-forward"]

    static func supports(_ action: String, hasStreams: Bool) -> Bool {
        operations[action] != nil && (hasStreams || !streaming.contains(action))
    }

    static func operation(for step: ExecutionStep) throws(ExecutionError) -> any Operation {
        let name = step.action.name
        guard let operation = operations[name] else {
            let known = operations.keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
            throw ExecutionError(
                code: .unsupported,
                message: "the kubernetes executor cannot do `\(name.forMessage())`; it can do \(known)")
        }
        return try operation.init(StepParameters(values: step.parameters, labels: step.target.labels))
    }
}
