internal import ChangeModel

/// What of a target's state is not recorded, because it may be a secret: what a sensitive param replaces is one as well.
struct WithheldState {
    /// Fields that the rollback action would take for a sensitive param.
    private var fields: Set<String> = []
    /// Whether the step sets something by a secret; then no text of its target's state is recorded, but for keyed hashes.
    private var isText = false

    init(of step: ExecutionStep, catalogue: Catalogue) {
        isText = step.action.parameters.contains { $0.sensitive && step.parameters[$0.name] != nil }
        guard let name = step.action.rollbackAction, let action = catalogue.actions[name] else { return }
        let sensitive = Set(action.parameters.filter(\.sensitive).map(\.name))
        for case (let parameter, .beforeState(let field)) in step.action.rollbackParameters
        where sensitive.contains(parameter) { fields.insert(field) }
    }

    /// The state without these values; that there is one is told.
    func apply(to state: CapturedState) -> CapturedState {
        guard isText || !fields.isEmpty else { return state }
        var state = state
        for (name, value) in state.fields where !value.isNull {
            state.fields[name] = fields.contains(name) ? .string(SecretValue.redacted) : isText ? hidden(value) : value
        }
        return state
    }

    private func hidden(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text) where !text.hasPrefix("hmac-sha256:"): .string(SecretValue.redacted)
        case .array(let elements): .array(elements.map(hidden))
        case .object(let members): .object(members.mapValues(hidden))
        default: value
        }
    }
}
