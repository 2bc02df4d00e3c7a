internal import ChangeModel

/// What becomes of a namespace that is told to go: the first read after the deletion shows it terminating, with the next its
/// content goes, with the one after that the namespace itself. Objects with finalizers hold it up for ever, for nobody
/// here removes them.
struct NamespaceController {
    let key: ObjectKey
    let now: String

    func advance(_ state: inout ClusterState) {
        guard var namespace = state[key], namespace.at("metadata", "deletionTimestamp") != nil else { return }
        let reads = state.endings[key, default: 0]
        state.endings[key] = min(reads + 1, 9)
        if reads == 0 { return }
        let content = state.objects.keys.filter { $0.namespace == key.name }.sorted()
        let held = content.filter { state[$0]?.at("metadata", "finalizers")?.arrayValue?.isEmpty == false }
        for object in content {
            if held.contains(object) {
                guard var value = state[object], value.at("metadata", "deletionTimestamp") == nil else { continue }
                value.setMetadata("deletionTimestamp", .string(now))
                state.put(object, value)
            } else {
                state.remove(object)
            }
        }
        state.unserved.removeAll { $0.at("metadata", "namespace")?.stringValue == key.name }
        if held.isEmpty {
            if content.isEmpty || reads > 1 {
                state.remove(key)
                state.endings[key] = nil
            }
            return
        }
        var conditions = Conditions(namespace.at("status", "conditions")?.arrayValue ?? [], now: now)
        conditions.set(
            "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
            "Some content in the namespace has finalizers remaining: \(held.count) resource instances")
        namespace["status"] = ["phase": "Terminating", "conditions": .array(conditions.all)]
        state.put(key, namespace)
    }
}
