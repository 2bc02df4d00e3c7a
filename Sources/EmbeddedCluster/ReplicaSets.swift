internal import ChangeModel

/// The ReplicaSets of one Deployment, and their Pods.
struct ReplicaSets {
    private let deployment: ObjectKey
    private let uid: String
    private let now: String

    /// No ReplicaSet here gets more Pods than this; a larger one never becomes available.
    static let podLimit: Int64 = 500
    private static let hashLabel = "pod-template-hash"
    /// Annotations of a Deployment that are not copied to its ReplicaSets.
    private static let bookkeeping: Set<String> = [
        "kubectl.kubernetes.io/last-applied-configuration", DeploymentController.revisionAnnotation,
        "deployment.kubernetes.io/revision-history", "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas", "deprecated.deployment.rollback.to",
    ]

    init(of deployment: ObjectKey, uid: String, now: String) {
        self.deployment = deployment
        self.uid = uid
        self.now = now
    }

    /// Oldest revision first.
    func keys(in state: ClusterState) -> [ObjectKey] {
        Self.owned(by: uid, .replicasets, deployment.namespace, in: state)
            .sorted { revision($0, in: state) < revision($1, in: state) }
    }

    /// The one whose template is the Deployment's, apart from the hash label.
    func matching(_ object: JSONValue, in state: ClusterState) -> ObjectKey? {
        let template = Self.withoutHash(object.at("spec", "template") ?? [:])
        return keys(in: state).first { Self.withoutHash(state[$0]?.at("spec", "template") ?? [:]) == template }
    }

    func wanted(_ set: ObjectKey, in state: ClusterState) -> Int64 {
        min(max(state[set]?.at("spec", "replicas")?.integerValue ?? 0, 0), Int64(Int32.max))
    }

    func ready(_ set: ObjectKey, in state: ClusterState) -> Int64 {
        Int64(pods(of: set, in: state).count { PodStatus.isReady(state[$0] ?? [:]) })
    }

    func pods(of set: ObjectKey, in state: ClusterState) -> [ObjectKey] {
        guard let uid = state[set]?.at("metadata", "uid")?.stringValue else { return [] }
        return Self.owned(by: uid, .pods, set.namespace, in: state).filter {
            !PodStatus.isTerminating(state[$0] ?? [:]) && !PodStatus.isFinished(state[$0] ?? [:])
        }
    }

    private static func owned(
        by uid: String, _ type: ResourceType, _ namespace: String, in state: ClusterState
    ) -> [ObjectKey] {
        state.keys(type, namespace: namespace) { object in
            (object.at("metadata", "ownerReferences")?.arrayValue ?? []).contains { $0["uid"]?.stringValue == uid }
        }
    }

    private func revision(_ set: ObjectKey, in state: ClusterState) -> Int64 {
        Self.revision(state[set] ?? [:])
    }

    private static func revision(_ object: JSONValue) -> Int64 {
        let text = object.at("metadata", "annotations", DeploymentController.revisionAnnotation)?.stringValue ?? ""
        return min(max(Int64(text) ?? 0, 0), ClusterState.largestCounter)
    }

    private static func withoutHash(_ template: JSONValue) -> JSONValue {
        guard var metadata = template["metadata"], var labels = metadata["labels"] else { return template }
        var template = template
        labels[hashLabel] = nil
        metadata["labels"] = labels
        template["metadata"] = metadata
        return template
    }
}

// MARK: Making and numbering

