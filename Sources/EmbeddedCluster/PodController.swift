internal import ChangeModel

/// What becomes of Pods that are told to go, and of those that take their place.
///
/// A Pod with a grace period is terminating in the first read after its deletion, and gone in the next. Its ReplicaSet
/// starts another one at once, which is ready after the next read of Pods, or after the next eviction that is refused.
struct PodController {
    let now: String

    /// - Parameter grace: seconds; nil: the Pod's own.
    /// - Returns: the Pod as it is told to go.
    func terminate(_ key: ObjectKey, grace: Int64?, in state: inout ClusterState) -> JSONValue {
        guard var pod = state[key] else { return .null }
        let seconds = max(0, min(grace ?? pod.at("spec", "terminationGracePeriodSeconds")?.integerValue ?? 30, 86_400))
        if pod.at("metadata", "deletionTimestamp") == nil {
            let end = (Timestamp(now) ?? Timestamp(seconds: 0)) + .seconds(seconds)
            pod.setMetadata("deletionTimestamp", .string(end.description))
            pod.setMetadata("deletionGracePeriodSeconds", .integer(seconds))
            let generation = pod.at("metadata", "generation")?.boundedCounter ?? 1
            pod.setMetadata("generation", .integer(generation + 1))
            pod = state.put(key, pod)
        }
        let isRunning = pod.at("spec", "nodeName") != nil && !PodStatus.isFinished(pod)
        if seconds == 0 || !isRunning {
            state.remove(key)
        } else {
            state.endings[key] = 0
        }
        replace(pod, in: &state)
        return pod
    }

    /// Lets time pass: called before Pods are read.
    func advance(_ state: inout ClusterState) {
        start(&state)
        for key in state.keys(.pods, where: { $0.at("metadata", "deletionTimestamp") != nil }) {
            guard state[key]?.at("metadata", "finalizers")?.arrayValue?.isEmpty != false else { continue }
            let reads = state.endings[key, default: 0]
            if reads > 0 {
                state.remove(key)
                state.endings[key] = nil
            } else {
                state.endings[key] = reads + 1
            }
        }
    }

    /// Makes Pods ready that were started in the place of others.
    func start(_ state: inout ClusterState) {
        guard !state.replacements.isEmpty else { return }
        let hasNodes = !state.keys(.nodes).isEmpty
        for key in state.replacements.sorted() {
            guard let pod = state[key], !PodStatus.isReady(pod) else { continue }
            state.put(key, PodStatus.started(pod, now: now, hasNodes: hasNodes))
        }
        state.replacements = []
    }

    private func replace(_ pod: JSONValue, in state: inout ClusterState) {
        let owners = (pod.at("metadata", "ownerReferences")?.arrayValue ?? []).filter {
            $0["controller"]?.boolValue == true && $0["kind"]?.stringValue == "ReplicaSet"
        }
        guard let uid = owners.first?["uid"]?.stringValue,
            let set = state.keys(.replicasets, where: { $0.at("metadata", "uid")?.stringValue == uid }).first
        else { return }
        let before = Set(state.keys(.pods, namespace: set.namespace))
        ReplicaSets(of: set, uid: uid, now: now).addPods(of: set, in: &state)
        state.replacements.formUnion(Set(state.keys(.pods, namespace: set.namespace)).subtracting(before))
    }
}

extension PodStatus {
    static func isFinished(_ pod: JSONValue) -> Bool {
        let phase = pod.at("status", "phase")?.stringValue
        return phase == "Succeeded" || phase == "Failed"
    }

    static func isTerminating(_ pod: JSONValue) -> Bool { pod.at("metadata", "deletionTimestamp") != nil }
}
