internal import ChangeModel
internal import Runner

/// Turns an object into the record of before- and after-state: the operation's fields, the object's keyed hash, its version.
struct StateCapture {
    let operation: any Operation
    let session: ClusterSession

    /// - Parameter object: nil when there is none.
    func capture(
        _ object: JSONValue?, at address: ResourceAddress, for action: ActionDefinition
    ) throws(ExecutionError) -> CapturedState {
        guard object != nil || type(of: operation).allowsAbsence else {
            throw ExecutionError(
                code: .notFound,
                message: "there is no \(address); check the name and the namespace in the target's locator")
        }
        var state = try operation.state(of: object, at: address, for: action, in: session)
        // What the catalogue declares and Kubernetes does not have is recorded as such, not left out.
        for field in action.stateFields where state.fields[field.name] == nil { state.fields[field.name] = .null }
        return state
    }
}

/// An annotation that looks like an instant (RFC 3339). Anything else that somebody wrote there is not repeated.
enum RecordedInstant {
    static func value(_ text: String?) -> JSONValue {
        guard let text, (20...40).contains(text.utf8.count),
            text.utf8.allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "-:+.TZ".utf8.contains($0)
            })
        else { return .null }
        return .string(text)
    }
}