extension ReplicaSets {
    /// The hash is not the real controller's (FNV of a Go value's print), but as good a name.
    func create(for object: JSONValue, in state: inout ClusterState) -> ObjectKey {
        var template = object.at("spec", "template") ?? [:]
        var salt = 0
        var key: ObjectKey
        var hash: String
        repeat {
            let digest = Digest(of: template.canonicalBytes + Array("\(salt)".utf8)).bytes
            let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
            hash = String(decoding: digest.prefix(10).map { alphabet[Int($0) % alphabet.count] }, as: UTF8.self)
            key = ObjectKey(type: .replicasets, namespace: deployment.namespace, name: "\(deployment.name)-\(hash)")
            salt += 1
        } while state[key] != nil
        var labels = template.at("metadata", "labels")?.objectValue ?? [:]
        labels[Self.hashLabel] = .string(hash)
        var metadata = template["metadata"] ?? [:]
        metadata["labels"] = .object(labels)
        template["metadata"] = metadata
        var selector = object.at("spec", "selector") ?? [:]
        var matchLabels = selector["matchLabels"]?.objectValue ?? [:]
        matchLabels[Self.hashLabel] = .string(hash)
        selector["matchLabels"] = .object(matchLabels)
        state.put(
            key,
            [
                "apiVersion": "apps/v1", "kind": "ReplicaSet",
                "metadata": [
                    "name": .string(key.name), "namespace": .string(key.namespace),
                    "uid": .string(state.makeUID(key)), "generation": 1, "creationTimestamp": .string(now),
                    "labels": .object(labels), "annotations": copiedAnnotations(object),
                    "ownerReferences": [Self.owner("apps/v1", "Deployment", deployment.name, uid)],
                ],
                "spec": ["replicas": 0, "selector": selector, "template": template],
                "status": ["replicas": 0],
            ])
        return key
    }

    /// Makes the ReplicaSet the newest revision, and notes the number at the Deployment.
    ///
    /// - Returns: whether it was not the newest before.
    func number(_ set: ObjectKey, _ object: JSONValue, in state: inout ClusterState) -> Bool {
        let others = keys(in: state).filter { $0 != set }.map { revision($0, in: state) }.max() ?? 0
        let present = revision(set, in: state)
        // A Deployment whose newest ReplicaSet was not in the file keeps its number.
        let number = present > others ? present : max(others + 1, Self.revision(object))
        for (key, isSet) in [(set, true), (deployment, false)] {
            guard var object = state[key] else { continue }
            var annotations = object.at("metadata", "annotations")?.objectValue ?? [:]
            if isSet {
                annotations.merge(copiedAnnotations(state[deployment] ?? [:]).objectValue ?? [:]) { _, new in new }
            }
            annotations[DeploymentController.revisionAnnotation] = .string(String(number))
            object.setMetadata("annotations", .object(annotations))
            state.put(key, object)
        }
        return number != present
    }

    func forgetOldest(keeping limit: Int, except current: ObjectKey?, in state: inout ClusterState) {
        let old = keys(in: state).filter { $0 != current && wanted($0, in: state) == 0 }
        for key in old.dropLast(limit) where pods(of: key, in: state).isEmpty { state.remove(key) }
    }

    private func copiedAnnotations(_ object: JSONValue) -> JSONValue {
        let annotations = object.at("metadata", "annotations")?.objectValue ?? [:]
        return .object(annotations.filter { !Self.bookkeeping.contains($0.key) })
    }

    private static func owner(_ version: String, _ kind: String, _ name: String, _ uid: String) -> JSONValue {
        [
            "apiVersion": .string(version), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
            "controller": true, "blockOwnerDeletion": true,
        ]
    }
}

// MARK: Pods

extension ReplicaSets {
    func scale(_ set: ObjectKey, to count: Int64, _ plan: RolloutPlan, in state: inout ClusterState) {
        guard var object = state[set] else { return }
        if count != wanted(set, in: state) {
            var spec = object["spec"] ?? [:]
            spec["replicas"] = .integer(count)
            object["spec"] = spec
            let generation = object.at("metadata", "generation")?.boundedCounter ?? 0
            object.setMetadata("generation", .integer(generation + 1))
        }
        var annotations = object.at("metadata", "annotations")?.objectValue ?? [:]
        annotations["deployment.kubernetes.io/desired-replicas"] = .string(String(plan.desired))
        annotations["deployment.kubernetes.io/max-replicas"] = .string(String(plan.desired + plan.surge))
        if count > 0 { object.setMetadata("annotations", .object(annotations)) }
        state.put(set, object)
        let present = pods(of: set, in: state)
        // Those that are not ready go first.
        let byWorth =
            present.filter { PodStatus.isReady(state[$0] ?? [:]) }
            + present.filter {
                !PodStatus.isReady(state[$0] ?? [:])
            }
        for pod in byWorth.dropFirst(Int(min(count, Self.podLimit))) { state.remove(pod) }
        addPods(of: set, in: &state)
    }

