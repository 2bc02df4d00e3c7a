internal import ChangeModel
internal import Runner

/// `update-configmap`: sets one key. Values are recorded as keyed hashes, except the one that a rollback needs, and that only
/// where the action asks for it.
struct UpdateConfigMap: SingleMutation {
    let configMap: NamespacedName
    let key: String
    let value: String

    /// The largest value that is recorded whole, in bytes.
    static let maximumValue = 64 << 10
    private static let previousValue = "previous_value"

    init(_ parameters: StepParameters) throws(ExecutionError) {
        configMap = try parameters.namespaced("configmap")
        key = try parameters.name("key", ResourceName.isConfigMapKey)
        value = try parameters.string("value")
    }

    private var address: ResourceAddress { .configMap(configMap) }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { address }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        guard precheck == "dependent-pods" else { return nil }
        let count = try session.client.list(.pods(in: configMap.namespace)).count {
            PodView(object: $0).uses(configMap: configMap.name)
        }
        return .passed(
            count == 0 ? "no pod uses it" : "\(count) pods use it; those that read it as environment must restart")
    }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        guard object?.at("binaryData", key) == nil else {
            throw ExecutionError(
                code: .refused, message: "`\(key)` of \(address) holds binary data, which this action cannot set")
        }
        let digests = try DataDigests.of(object, members: ["data", "binaryData"], key: session.key)
        var fields: [String: JSONValue] = ["data": .object(digests)]
        if Self.asksForPreviousValue(action) { fields[Self.previousValue] = try previousValue(in: object) }
        return fields
    }

    private static func asksForPreviousValue(_ action: ActionDefinition) -> Bool {
        action.stateFields.contains { $0.name == previousValue }
            || action.rollbackParameters.values.contains(.beforeState(previousValue))
    }

    /// null when the key is not there.
    private func previousValue(in object: JSONValue?) throws(ExecutionError) -> JSONValue {
        guard let value = object?.at("data", key)?.stringValue else { return .null }
        guard value.utf8.count <= Self.maximumValue else {
            throw ExecutionError(
                code: .refused,
                message:
                    "`\(key)` of \(address) holds more than \(Self.maximumValue >> 10) KiB, too much to record for "
                    + "a rollback; change it by other means")
        }
        return .string(value)
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        .patch(address, .merge, ["metadata": (current ?? [:]).versionCondition, "data": [key: .string(value)]])
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        guard applied.answer.at("data", key)?.stringValue == value else {
            throw ExecutionError(
                code: .notConverged,
                message: "\(address) took the patch, but `\(key)` has another value; look for an admission webhook",
                mayHaveBeenApplied: true)
        }
        return ExecutionReport(summary: "set `\(key)` of \(address)")
    }
}
