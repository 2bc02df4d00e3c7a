internal import ChangeModel

/// Scheduler and kubelet in one, as far as a Pod's status shows them.
enum PodStatus {
    static func isReady(_ pod: JSONValue) -> Bool {
        (pod.at("status", "conditions")?.arrayValue ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
    }

    /// The Pod one step on: running, or waiting for what will never come.
    static func started(_ pod: JSONValue, now: String, hasNodes: Bool) -> JSONValue {
        var pod = pod
        let containers = pod.at("spec", "containers")?.arrayValue ?? []
        let initial = pod.at("spec", "initContainers")?.arrayValue ?? []
        if hasNodes, pod.at("spec", "nodeName") == nil {
            pod["status"] = [
                "phase": "Pending",
                "conditions": [condition("PodScheduled", false, now, reason: "Unschedulable")],
            ]
            return pod
        }
        let isBroken = (containers + initial).contains { ContainerImage($0["image"]?.stringValue ?? "").isBroken }
        let conditions = ["Initialized", "Ready", "ContainersReady"].map { condition($0, !isBroken, now) }
        pod["status"] = [
            "phase": isBroken ? "Pending" : "Running",
            "conditions": .array(conditions + [condition("PodScheduled", true, now)]),
            "startTime": .string(now),
            "containerStatuses": .array(containers.map { containerStatus($0, isPodBroken: isBroken, now) }),
            "qosClass": pod.at("status", "qosClass") ?? "BestEffort",
        ]
        return pod
    }

    private static func containerStatus(_ container: JSONValue, isPodBroken: Bool, _ now: String) -> JSONValue {
        let image = container["image"]?.stringValue ?? ""
        let isBroken = ContainerImage(image).isBroken
        let state: JSONValue =
            if isBroken {
                [
                    "waiting": [
                        "reason": "ImagePullBackOff", "message": .string("Back-off pulling image \"\(image)\""),
                    ]
                ]
            } else if isPodBroken {
                ["waiting": ["reason": "PodInitializing"]]
            } else {
                ["running": ["startedAt": .string(now)]]
            }
        return [
            "name": container["name"] ?? "", "image": .string(image), "imageID": "", "ready": .bool(!isPodBroken),
            "restartCount": 0, "started": .bool(!isPodBroken), "state": state, "lastState": [:],
        ]
    }

    private static func condition(_ type: String, _ isTrue: Bool, _ now: String, reason: String? = nil) -> JSONValue {
        .compact([
            "type": .string(type), "status": isTrue ? "True" : "False", "lastProbeTime": .null,
            "lastTransitionTime": .string(now), "reason": reason.map { .string($0) },
        ])
    }
}

/// The scheduler: which node the next Pod goes to.
struct NodeLoad {
    /// Pods by schedulable node.
    private var load: [String: Int] = [:]

    init(_ state: ClusterState) {
        for key in state.keys(.nodes) where state[key]?.at("spec", "unschedulable")?.boolValue != true {
            load[key.name] = 0
        }
        if load.count < 2 { return }
        for (key, pod) in state.objects where key.type == .pods {
            if let node = pod.at("spec", "nodeName")?.stringValue, let count = load[node] { load[node] = count + 1 }
        }
    }

    /// The schedulable node with the fewest Pods, which then has one more; nil when there is none.
    mutating func take() -> String? {
        guard let node = load.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return nil }
        load[node.key] = node.value + 1
        return node.key
    }
}
