internal import ChangeModel

/// A Deployment's controller and all that works below it, in small steps: `advance` is called before a read.
///
/// The first step after a change lets the controller see it (`observedGeneration`), creates or takes up the ReplicaSet of the
/// template and numbers it; each later step makes the Pods created before available, stops old ones and starts new ones
/// within `maxSurge` and `maxUnavailable`. Pods never become ready when an image `isBroken`, or when there are nodes and
/// none takes Pods. After `idleLimit` reads without progress the rollout has exceeded its progress deadline.
struct DeploymentController {
    let key: ObjectKey
    let now: String

    static let revisionAnnotation = "deployment.kubernetes.io/revision"
    static let idleLimit = 3

    func advance(_ state: inout ClusterState) {
        guard let deployment = state[key], let uid = deployment.at("metadata", "uid")?.stringValue else { return }
        let plan = RolloutPlan(deployment)
        let sets = ReplicaSets(of: key, uid: uid, now: now)
        let generation = deployment.at("metadata", "generation")?.boundedCounter ?? 1
        let observed = deployment.at("status", "observedGeneration")?.boundedCounter ?? 0
        var current = sets.matching(deployment, in: state)
        var news: String?
        if observed < generation || current == nil {
            if !plan.isPaused {
                let isNew = current == nil
                let set = current ?? sets.create(for: deployment, in: &state)
                current = set
                if sets.number(set, deployment, in: &state) {
                    news = isNew ? "NewReplicaSetCreated" : "FoundNewReplicaSet"
                }
            }
            reconcile(plan, sets, current, in: &state)
        } else {
            for _ in 0..<plan.roundsPerRead {
                sets.makePodsReady(in: &state)
                reconcile(plan, sets, current, in: &state)
            }
        }
        let isComplete = updateStatus(plan, sets, current, generation, news: news, in: &state)
        if isComplete { sets.forgetOldest(keeping: plan.historyLimit, except: current, in: &state) }
    }

    /// Brings a Deployment from a file to rest: its ReplicaSet and Pods exist, and without a status it counts as rolled out.
    func settle(_ state: inout ClusterState) {
        guard let deployment = state[key], let uid = deployment.at("metadata", "uid")?.stringValue else { return }
        let plan = RolloutPlan(deployment)
        let sets = ReplicaSets(of: key, uid: uid, now: now)
        let generation = deployment.at("metadata", "generation")?.boundedCounter ?? 1
        let observed = deployment.at("status", "observedGeneration")?.boundedCounter
        if let observed, observed < generation { return }
        var current = sets.matching(deployment, in: state)
        if current == nil {
            let set = sets.create(for: deployment, in: &state)
            current = set
            let running = deployment.at("status", "updatedReplicas")?.boundedCounter ?? 0
            sets.scale(set, to: observed == nil ? plan.desired : min(running, plan.desired), plan, in: &state)
            _ = sets.number(set, deployment, in: &state)
        }
        sets.createMissingPods(in: &state)
        sets.makePodsReady(in: &state)
        guard observed == nil else { return }
        if let current { _ = sets.number(current, deployment, in: &state) }
        _ = updateStatus(plan, sets, current, generation, news: nil, in: &state)
    }

    private func reconcile(
        _ plan: RolloutPlan, _ sets: ReplicaSets, _ current: ObjectKey?, in state: inout ClusterState
    ) {
        let all = sets.keys(in: state)
        guard let current else {
            // Paused with a template that never ran: only the number of the running one can change.
            if let running = all.last(where: { sets.wanted($0, in: state) > 0 }) {
                sets.scale(running, to: plan.desired, plan, in: &state)
            }
            return
        }
        let old = all.filter { $0 != current && sets.wanted($0, in: state) > 0 }
        if plan.isPaused, !old.isEmpty { return }
        if plan.isRecreate, !old.isEmpty {
            for set in old { sets.scale(set, to: 0, plan, in: &state) }
            return
        }
        for set in old { sets.scale(set, to: sets.ready(set, in: state), plan, in: &state) }
        var removable = all.reduce(0) { $0 + sets.ready($1, in: state) } - plan.minimumAvailable
        for set in old where removable > 0 {
            let removed = min(removable, sets.wanted(set, in: state))
            sets.scale(set, to: sets.wanted(set, in: state) - removed, plan, in: &state)
            removable -= removed
        }
        let present = sets.wanted(current, in: state)
        let total = all.reduce(0) { $0 + sets.wanted($1, in: state) }
        let room = max(0, plan.desired + plan.surge - total)
        sets.scale(current, to: min(plan.desired, present + room), plan, in: &state)
    }

