internal import ChangeModel
public import HTTP
public import Runner

/// Carries out the Kubernetes actions of the catalogue over any `HTTPTransport`, as kubectl would: restart, image and cordon
/// by strategic merge patch, scale by merge patch of the `scale` subresource, undo by JSON patch of `/spec/template` taken
/// from the older ReplicaSet, config maps by merge patch.
///
/// Every mutation is conditional on the state before it (`ConditionalMutation`) and sent with `fieldManager=agentsafe` and
/// `fieldValidation=Strict`. Names are held against Kubernetes' own grammar before any request exists. No error carries
/// content of an object.
public final class KubernetesExecutor: Executor {
    public let name: String
    private let client: APIClient
    /// What carries the requests.
    public let transport: any HTTPTransport
    private let now: () -> Int64
    private let convergenceTimeout: Int
    private let evidenceKey: EvidenceKey

    /// - Parameters:
    ///   - evidenceKey: keys the hashes that are recorded of values and of whole objects.
    ///   - now: seconds since 1970-01-01T00:00:00Z; used for `restartedAt` and for the time limit.
    ///   - convergenceTimeout: seconds to wait for a rollout.
    public init(
        transport: any HTTPTransport, name: String = "kubernetes", evidenceKey: EvidenceKey,
        sleep: @escaping (_ milliseconds: Int) -> Void, now: @escaping () -> Int64, convergenceTimeout: Int = 600
    ) {
        self.name = name
        self.transport = transport
        client = APIClient(transport: transport, sleep: sleep)
        self.now = now
        self.convergenceTimeout = convergenceTimeout
        self.evidenceKey = evidenceKey
    }

    public func supports(action: String) -> Bool { Operation.actions.contains(action) }

    /// The cluster's identity is the `uid` of its `kube-system` namespace; a locator pins it as `cluster_uid`.
    public func confirmIdentity(of step: ExecutionStep) throws(ExecutionError) -> [String: String] {
        _ = try Operation(step)
        let namespace = try client.get(.namespace("kube-system"))
        guard let uid = namespace.at("metadata", "uid")?.stringValue, !uid.isEmpty else {
            throw ExecutionError(
                code: .wrongTarget, message: "the cluster does not say who it is: `kube-system` has no uid")
        }
        if let pinned = step.target.locator["cluster_uid"], pinned != uid {
            throw ExecutionError(
                code: .wrongTarget,
                message:
                    "target `\(step.target.id)` is pinned to cluster `\(pinned.forMessage())`, but this is cluster "
                    + "`\(uid.forMessage())`; check the credentials' cluster, or the locator")
        }
        return ["cluster_uid": uid.forMessage()]
    }

    public func runPrechecks(for step: ExecutionStep) throws(ExecutionError) -> [PrecheckResult] {
        try Prechecks(client: client, operation: try Operation(step)).run(step.action.prechecks.map(\.name))
    }

    public func captureState(for step: ExecutionStep) throws(ExecutionError) -> CapturedState {
        let operation = try Operation(step)
        return try StateCapture(operation: operation, key: evidenceKey)
            .capture(try client.get(operation.object), for: step.action)
    }

