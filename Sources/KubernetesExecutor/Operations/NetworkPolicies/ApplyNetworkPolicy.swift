internal import ChangeModel
internal import Runner

/// `apply-network-policy`: by server-side apply, a NetworkPolicy that lets nothing in and nothing out of the Pods that it
/// selects, but for what other policies allow. What another manager owns is left alone: that is a conflict.
struct ApplyNetworkPolicy: SingleMutation {
    let policy: NamespacedName
    let requirements: [LabelRequirement]

    static var allowsAbsence: Bool { true }
    private static let policyTypes: JSONValue = ["Ingress", "Egress"]

    init(_ parameters: StepParameters) throws(ExecutionError) {
        policy = try parameters.namespaced("policy_name")
        requirements = try LabelRequirement.parse(parameters.string("pod_selector"), parameter: "pod_selector")
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .networkPolicy(policy) }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        switch precheck {
        case "namespace-exists":
            return try session.client.find(.namespace(policy.namespace)) == nil
                ? .failed("there is no namespace `\(policy.namespace)`")
                : .passed("namespace `\(policy.namespace)` exists")
        case "cni-supports-netpol": return try NetworkPlugin.finding(in: session)
        case "affected-pods":
            let pods = try session.client.list(.pods(in: policy.namespace), labelSelector: requirements.query)
                .filter { !PodView(object: $0).isFinished }
            let names = pods.prefix(10).compactMap { $0.name?.forMessage(limit: 100) }.joined(separator: ", ")
            return .passed(
                pods.isEmpty
                    ? "it selects no pod now"
                    : "it isolates \(pods.count) pods: \(names)\(pods.count > 10 ? ", …" : "")")
        default: return nil
        }
    }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        [
            "exists": .bool(object != nil), "pod_selector": object?.at("spec", "podSelector") ?? .null,
            "policy_types": object?.at("spec", "policyTypes") ?? .null,
            "ingress_rules": .integer(Int64(object?.at("spec", "ingress")?.arrayValue?.count ?? 0)),
            "egress_rules": .integer(Int64(object?.at("spec", "egress")?.arrayValue?.count ?? 0)),
        ]
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        for rules in ["ingress", "egress"] where current?.at("spec", rules)?.arrayValue?.isEmpty == false {
            throw ExecutionError(
                code: .refused,
                message:
                    "network policy `\(policy.text)` has \(rules) rules, which an apply would leave in place: it would "
                    + "not isolate; take another name, or remove the rules first; nothing was sent")
        }
        let isSo =
            current?.at("spec", "podSelector") == requirements.selector
            && Set(current?.at("spec", "policyTypes")?.arrayValue ?? []) == Set(Self.policyTypes.arrayValue ?? [])
        if isSo { return nil }
        return .patch(
            .networkPolicy(policy), .apply,
            [
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": .compact([
                    "name": .string(policy.name), "namespace": .string(policy.namespace),
                    "resourceVersion": current?.at("metadata", "resourceVersion"),
                    "uid": current?.at("metadata", "uid"),
                ]),
                "spec": ["podSelector": requirements.selector, "policyTypes": Self.policyTypes],
            ])
    }

    func unchanged(_ current: JSONValue?) -> String {
        "network policy `\(policy.text)` says so already; nothing was changed"
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        guard applied.answer.at("spec", "podSelector") == requirements.selector else {
            throw ExecutionError(
                code: .notConverged,
                message:
                    "network policy `\(policy.text)` was applied and selects other pods; look for an admission webhook",
                mayHaveBeenApplied: true)
        }
        return ExecutionReport(
            summary: "network policy `\(policy.text)` isolates the pods that `\(requirements.query)` selects")
    }
}
