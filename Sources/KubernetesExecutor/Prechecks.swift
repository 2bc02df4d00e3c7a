internal import ChangeModel
internal import Runner

/// Answers the prechecks of the catalogue. Reads only.
struct Prechecks {
    let client: APIClient
    let operation: Operation

    func run(_ names: [String]) throws(ExecutionError) -> [PrecheckResult] {
        let object = try client.find(operation.object)
        var results: [PrecheckResult] = []
        for name in names {
            let (passed, detail) = try run(name, object)
            results.append(PrecheckResult(name: name, passed: passed, detail: detail))
        }
        return results
    }

    private func run(_ name: String, _ object: JSONValue?) throws(ExecutionError) -> (Bool, String) {
        switch name {
        case "deployment-exists", "node-exists", "configmap-exists":
            return object == nil ? (false, "there is no \(operation.object)") : (true, "\(operation.object) exists")
        default: break
        }
        guard let object else { return (false, "not checked: there is no \(operation.object)") }
        let deployment = DeploymentView(object: object)
        switch (name, operation) {
        case ("minimum-replicas", _):
            let counts = "\(deployment.availableReplicas) of \(deployment.replicas) replicas available"
            return (deployment.replicas >= 1 && deployment.availableReplicas >= 1, counts)
        case ("hpa-check", .scale(let target, _)): return try checkAutoscalers(of: target)
        case ("container-exists", .updateImage(_, let container, _)):
            let names = deployment.images.keys.sorted().prefix(20).map { "`\($0.forMessage())`" }
            return deployment.container(container) == nil
                ? (false, "no container `\(container)`; there are \(names.joined(separator: ", "))")
                : (true, "container `\(container)` exists")
        case ("image-pullable", .updateImage(_, _, let image)):
            // Only a kubelet could pull it, with the node's credentials; the API server never tries.
            if let fault = ImageReference.fault(in: image) {
                return (false, "`\(image.forMessage())` is no image reference: \(fault)")
            }
            return (true, "the reference is well formed; whether it can be pulled, only the rollout will show")
        case ("revision-exists", .undo(let target, let revision)):
            let history = try RolloutHistory.read(of: deployment, target, from: client)
            guard let entry = history.target(revision: revision) else {
                let wanted = revision.map { "no revision \($0)" } ?? "no revision before the present one"
                return (false, "\(wanted); there are \(history.revisionList)")
            }
            return (true, "revision \(entry.revision) is kept")
        case ("node-cordoned", _):
            return object.at("spec", "unschedulable")?.boolValue == true
                ? (true, "the node is cordoned") : (false, "the node is not cordoned")
        case ("capacity-check", .cordon(let node)): return try checkCapacity(without: node)
        case ("dependent-pods", .updateConfigMap(let target, _, _)): return try countPods(using: target)
        default:
            return (false, "this version cannot check `\(name.forMessage())`; remove it from the action, or update")
        }
    }

    private func checkAutoscalers(of target: NamespacedName) throws(ExecutionError) -> (Bool, String) {
        let autoscalers = try client.list(.autoscalers(in: target.namespace)).filter {
            $0.at("spec", "scaleTargetRef", "kind")?.stringValue == "Deployment"
                && $0.at("spec", "scaleTargetRef", "name")?.stringValue == target.name
        }
        guard let first = autoscalers.first else { return (true, "no autoscaler sets its replicas") }
        let name = first.at("metadata", "name")?.stringValue ?? ""
        return (
            false, "autoscaler `\(name.forMessage())` sets its replicas and would undo this; change its limits instead"
        )
    }

    private func checkCapacity(without node: String) throws(ExecutionError) -> (Bool, String) {
        let others = try client.list(.nodes).filter { other in
            let conditions = other.at("status", "conditions")?.arrayValue ?? []
            let isReady = conditions.contains { $0["type"] == "Ready" && $0["status"] == "True" }
            return other.at("metadata", "name")?.stringValue != node && isReady
                && other.at("spec", "unschedulable")?.boolValue != true
        }
        return (!others.isEmpty, "\(others.count) other nodes are ready and schedulable")
    }

    private func countPods(using target: NamespacedName) throws(ExecutionError) -> (Bool, String) {
        let count = try client.list(.pods(in: target.namespace)).count {
            PodView(object: $0).uses(configMap: target.name)
        }
        return (
            true, count == 0 ? "no pod uses it" : "\(count) pods use it; those that read it as environment must restart"
        )
    }
}

extension RolloutHistory {
    static func read(
        of deployment: DeploymentView, _ name: NamespacedName, from client: APIClient
    ) throws(ExecutionError) -> RolloutHistory {
        guard let selector = deployment.labelSelector else {
            throw ExecutionError(
                code: .invalid,
                message: "deployment `\(name.text)` has a selector that cannot be read; nothing was sent")
        }
        let replicaSets = try client.list(.replicaSets(in: name.namespace), labelSelector: selector)
        return RolloutHistory(of: deployment, replicaSets: replicaSets)
    }
}

/// A Pod as far as this executor reads it.
struct PodView {
    let object: JSONValue

    /// Whether a volume or the environment of a container takes from the config map.
    func uses(configMap name: String) -> Bool {
        func isNamed(_ reference: JSONValue?) -> Bool { reference?["name"]?.stringValue == name }
        for volume in object.at("spec", "volumes")?.arrayValue ?? [] {
            if isNamed(volume["configMap"]) { return true }
            let sources = volume.at("projected", "sources")?.arrayValue ?? []
            if sources.contains(where: { isNamed($0["configMap"]) }) { return true }
        }
        let containers = ["containers", "initContainers"].flatMap { object.at("spec", $0)?.arrayValue ?? [] }
        return containers.contains { container in
            (container["envFrom"]?.arrayValue ?? []).contains { isNamed($0["configMapRef"]) }
                || (container["env"]?.arrayValue ?? []).contains { isNamed($0.at("valueFrom", "configMapKeyRef")) }
        }
    }

    /// Why containers wait, e.g. `ImagePullBackOff`; words only.
    var waitingReasons: [String] {
        (object.at("status", "containerStatuses")?.arrayValue ?? [])
            .compactMap { $0.at("state", "waiting", "reason")?.stringValue }
            .filter { $0.utf8.allSatisfy { byte in (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) } }
    }
}