    public func execute(
        _ step: ExecutionStep, before: CapturedState, mayMutate: () -> Bool, progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport {
        let operation = try Operation(step)
        let mutation = ConditionalMutation(
            client: client, object: operation.object, before: before, key: evidenceKey)
        switch operation {
        case .restart(let name): return try restart(name, mutation, mayMutate, progress)
        case .scale(let name, let replicas): return try scale(name, replicas, mutation, mayMutate, progress)
        case .updateImage(let name, let container, let image):
            return try updateImage(name, container, image, mutation, mayMutate, progress)
        case .undo(let name, let revision): return try undo(name, revision, mutation, mayMutate, progress)
        case .cordon(let node): return try setSchedulable(false, node, mutation, mayMutate)
        case .uncordon(let node): return try setSchedulable(true, node, mutation, mayMutate)
        case .rolloutStatus(let name): return try watch(name, progress)
        case .readConfigMap: return try readConfigMap(operation.object)
        case .updateConfigMap(_, let key, let value):
            return try updateConfigMap(operation.object, key, value, mutation, mayMutate)
        }
    }
}

// MARK: Deployments

extension KubernetesExecutor {
    private func restart(
        _ name: NamespacedName, _ mutation: ConditionalMutation, _ mayMutate: () -> Bool, _ progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport {
        let stamp = Timestamp(seconds: now()).description
        let answer = try mutation.apply(mayMutate: mayMutate) { current throws(ExecutionError) in
            let deployment = DeploymentView(object: current)
            try refusePaused(deployment, name)
            // The same second again would be no change, and so no restart.
            guard deployment.restartedAt != stamp else {
                throw ExecutionError(
                    code: .refused, message: "deployment `\(name.text)` was restarted within this second; try again")
            }
            return Mutation(
                address: .deployment(name), type: .strategic,
                body: [
                    "metadata": version(of: current),
                    "spec": [
                        "template": ["metadata": ["annotations": [DeploymentView.restartAnnotation: .string(stamp)]]]
                    ],
                ])
        }
        let deployment = try wait(name, answer, progress) { $0.restartedAt == stamp }
        return ExecutionReport(summary: "restarted \(deployment.replicas) replicas of deployment `\(name.text)`")
    }

    private func scale(
        _ name: NamespacedName, _ replicas: Int64, _ mutation: ConditionalMutation, _ mayMutate: () -> Bool,
        _ progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport {
        var old: Int64 = 0
        let answer = try mutation.apply(mayMutate: mayMutate) { current throws(ExecutionError) in
            old = DeploymentView(object: current).replicas
            return Mutation(
                address: .scale(name), type: .merge,
                body: ["metadata": version(of: current), "spec": ["replicas": .integer(replicas)]])
        }
        _ = try wait(name, answer, progress) { $0.replicas == replicas }
        return ExecutionReport(summary: "scaled deployment `\(name.text)` from \(old) to \(replicas) replicas")
    }

    private func updateImage(
        _ name: NamespacedName, _ container: String, _ image: String, _ mutation: ConditionalMutation,
        _ mayMutate: () -> Bool, _ progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport {
        let answer = try mutation.apply(mayMutate: mayMutate) { current throws(ExecutionError) in
            let deployment = DeploymentView(object: current)
            try refusePaused(deployment, name)
            guard let (list, _) = deployment.container(container) else {
                throw ExecutionError(
                    code: .notFound,
                    message: "deployment `\(name.text)` has no container `\(container)`; nothing was sent")
            }
            return Mutation(
                address: .deployment(name), type: .strategic,
                body: [
                    "metadata": version(of: current),
                    "spec": [
                        "template": ["spec": [list: [["name": .string(container), "image": .string(image)]]]]
                    ],
                ])
        }
        // What the server took, for an admission webhook may point the image at a mirror.
        let taken = answer.flatMap { DeploymentView(object: $0).container(container)?.image } ?? image
        _ = try wait(name, answer, progress) { $0.container(container)?.image == taken }
        return ExecutionReport(
            summary: "container `\(container)` of deployment `\(name.text)` runs `\(taken.forMessage(limit: 255))`")
    }

    private func undo(
        _ name: NamespacedName, _ revision: Int64?, _ mutation: ConditionalMutation, _ mayMutate: () -> Bool,
        _ progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport {
        var chosen: RolloutHistory.Entry?
        let answer = try mutation.apply(mayMutate: mayMutate) { current throws(ExecutionError) in
            let deployment = DeploymentView(object: current)
            try refusePaused(deployment, name)
            // Which revision is the previous one is known only once the controller has numbered the present one.
            guard deployment.observedGeneration >= deployment.generation else {
                throw ExecutionError(
                    code: .refused,
                    message: "deployment `\(name.text)` has a change that its controller has not seen yet; try again")
            }
            let history = try RolloutHistory.read(of: deployment, name, from: client)
            guard let entry = history.target(revision: revision) else {
                throw ExecutionError(
                    code: .notFound,
                    message: "deployment `\(name.text)` keeps no "
                        + (revision.map { "revision \($0)" } ?? "revision before the present one")
                        + "; there are \(history.revisionList)")
            }
            chosen = entry
            if entry.template == deployment.template { return nil }
            return Mutation(
                address: .deployment(name), type: .json,
                body: [
                    [
                        "op": "test", "path": "/metadata/resourceVersion",
                        "value": version(of: current)["resourceVersion"] ?? .null,
                    ],
                    ["op": "replace", "path": "/spec/template", "value": entry.template],
                    [
                        "op": deployment.annotations.isEmpty ? "add" : "replace", "path": "/metadata/annotations",
                        "value": .object(entry.annotations(replacing: deployment.annotations)),
                    ],
                ])
        }
        let number = chosen?.revision ?? 0
        guard let answer else {
            return ExecutionReport(
                summary: "deployment `\(name.text)` already has the template of revision \(number); nothing was changed"
            )
        }
        let taken = DeploymentView(object: answer).template
        _ = try wait(name, answer, progress) { $0.template == taken }
        return ExecutionReport(summary: "deployment `\(name.text)` is back at the template of revision \(number)")
    }

    /// Reads alone: what a rollout that does not come to its end has done, it did before.
    private func watch(
        _ name: NamespacedName, _ progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport {
        let uid = DeploymentView(object: try client.get(.deployment(name))).uid
        let wait = RolloutWait(client: client, name: name, now: now, timeout: convergenceTimeout, isRead: true)
        let deployment = try wait.run(uid: uid, isIntended: { _ in true }, progress: progress)
        return ExecutionReport(
            summary: "deployment `\(name.text)` has rolled out: \(deployment.availableReplicas) of "
                + "\(deployment.replicas) replicas available",
            output: [
                "replicas": .integer(deployment.replicas), "updated_replicas": .integer(deployment.updatedReplicas),
                "available_replicas": .integer(deployment.availableReplicas),
                "revision": deployment.revision.map { .integer($0) } ?? .null,
            ])
    }

    private func refusePaused(_ deployment: DeploymentView, _ name: NamespacedName) throws(ExecutionError) {
        guard deployment.isPaused else { return }
        throw ExecutionError(
            code: .refused, message: "deployment `\(name.text)` is paused, nothing would roll out; resume it first")
    }

    private func wait(
        _ name: NamespacedName, _ answer: JSONValue?, _ progress: (String) -> Void,
        _ isIntended: (DeploymentView) -> Bool
    ) throws(ExecutionError) -> DeploymentView {
        try RolloutWait(client: client, name: name, now: now, timeout: convergenceTimeout)
            .run(uid: answer?.at("metadata", "uid")?.stringValue, isIntended: isIntended, progress: progress)
    }

    /// The part of a patch's `metadata` that makes it conditional.
    private func version(of object: JSONValue) -> JSONValue {
        .compact(["resourceVersion": object.at("metadata", "resourceVersion")])
    }
}

// MARK: Nodes and config maps

extension KubernetesExecutor {
    private func setSchedulable(
        _ schedulable: Bool, _ node: String, _ mutation: ConditionalMutation, _ mayMutate: () -> Bool
    ) throws(ExecutionError) -> ExecutionReport {
        let verb = schedulable ? "uncordoned" : "cordoned"
        let answer = try mutation.apply(mayMutate: mayMutate) { current throws(ExecutionError) in
            guard (current.at("spec", "unschedulable")?.boolValue == true) == schedulable else { return nil }
            return Mutation(
                address: .node(node), type: .strategic,
                body: ["metadata": version(of: current), "spec": ["unschedulable": schedulable ? .null : true]])
        }
        guard let answer else {
            return ExecutionReport(summary: "node `\(node)` was \(verb) already; nothing was changed")
        }
        guard (answer.at("spec", "unschedulable")?.boolValue == true) != schedulable else {
            throw ExecutionError(
                code: .notConverged,
                message: "node `\(node)` took the patch and is still not \(verb); look for an admission webhook",
                mayHaveBeenApplied: true)
        }
        return ExecutionReport(summary: "\(verb) node `\(node)`")
    }

    private func readConfigMap(_ address: ResourceAddress) throws(ExecutionError) -> ExecutionReport {
        let object = try client.get(address)
        let data = object["data"]?.objectValue ?? [:]
        let binary = object["binaryData"]?.objectValue ?? [:]
        var output: [String: JSONValue] = ["data": .object(data)]
        if !binary.isEmpty { output["binaryData"] = .object(binary) }
        return ExecutionReport(summary: "read \(data.count + binary.count) keys of \(address)", output: .object(output))
    }

    private func updateConfigMap(
        _ address: ResourceAddress, _ key: String, _ value: String, _ mutation: ConditionalMutation,
        _ mayMutate: () -> Bool
    ) throws(ExecutionError) -> ExecutionReport {
        let answer = try mutation.apply(mayMutate: mayMutate) { current throws(ExecutionError) in
            Mutation(
                address: address, type: .merge,
                body: ["metadata": version(of: current), "data": [key: .string(value)]])
        }
        guard answer?.at("data", key)?.stringValue == value else {
            throw ExecutionError(
                code: .notConverged,
                message: "\(address) took the patch, but `\(key)` has another value; look for an admission webhook",
                mayHaveBeenApplied: true)
        }
        return ExecutionReport(summary: "set `\(key)` of \(address)")
    }
}
