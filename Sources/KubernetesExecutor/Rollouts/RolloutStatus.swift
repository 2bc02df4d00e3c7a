internal import ChangeModel

/// How far a rollout is, judged as `kubectl rollout status` does, and as `kubectl scale --timeout` does where replicas are to go:
/// the former calls a deployment rolled out while those above the wanted number still run.
enum RolloutStatus: Equatable {
    /// What it waits for.
    case waiting(String)
    case complete
    case failed(String)

    init(_ deployment: DeploymentView) {
        // Until the controller has seen the new spec, the counts and conditions are those of the old one.
        guard deployment.observedGeneration >= deployment.generation else {
            self = .waiting("waiting for the controller to see the new spec")
            return
        }
        let wanted = deployment.replicas
        let (updated, current) = (deployment.updatedReplicas, deployment.currentReplicas)
        let available = deployment.availableReplicas
        if deployment.condition("Progressing")?["reason"]?.stringValue == "ProgressDeadlineExceeded" {
            self = .failed(
                "exceeded its progress deadline with \(updated) of \(wanted) replicas updated, \(available) available")
        } else if updated < wanted {
            self = .waiting("\(updated) of \(wanted) replicas updated, \(available) available")
        } else if current > updated {
            self = .waiting("\(current - updated) old replicas still running, \(available) available")
        } else if available < updated {
            self = .waiting("\(available) of \(updated) updated replicas available")
        } else if current > wanted {
            self = .waiting("\(current - wanted) replicas too many still running")
        } else {
            self = .complete
        }
    }
}
