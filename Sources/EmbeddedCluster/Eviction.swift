internal import ChangeModel
internal import HTTP

/// A POST to a Pod's `eviction` ("API-initiated Eviction"): the Pod goes if its disruption budget allows it.
struct Eviction {
    let key: ObjectKey
    let release: ServerRelease
    let now: String

    func run(_ request: HTTPRequest, on state: inout ClusterState) throws(StatusFailure) -> HTTPResponse {
        let body = try RequestHandler.json(request.body)
        let version = release == .v1_20 ? "policy/v1beta1" : "policy/v1"
        guard body["kind"] == "Eviction", body["apiVersion"]?.stringValue == version else {
            throw .badRequest("no kind \"Eviction\" is registered for that version here; send \(version)")
        }
        guard body.at("metadata", "name")?.stringValue == key.name else {
            throw .badRequest("name in URL does not match name in Eviction object")
        }
        guard let pod = state[key] else { throw .notFound(key) }
        let options = try DeleteOptions(body["deleteOptions"] ?? [:])
        try options.check(pod, key)
        if !PodStatus.isFinished(pod), !PodStatus.isTerminating(pod), pod.at("status", "phase") != "Pending" {
            try checkBudget(of: pod, in: &state)
        }
        if !options.isDryRun {
            _ = PodController(now: now).terminate(key, grace: options.gracePeriod, in: &state)
        }
        return RequestHandler.answer(
            ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201], status: 201)
    }

    private func checkBudget(of pod: JSONValue, in state: inout ClusterState) throws(StatusFailure) {
        let budgets = DisruptionBudgets.of(pod, key.namespace, in: state)
        guard budgets.count < 2 else {
            throw StatusFailure(
                code: 500, reason: "InternalError",
                message:
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        guard let name = budgets.first, let budget = state[name],
            let counts = DisruptionBudgets.counts(of: budget, key.namespace, in: state), counts.allowed == 0
        else { return }
        // Time passes while the client waits for its next try.
        PodController(now: now).start(&state)
        throw StatusFailure(
            code: 429, reason: "TooManyRequests",
            message: "Cannot evict pod as it would violate the pod's disruption budget.",
            details: [
                "causes": [
                    [
                        "reason": "DisruptionBudget",
                        "message": .string(
                            "The disruption budget \(name.name) needs \(counts.desired) healthy pods and has "
                                + "\(counts.healthy) currently"),
                    ]
                ]
            ])
    }
}
