internal import ChangeModel
internal import Runner

/// Turns an object into the record of before- and after-state.
///
/// Fields: the action's `state_fields`, whatever its `rollback_params` take from `before_state`, and what makes a diff
/// readable (images, revision). Values of config maps are recorded as SHA-256, except the one value that a rollback needs.
struct StateCapture {
    let operation: Operation

    /// The largest value that is recorded whole, in bytes.
    static let maximumValue = 64 << 10

    func capture(_ object: JSONValue, for action: ActionDefinition) throws(ExecutionError) -> CapturedState {
        var fields: [String: JSONValue]
        switch operation {
        case .restart, .scale, .undo: fields = deploymentFields(DeploymentView(object: object))
        case .updateImage(_, let container, _):
            let deployment = DeploymentView(object: object)
            fields = deploymentFields(deployment)
            fields["current_image"] = deployment.container(container).map { .string($0.image) } ?? .null
        case .cordon, .uncordon:
            fields = ["schedulable": .bool(object.at("spec", "unschedulable")?.boolValue != true)]
        case .readConfigMap: fields = [:]
        case .updateConfigMap(_, let key, _):
            fields = [
                "data": .object(dataDigests(object)), "previous_value": try previousValue(of: key, in: object),
            ]
        }
        // What the catalogue declares and Kubernetes does not have is recorded as such, not left out.
        for field in action.stateFields where fields[field.name] == nil { fields[field.name] = .null }
        return CapturedState(
            fields: fields, objectDigest: ObjectDigest.of(object, at: operation.object),
            version: object.at("metadata", "resourceVersion")?.stringValue)
    }

    private func deploymentFields(_ deployment: DeploymentView) -> [String: JSONValue] {
        [
            "replicas": .integer(deployment.replicas),
            "available_replicas": .integer(deployment.availableReplicas),
            "ready_replicas": .integer(deployment.readyReplicas),
            "updated_replicas": .integer(deployment.updatedReplicas),
            "generation": .integer(deployment.generation),
            "observed_generation": .integer(deployment.observedGeneration),
            "revision": deployment.revision.map { .integer($0) } ?? .null,
            "images": .object(deployment.images),
            "restarted_at": deployment.restartedAt.map { .string($0.forMessage()) } ?? .null,
            // Proves that a rollback brought back the very template, without recording its environment.
            "template_digest": .string(Digest(of: deployment.template.canonicalBytes).description),
        ]
    }

    private func dataDigests(_ object: JSONValue) -> [String: JSONValue] {
        var digests: [String: JSONValue] = [:]
        for member in ["data", "binaryData"] {
            for (key, value) in object[member]?.objectValue ?? [:] {
                let bytes = Array((value.stringValue ?? "").utf8)
                digests[key] = .string(Digest(of: bytes).description)
            }
        }
        return digests
    }

    /// null when the key is not there.
    private func previousValue(of key: String, in object: JSONValue) throws(ExecutionError) -> JSONValue {
        if object.at("binaryData", key) != nil {
            throw ExecutionError(
                code: .refused,
                message: "`\(key)` of \(operation.object) holds binary data, which this action cannot set")
        }
        guard let value = object.at("data", key)?.stringValue else { return .null }
        guard value.utf8.count <= Self.maximumValue else {
            throw ExecutionError(
                code: .refused,
                message: "`\(key)` of \(operation.object) holds more than \(Self.maximumValue >> 10) KiB, too much to "
                    + "record for a rollback; change it by other means")
        }
        return .string(value)
    }
}
