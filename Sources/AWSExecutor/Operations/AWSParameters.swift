internal import ChangeModel
internal import Runner

/// Params as an agent sent them. The policy has checked them by the action's file; AWS's own grammar is checked here, so that no
/// param becomes a part of a host, a path or an expression that it is not.
struct AWSParameters {
    let values: [String: JSONValue]

    func region() throws(ExecutionError) -> String { try word("region", Partition.isRegion) }

    /// Letters, digits and the given others; 1 to `limit` bytes.
    func name(_ parameter: String, and others: String, limit: Int) throws(ExecutionError) -> String {
        try word(parameter) { text in
            (1...limit).contains(text.utf8.count)
                && text.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || others.utf8.contains(byte)
                }
        }
    }

    func word(_ parameter: String, _ isValid: (String) -> Bool) throws(ExecutionError) -> String {
        let text = try string(parameter)
        guard isValid(text) else {
            throw ExecutionError(
                code: .invalid,
                message:
                    "param `\(parameter)`: `\(text.forMessage())` is no valid \(parameter) in AWS; nothing was sent")
        }
        return text
    }

    func string(_ parameter: String) throws(ExecutionError) -> String {
        guard let text = values[parameter]?.stringValue else { throw wrong(parameter, "a string") }
        return text
    }

    func optionalString(_ parameter: String) throws(ExecutionError) -> String? {
        guard let value = values[parameter], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw wrong(parameter, "a string") }
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

    func flag(_ parameter: String) throws(ExecutionError) -> Bool {
        guard let value = values[parameter], !value.isNull else { return false }
        guard let flag = value.boolValue else { throw wrong(parameter, "true or false") }
        return flag
    }

    private func wrong(_ parameter: String, _ expected: String) -> ExecutionError {
        ExecutionError(code: .invalid, message: "param `\(parameter)` must be \(expected); nothing was sent")
    }
}