    /// - Returns: whether the rollout is complete.
    private func updateStatus(
        _ plan: RolloutPlan, _ sets: ReplicaSets, _ current: ObjectKey?, _ generation: Int64, news: String?,
        in state: inout ClusterState
    ) -> Bool {
        guard var deployment = state[key] else { return false }
        let all = sets.keys(in: state)
        for set in all { sets.updateStatus(of: set, in: &state) }
        let replicas = all.reduce(0) { $0 + sets.pods(of: $1, in: state).count }
        let ready = all.reduce(Int64(0)) { $0 + sets.ready($1, in: state) }
        let updated = current.map { Int64(sets.pods(of: $0, in: state).count) } ?? 0
        var status = deployment["status"]?.objectValue ?? [:]
        let before = status
        status["observedGeneration"] = .integer(generation)
        status["replicas"] = Self.count(Int64(replicas))
        status["updatedReplicas"] = Self.count(updated)
        status["readyReplicas"] = Self.count(ready)
        status["availableReplicas"] = Self.count(ready)
        status["unavailableReplicas"] = Self.count(max(0, Int64(replicas) - ready))
        status["terminatingReplicas"] = 0
        let isComplete = updated == plan.desired && Int64(replicas) == updated && ready == updated
        let isMoving = status != before || news != nil
        let idle = isComplete || isMoving || plan.isPaused ? 0 : state.idleReads[key.path, default: 0] + 1
        state.idleReads[key.path] = idle == 0 ? nil : min(idle, Self.idleLimit)

        var conditions = Conditions(status["conditions"]?.arrayValue ?? [], now: now)
        let isAvailable = ready >= plan.minimumAvailable
        conditions.set(
            "Available", isAvailable, isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
            "Deployment \(isAvailable ? "has" : "does not have") minimum availability.")
        let name = current.map { "ReplicaSet \"\($0.name)\"" } ?? "Deployment"
        if isComplete {
            // What said so before stays as it is: it may name a ReplicaSet that the file did not have.
            let isKnown = conditions.reason(of: "Progressing") == "NewReplicaSetAvailable" && !isMoving
            if !isKnown {
                conditions.set("Progressing", true, "NewReplicaSetAvailable", "\(name) has successfully progressed.")
            }
        } else if idle >= Self.idleLimit {
            conditions.set("Progressing", false, "ProgressDeadlineExceeded", "\(name) has timed out progressing.")
        } else if isMoving {
            conditions.set("Progressing", true, news ?? "ReplicaSetUpdated", "\(name) is progressing.")
        }
        status["conditions"] = .array(conditions.all)
        deployment["status"] = .object(status)
        state.put(key, deployment)
        return isComplete
    }

    /// Zeros are left out, as Go's `omitempty` does.
    private static func count(_ number: Int64) -> JSONValue? { number == 0 ? nil : .integer(number) }
}

extension ObjectKey {
    var path: String { "\(type.rawValue)/\(namespace)/\(name)" }
}

/// The `conditions` of a status, each of which keeps its times as long as it says the same.
struct Conditions {
    private(set) var all: [JSONValue]
    private let now: String

    init(_ all: [JSONValue], now: String) {
        self.all = all
        self.now = now
    }

    func reason(of type: String) -> String? {
        all.first { $0["type"]?.stringValue == type }?["reason"]?.stringValue
    }

    mutating func set(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) {
        let index = all.firstIndex { $0["type"]?.stringValue == type }
        let present = index.map { all[$0] }
        let status = JSONValue.string(isTrue ? "True" : "False")
        if let present, present["status"] == status, present["reason"]?.stringValue == reason,
            present["message"]?.stringValue == message
        {
            return
        }
        let transition = present?["status"] == status ? present?["lastTransitionTime"] : nil
        let condition: JSONValue = [
            "type": .string(type), "status": status, "reason": .string(reason), "message": .string(message),
            "lastUpdateTime": .string(now), "lastTransitionTime": transition ?? .string(now),
        ]
        if let index { all[index] = condition } else { all.append(condition) }
    }
}
