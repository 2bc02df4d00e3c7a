internal import ChangeModel
internal import Runner

/// The disruption budgets of the cluster, in the version that the server has.
struct EvictionBudgets {
    private let budgets: [JSONValue]
    /// Whether an empty selector catches nothing, as in `policy/v1beta1`; in `policy/v1` it catches everything.
    private let emptyCatchesNothing: Bool

    static func read(in session: ClusterSession) throws(ExecutionError) -> EvictionBudgets {
        let version = try session.discovery.version(of: "policy", among: ["v1", "v1beta1"])
        return EvictionBudgets(
            budgets: try session.client.list(.disruptionBudgets(version: version)),
            emptyCatchesNothing: version == "v1beta1")
    }

    /// `policy/v1beta1` as long as there is one: a server that has both may know evictions of the old version alone.
    static func evictionVersion(in session: ClusterSession) throws(ExecutionError) -> String {
        "policy/" + (try session.discovery.version(of: "policy", among: ["v1beta1", "v1"]))
    }

    func finding(for pods: [PodView]) -> Finding {
        var faults: [String] = []
        for pod in pods where !pod.isFinished && !pod.isBeingDeleted {
            guard let name = pod.fullName else { continue }
            let own = budgets.filter { catches($0, pod) }
            if own.count > 1 {
                faults.append(
                    "pod `\(name.text)` is under \(own.count) budgets, which the eviction API does not support")
            } else if let budget = own.first {
                let label = "`\((budget.name ?? "").forMessage())`"
                let observed = budget.at("status", "observedGeneration")?.integerValue ?? 0
                if observed < budget.at("metadata", "generation")?.integerValue ?? 0 {
                    faults.append("budget \(label) of pod `\(name.text)` is not observed yet")
                } else if budget.at("status", "disruptionsAllowed")?.integerValue ?? 0 < 1 {
                    faults.append("budget \(label) forbids to evict pod `\(name.text)`")
                }
            }
        }
        guard let first = faults.first else { return .passed("no budget forbids an eviction right now") }
        return .failed(faults.count == 1 ? first : "\(first), and \(faults.count - 1) more")
    }

    private func catches(_ budget: JSONValue, _ pod: PodView) -> Bool {
        guard budget.at("metadata", "namespace")?.stringValue == pod.fullName?.namespace,
            let selector = budget.at("spec", "selector")
        else { return false }
        if emptyCatchesNothing, selector["matchLabels"]?.objectValue?.isEmpty != false,
            selector["matchExpressions"]?.arrayValue?.isEmpty != false
        {
            return false
        }
        return pod.isSelected(by: selector)
    }
}

extension PodView {
    /// By a `LabelSelector` object (meta/v1). An empty one selects everything, one that is not understood nothing.
    func isSelected(by selector: JSONValue) -> Bool {
        let labels = object.at("metadata", "labels")?.objectValue ?? [:]
        let isEqual = (selector["matchLabels"]?.objectValue ?? [:]).allSatisfy { labels[$0.key] == $0.value }
        return isEqual
            && (selector["matchExpressions"]?.arrayValue ?? []).allSatisfy { expression in
                let value = labels[expression["key"]?.stringValue ?? ""]
                let values = expression["values"]?.arrayValue ?? []
                return switch expression["operator"]?.stringValue {
                case "In": value.map(values.contains) ?? false
                case "NotIn": value.map { !values.contains($0) } ?? true
                case "Exists": value != nil
                case "DoesNotExist": value == nil
                default: false
                }
            }
    }
}
