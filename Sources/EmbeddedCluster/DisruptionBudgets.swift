internal import ChangeModel

/// PodDisruptionBudgets: how many Pods may go, reckoned anew whenever somebody asks.
enum DisruptionBudgets {
    /// Brings the status of every budget that catches Pods up to date; one from a file that catches none keeps its own.
    static func update(_ state: inout ClusterState, now: String) {
        for key in state.keys(.poddisruptionbudgets) {
            guard var budget = state[key], let counts = counts(of: budget, key.namespace, in: state) else { continue }
            var status = budget["status"]?.objectValue ?? [:]
            status["observedGeneration"] = budget.at("metadata", "generation") ?? 1
            status["disruptionsAllowed"] = .integer(counts.allowed)
            status["currentHealthy"] = .integer(counts.healthy)
            status["desiredHealthy"] = .integer(counts.desired)
            status["expectedPods"] = .integer(counts.expected)
            budget["status"] = .object(status)
            state.put(key, budget)
        }
    }

    struct Counts {
        let expected: Int64
        let healthy: Int64
        let desired: Int64
        var allowed: Int64 { max(0, healthy - desired) }
    }

    /// nil when the budget catches no Pod.
    static func counts(of budget: JSONValue, _ namespace: String, in state: ClusterState) -> Counts? {
        let pods = state.keys(.pods, namespace: namespace) { pod in
            catches(budget, pod) && !PodStatus.isTerminating(pod) && !PodStatus.isFinished(pod)
        }
        guard !pods.isEmpty else { return nil }
        let expected = Int64(pods.count)
        let healthy = Int64(pods.count { PodStatus.isReady(state[$0] ?? [:]) })
        let spec = budget["spec"] ?? [:]
        let desired =
            if let maximum = spec["maxUnavailable"] {
                max(0, expected - number(maximum, of: expected))
            } else {
                number(spec["minAvailable"] ?? 1, of: expected)
            }
        return Counts(expected: expected, healthy: healthy, desired: desired)
    }

    /// The budgets that the Pod is under.
    static func of(_ pod: JSONValue, _ namespace: String, in state: ClusterState) -> [ObjectKey] {
        state.keys(.poddisruptionbudgets, namespace: namespace) { catches($0, pod) }
    }

    private static func catches(_ budget: JSONValue, _ pod: JSONValue) -> Bool {
        guard let selector = budget.at("spec", "selector") else { return false }
        return SelectorMatch.matches(selector, labels: pod.at("metadata", "labels")?.objectValue ?? [:])
    }

    /// An absolute number, or a percentage, rounded up.
    private static func number(_ value: JSONValue, of whole: Int64) -> Int64 {
        if let number = value.integerValue { return max(0, min(number, Int64(Int32.max))) }
        guard let text = value.stringValue, text.hasSuffix("%"), let percent = Int64(text.dropLast()),
            (0...100).contains(percent)
        else { return whole }
        return (whole * percent + 99) / 100
    }
}

/// A `LabelSelector` object (meta/v1) against labels. An empty one catches everything.
enum SelectorMatch {
    static func matches(_ selector: JSONValue, labels: [String: JSONValue]) -> Bool {
        let equal = (selector["matchLabels"]?.objectValue ?? [:]).allSatisfy { labels[$0.key] == $0.value }
        return equal
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
