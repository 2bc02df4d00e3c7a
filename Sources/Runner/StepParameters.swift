public import ChangeModel

/// A step's params by their types. The policy has checked them by the action's file; what the target's own API demands of
/// them, its executor adds.
public struct StepParameters: Sendable {
    public let values: [String: JSONValue]
    /// Of the target's entry in the inventory.
    public let labels: [String: String]

    public init(values: [String: JSONValue], labels: [String: String] = [:]) {
        self.values = values
        self.labels = labels
    }

    /// - Parameters:
    ///   - what: for the message: ``is no valid `what` ``.
    ///   - isValid: the API's own grammar.
    public func text(
        _ parameter: String, _ what: String, _ isValid: (String) -> Bool
    ) throws(ExecutionError) -> String {
        let text = try string(parameter)
        guard isValid(text) else {
            throw ExecutionError(
                code: .invalid,
                message: "param `\(parameter)`: `\(text.forMessage())` is no valid \(what); nothing was sent")
        }
        return text
    }

    public func string(_ parameter: String) throws(ExecutionError) -> String {
        guard let text = try optionalString(parameter) else { throw wrong(parameter, "a string") }
        return text
    }

    public func optionalString(_ parameter: String) throws(ExecutionError) -> String? {
        guard let value = values[parameter], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw wrong(parameter, "a string") }
        return text
    }

    public func integer(_ parameter: String, in range: ClosedRange<Int64>) throws(ExecutionError) -> Int64 {
        guard let number = try optionalInteger(parameter, in: range) else { throw wrong(parameter, "an integer") }
        return number
    }

    public func optionalInteger(
        _ parameter: String, in range: ClosedRange<Int64>
    ) throws(ExecutionError) -> Int64? {
        guard let value = values[parameter], !value.isNull else { return nil }
        guard let number = value.integerValue, range.contains(number) else {
            throw wrong(parameter, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    public func optionalBool(_ parameter: String) throws(ExecutionError) -> Bool? {
        guard let value = values[parameter], !value.isNull else { return nil }
        guard let flag = value.boolValue else { throw wrong(parameter, "true or false") }
        return flag
    }

    private func wrong(_ parameter: String, _ expected: String) -> ExecutionError {
        ExecutionError(code: .invalid, message: "param `\(parameter)` must be \(expected); nothing was sent")
    }
}
