internal import ChangeModel
internal import Runner

/// What must hold before a stream is opened: once it is, no answer of the server says any more what was done.
extension Execution {
    /// The Pod is the one of before-state, not another that has its name by now.
    func requireSamePod(_ pod: NamespacedName) throws(ExecutionError) {
        let address = ResourceAddress.pod(pod)
        // As it is now: nothing of the request that follows could be conditional.
        guard let current = try client.find(address),
            try ObjectDigest.of(current, at: address, key: session.key) == before.objectDigest
        else {
            throw ExecutionError(
                code: .conflict, message: "\(address) is another one since before-state was taken; nothing was sent")
        }
    }

    /// Asks the server whether these credentials may do it (SelfSubjectAccessReview), so that a refusal is told apart from a
    /// command that failed.
    func requireRight(
        to verb: String, _ resource: String, subresource: String, of object: NamespacedName
    ) throws(ExecutionError) {
        let answer = try client.send(
            .create(
                [
                    "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                    "spec": [
                        "resourceAttributes": [
                            "namespace": .string(object.namespace), "name": .string(object.name),
                            "verb": .string(verb), "resource": .string(resource), "subresource": .string(subresource),
                        ]
                    ],
                ], in: .accessReviews))
        guard case .applied(let review) = answer, review.at("status", "allowed")?.boolValue == true else {
            throw ExecutionError(
                code: .refused,
                message: "these credentials may not \(verb) \(resource)/\(subresource) in namespace "
                    + "`\(object.namespace)`; grant the right, or use others; nothing was sent")
        }
    }
}

extension ClusterSession {
    func podStreams() throws(ExecutionError) -> any PodStreams {
        guard let streams else {
            throw ExecutionError(
                code: .unsupported, message: "no `kubectl` is at hand that could open a stream; install it")
        }
        return streams
    }
}

extension PodView {
    /// The finding of `pod-running`.
    func running(container wanted: String?) -> Finding {
        guard phase == "Running", !isBeingDeleted else {
            return .failed(
                isBeingDeleted ? "the pod is being deleted" : "the pod is \((phase ?? "in no phase").forMessage())")
        }
        guard let wanted else { return .passed("the pod is running") }
        let states = object.at("status", "containerStatuses")?.arrayValue ?? []
        guard let state = states.first(where: { $0["name"]?.stringValue == wanted }) else {
            return .failed("the pod has no container `\(wanted)`")
        }
        return state.at("state", "running") == nil
            ? .failed("container `\(wanted)` is not running") : .passed("container `\(wanted)` is running")
    }
}
