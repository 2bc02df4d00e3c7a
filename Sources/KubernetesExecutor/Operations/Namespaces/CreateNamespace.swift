internal import ChangeModel
internal import Runner

/// `create-namespace`.
struct CreateNamespace: SingleMutation {
    let namespace: String

    static var allowsAbsence: Bool { true }

    init(_ parameters: StepParameters) throws(ExecutionError) {
        namespace = try parameters.name("namespace", ResourceName.isLabel)
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .namespace(namespace) }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        guard precheck == "namespace-not-exists" else { return nil }
        guard let object else { return .passed("there is no namespace `\(namespace)` yet") }
        return .failed(
            object.at("metadata", "deletionTimestamp") == nil
                ? "namespace `\(namespace)` exists" : "namespace `\(namespace)` is being deleted; wait until it is gone"
        )
    }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        NamespaceView(object: object).stateFields
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        guard current == nil else {
            throw ExecutionError(
                code: .refused, message: "namespace `\(namespace)` exists already; nothing was sent")
        }
        return .create(
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]], in: .namespaces)
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        ExecutionReport(summary: "created namespace `\(namespace)`")
    }
}
