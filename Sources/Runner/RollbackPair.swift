public import ChangeModel

/// The step that undoes another one, by the action's `rollback_action` and `rollback_params`.
public enum RollbackPair {
    /// - Parameters:
    ///   - before: the state before the mutation, for params whose source is `before_state.X`.
    ///   - catalogue: where the rollback action is looked up.
    /// - Returns: nil when the action names no rollback action, or when a value that it needs is not known.
    public static func make(for step: ExecutionStep, before: CapturedState, catalogue: Catalogue) -> ChangeStep? {
        guard let name = step.action.rollbackAction, let action = catalogue.actions[name] else { return nil }
        var parameters: [String: JSONValue] = [:]
        for (parameter, source) in step.action.rollbackParameters {
            let value: JSONValue? =
                switch source {
                case .parameter(let other): step.parameters[other]
                case .beforeState(let field): before.fields[field]
                }
            if value?.isNull == true, case .beforeState = source, step.parameters[parameter] == nil,
                action.parameters.first(where: { $0.name == parameter })?.required == false
            {
                // There was nothing, and the step put nothing there: nothing has to come back.
                continue
            }
            // What is withheld is a value, and a sensitive param takes a reference: nobody knows which.
            guard let value, !value.isNull, value != .string(SecretValue.redacted) else { return nil }
            parameters[parameter] = value
        }
        // Which object is meant is the same for both: required params that the catalogue does not map keep their value.
        for definition in action.parameters where definition.required && parameters[definition.name] == nil {
            guard let value = step.parameters[definition.name] else { return nil }
            parameters[definition.name] = value
        }
        return ChangeStep(action: name, target: step.target.id, parameters: parameters)
    }

    /// `rollback.yaml`: the pair for people, with values in JSON's spelling, which YAML reads alike.
    public static func document(_ pair: ChangeStep) -> [UInt8] {
        var lines = ["action: \(pair.action)", "target: \(pair.target)"]
        if pair.parameters.isEmpty {
            lines.append("params: {}")
        } else {
            lines.append("params:")
            lines += pair.parameters.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value.canonicalText)" }
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
