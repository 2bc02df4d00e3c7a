internal import ChangeModel
internal import Runner

/// Turns an object into the record of before- and after-state.
///
/// Fields: the action's `state_fields`, whatever its `rollback_params` take from `before_state`, and what makes a diff
/// readable (images, revision). Values of config maps are recorded as keyed hashes, except the one value that a rollback
/// needs, and that only where the action asks for it.
struct StateCapture {
    let operation: Operation
    let key: EvidenceKey

    /// The largest value that is recorded whole, in bytes.
    static let maximumValue = 64 << 10

    func capture(_ object: JSONValue, for action: ActionDefinition) throws(ExecutionError) -> CapturedState {
        var fields: [String: JSONValue]
        switch operation {
        case .restart, .scale, .undo, .rolloutStatus: fields = try deploymentFields(DeploymentView(object: object))
        case .updateImage(_, let container, _):
            let deployment = DeploymentView(object: object)
            fields = try deploymentFields(deployment)
            fields["current_image"] = deployment.container(container).map { .string($0.image) } ?? .null
        case .cordon, .uncordon:
            fields = ["schedulable": .bool(object.at("spec", "unschedulable")?.boolValue != true)]
        case .readConfigMap: fields = [:]
        case .updateConfigMap(_, let name, _):
            try refuseBinary(name, in: object)
            fields = ["data": .object(try dataDigests(object))]
            if Self.asksForPreviousValue(action) {
                fields[Self.previousValue] = try previousValue(of: name, in: object)
            }
        }
        // What the catalogue declares and Kubernetes does not have is recorded as such, not left out.
        for field in action.stateFields where fields[field.name] == nil { fields[field.name] = .null }
        return CapturedState(
            fields: fields, objectDigest: try ObjectDigest.of(object, at: operation.object, key: key),
            version: object.at("metadata", "resourceVersion")?.stringValue)
    }

    private static let previousValue = "previous_value"

    private static func asksForPreviousValue(_ action: ActionDefinition) -> Bool {
        action.stateFields.contains { $0.name == previousValue }
            || action.rollbackParameters.values.contains(.beforeState(previousValue))
    }

    private func deploymentFields(_ deployment: DeploymentView) throws(ExecutionError) -> [String: JSONValue] {
        [
            "replicas": .integer(deployment.replicas),
            "available_replicas": .integer(deployment.availableReplicas),
            "ready_replicas": .integer(deployment.readyReplicas),
            "updated_replicas": .integer(deployment.updatedReplicas),
            "generation": .integer(deployment.generation),
            "observed_generation": .integer(deployment.observedGeneration),
            "revision": deployment.revision.map { .integer($0) } ?? .null,
            "images": .object(deployment.images),
            "restarted_at": deployment.restartedAt.flatMap(Self.instant) ?? .null,
            // Proves that a rollback brought back the very template, without recording its environment.
            "template_digest": .string(try key.code(of: deployment.template.canonicalBytes)),
        ]
    }

    /// An annotation that looks like an instant (RFC 3339). Anything else that somebody wrote there is not repeated.
    private static func instant(_ text: String) -> JSONValue? {
        let isInstant =
            (20...40).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "-:+.TZ".utf8.contains($0)
            }
        return isInstant ? .string(text) : nil
    }

    /// Each with its name, so that equal values have different hashes.
    private func dataDigests(_ object: JSONValue) throws(ExecutionError) -> [String: JSONValue] {
        var digests: [String: JSONValue] = [:]
        for member in ["data", "binaryData"] {
            for (name, value) in object[member]?.objectValue ?? [:] {
                let entry: JSONValue = [.string(name), .string(value.stringValue ?? "")]
                digests[name] = .string(try key.code(of: entry.canonicalBytes))
            }
        }
        return digests
    }

    private func refuseBinary(_ key: String, in object: JSONValue) throws(ExecutionError) {
        guard object.at("binaryData", key) != nil else { return }
        throw ExecutionError(
            code: .refused,
            message: "`\(key)` of \(operation.object) holds binary data, which this action cannot set")
    }

    /// null when the key is not there.
    private func previousValue(of key: String, in object: JSONValue) throws(ExecutionError) -> JSONValue {
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
