internal import ChangeModel

/// The numbers by which a Deployment's controller works.
struct RolloutPlan {
    let desired: Int64
    /// How many Pods there may be beyond `desired`, and how many may be missing.
    let surge: Int64
    let unavailable: Int64
    let isRecreate: Bool
    let isPaused: Bool
    /// How many old ReplicaSets are kept for rolling back.
    let historyLimit: Int

    init(_ deployment: JSONValue) {
        desired = Self.bounded(deployment.at("spec", "replicas"), 1)
        isPaused = deployment.at("spec", "paused")?.boolValue ?? false
        isRecreate = deployment.at("spec", "strategy", "type")?.stringValue == "Recreate"
        historyLimit = Int(Self.bounded(deployment.at("spec", "revisionHistoryLimit"), 10))
        let rolling = deployment.at("spec", "strategy", "rollingUpdate") ?? [:]
        let surge = Self.part(rolling["maxSurge"], of: desired, roundingUp: true)
        let unavailable = Self.part(rolling["maxUnavailable"], of: desired, roundingUp: false)
        self.surge = surge
        // Both 0 would stand still for ever; the controller takes one.
        self.unavailable = surge == 0 && unavailable == 0 ? 1 : min(unavailable, desired)
    }

    var minimumAvailable: Int64 { max(0, desired - unavailable) }

    /// How often the controller works between two reads, so that no rollout takes many more than four.
    var roundsPerRead: Int64 { max(1, min(250, desired) / (4 * max(1, min(250, surge + unavailable)))) }

    private static func bounded(_ value: JSONValue?, _ defaultValue: Int64) -> Int64 {
        min(max(value?.integerValue ?? defaultValue, 0), Int64(Int32.max))
    }

    /// An absolute number, or a percentage of `whole`.
    private static func part(_ value: JSONValue?, of whole: Int64, roundingUp: Bool) -> Int64 {
        guard let text = value?.stringValue else { return bounded(value, 0) }
        guard text.hasSuffix("%"), let percent = Int64(text.dropLast()), (0...1000).contains(percent) else { return 0 }
        return (whole * percent + (roundingUp ? 99 : 0)) / 100
    }
}
