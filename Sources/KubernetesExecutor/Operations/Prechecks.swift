internal import ChangeModel
internal import Runner

/// Answers the prechecks that an action lists. Reads only.
struct Prechecks {
    let operation: any Operation
    let session: ClusterSession

    func run(_ names: [String]) throws(ExecutionError) -> [PrecheckResult] {
        // What an earlier step saw says nothing about this one.
        session.sightings.forget()
        let address = try operation.object(in: session)
        let object = try session.client.find(address)
        session.sightings.note(object, at: address, for: .beforeState)
        var results: [PrecheckResult] = []
        for name in names {
            let finding = try run(name, object, address)
            results.append(PrecheckResult(name: name, passed: finding.passed, detail: finding.detail))
        }
        return results
    }

    /// Checks that only ask whether the object is there.
    private static let existence: Set<String> = [
        "deployment-exists", "node-exists", "configmap-exists", "pod-exists", "secret-exists", "hpa-exists",
        "namespace-exists",
    ]

    private func run(
        _ name: String, _ object: JSONValue?, _ address: ResourceAddress
    ) throws(ExecutionError) -> Finding {
        if object != nil || type(of: operation).allowsAbsence,
            let finding = try operation.check(name, object, in: session)
        {
            return finding
        }
        if Self.existence.contains(name) {
            return object == nil ? .failed("there is no \(address)") : .passed("\(address) exists")
        }
        if object == nil { return .failed("not checked: there is no \(address)") }
        return .failed(
            "this version cannot check `\(name.forMessage())` here; remove it from the action, or update")
    }
}
