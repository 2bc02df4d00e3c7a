internal import ChangeModel
internal import Runner

/// Params as an agent sent them. The policy has checked them by the action's file; the API's own rules are checked here.
struct StepParameters {
    let values: [String: JSONValue]
    /// Of the target's entry in the inventory.
    var labels: [String: String] = [:]

    func namespaced(_ parameter: String) throws(ExecutionError) -> NamespacedName {
        NamespacedName(
            namespace: try name("namespace", ResourceName.isLabel),
            name: try name(parameter, ResourceName.isSubdomain))
    }

    func name(_ parameter: String, _ isValid: (String) -> Bool) throws(ExecutionError) -> String {
        let text = try string(parameter)
        guard isValid(text) else {
            throw ExecutionError(
                code: .invalid,
                message: "param `\(parameter)`: `\(text.forMessage())` is no valid \(parameter) name in Kubernetes; "
                    + "nothing was sent")
        }
        return text
    }

    func optionalName(_ parameter: String, _ isValid: (String) -> Bool) throws(ExecutionError) -> String? {
        guard let value = values[parameter], !value.isNull else { return nil }
        return try name(parameter, isValid)
    }

    func string(_ parameter: String) throws(ExecutionError) -> String {
        guard let text = values[parameter]?.stringValue else { throw wrong(parameter, "a string") }
        return text
    }

    func integer(_ parameter: String, in range: ClosedRange<Int64>) throws(ExecutionError) -> Int64 {
        guard let number = try optionalInteger(parameter, in: range) else { throw wrong(parameter, "an integer") }
        return number
    }

    func optionalInteger(_ parameter: String, in range: ClosedRange<Int64>) throws(ExecutionError) -> Int64? {
        guard let value = values[parameter], !value.isNull else { return nil }
        guard let number = value.integerValue, range.contains(number) else {
            throw wrong(parameter, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func optionalBool(_ parameter: String) throws(ExecutionError) -> Bool? {
        guard let value = values[parameter], !value.isNull else { return nil }
        guard let flag = value.boolValue else { throw wrong(parameter, "true or false") }
        return flag
    }

    private func wrong(_ parameter: String, _ expected: String) -> ExecutionError {
        ExecutionError(code: .invalid, message: "param `\(parameter)` must be \(expected); nothing was sent")
    }
}