    /// For ReplicaSets that came from a file without their Pods.
    func createMissingPods(in state: inout ClusterState) {
        for set in keys(in: state) where pods(of: set, in: state).isEmpty { addPods(of: set, in: &state) }
    }

    func makePodsReady(in state: inout ClusterState) {
        // A cluster whose file has no nodes runs Pods all the same.
        let hasNodes = !state.keys(.nodes).isEmpty
        var nodes = NodeLoad(state)
        for set in keys(in: state) {
            for key in pods(of: set, in: state) {
                guard let pod = state[key], !PodStatus.isReady(pod) else { continue }
                state.put(key, PodStatus.started(scheduled(pod, &nodes), now: now, hasNodes: hasNodes))
            }
        }
    }

    /// A Pod that found no node before may find one now.
    private func scheduled(_ pod: JSONValue, _ nodes: inout NodeLoad) -> JSONValue {
        guard pod.at("spec", "nodeName") == nil, let node = nodes.take() else { return pod }
        var (pod, spec) = (pod, pod["spec"] ?? [:])
        spec["nodeName"] = .string(node)
        pod["spec"] = spec
        return pod
    }

    func updateStatus(of set: ObjectKey, in state: inout ClusterState) {
        guard var object = state[set] else { return }
        var status = object["status"]?.objectValue ?? [:]
        let count = Int64(pods(of: set, in: state).count)
        let ready = ready(set, in: state)
        status["replicas"] = .integer(count)
        status["fullyLabeledReplicas"] = count == 0 ? nil : .integer(count)
        status["readyReplicas"] = ready == 0 ? nil : .integer(ready)
        status["availableReplicas"] = ready == 0 ? nil : .integer(ready)
        status["terminatingReplicas"] = 0
        status["observedGeneration"] = object.at("metadata", "generation")
        object["status"] = .object(status)
        state.put(set, object)
    }

    func addPods(of set: ObjectKey, in state: inout ClusterState) {
        guard let object = state[set], let owner = object.at("metadata", "uid")?.stringValue else { return }
        let missing = min(wanted(set, in: state), Self.podLimit) - Int64(pods(of: set, in: state).count)
        guard missing > 0 else { return }
        var nodes = NodeLoad(state)
        for _ in 0..<missing {
            var key: ObjectKey
            var attempt = 0
            repeat {
                let seed = "\(owner) \(state.resourceVersion) \(attempt)"
                let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
                let letters = Digest(of: Array(seed.utf8)).bytes.prefix(5).map { alphabet[Int($0) % alphabet.count] }
                let name = "\(set.name)-\(String(decoding: letters, as: UTF8.self))"
                key = ObjectKey(type: .pods, namespace: set.namespace, name: name)
                attempt += 1
            } while state[key] != nil
            var spec = object.at("spec", "template", "spec") ?? [:]
            spec["nodeName"] = nodes.take().map { .string($0) }
            state.put(
                key,
                [
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": .compact([
                        "name": .string(key.name), "generateName": .string("\(set.name)-"),
                        "namespace": .string(key.namespace), "uid": .string(state.makeUID(key)), "generation": 1,
                        "creationTimestamp": .string(now),
                        "labels": object.at("spec", "template", "metadata", "labels"),
                        "annotations": object.at("spec", "template", "metadata", "annotations"),
                        "ownerReferences": [Self.owner("apps/v1", "ReplicaSet", set.name, owner)],
                    ]),
                    "spec": spec, "status": ["phase": "Pending", "qosClass": "BestEffort"],
                ])
        }
    }
}
