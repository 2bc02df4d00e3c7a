internal import ChangeModel
internal import Runner

/// `get-configmap`: the values go to the caller, keyed hashes into the record.
struct ReadConfigMap: ReadOperation {
    let configMap: NamespacedName

    init(_ parameters: StepParameters) throws(ExecutionError) {
        configMap = try parameters.namespaced("configmap")
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .configMap(configMap) }

    func execute(_ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let address = ResourceAddress.configMap(configMap)
        let object = try execution.client.get(address)
        let data = object["data"]?.objectValue ?? [:]
        let binary = object["binaryData"]?.objectValue ?? [:]
        var output: [String: JSONValue] = ["data": .object(data)]
        if !binary.isEmpty { output["binaryData"] = .object(binary) }
        return ExecutionReport(summary: "read \(data.count + binary.count) keys of \(address)", output: .object(output))
    }
}
