internal import ChangeModel

/// JSON merge patch (RFC 7386).
enum MergePatch {
    static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = target.objectValue ?? [:]
        for (name, change) in changes {
            if change.isNull {
                result.removeValue(forKey: name)
            } else {
                result[name] = apply(change, to: result[name] ?? .null)
            }
        }
        return .object(result)
    }
}
