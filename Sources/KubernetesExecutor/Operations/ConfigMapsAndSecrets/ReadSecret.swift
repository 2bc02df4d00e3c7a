internal import ChangeModel
internal import Runner

/// `get-secret`: names and keyed hashes into the record. The values are the report's `secretOutput`, which is never recorded and
/// which a caller sees only on asking for it.
struct ReadSecret: ReadOperation {
    let secret: NamespacedName

    init(_ parameters: StepParameters) throws(ExecutionError) { secret = try parameters.namespaced("secret") }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .secret(secret) }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        [
            "data": .object(try DataDigests.of(object, members: ["data"], key: session.key)),
            "type": object?["type"]?.stringValue.map { .string($0.forMessage()) } ?? .null,
        ]
    }

    func execute(_ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let address = ResourceAddress.secret(secret)
        guard let object = try execution.session.look(at: address, for: .mutation) else {
            throw ExecutionError(code: .notFound, message: "there is no \(address)")
        }
        let data = object["data"]?.objectValue ?? [:]
        return ExecutionReport(
            summary: "read \(data.count) keys of \(address)",
            output: ["keys": .strings(data.keys.sorted())], secretOutput: ["data": .object(data)])
    }
}
