public import ChangeModel

/// Exactly what would run. Approvals are given for its digest, so they die when the change, the action, a default, or the
/// target's entry changes.
public struct Plan: Hashable, Sendable {
    /// SHA-256 of `json` in canonical form.
    public let digest: Digest
    /// `{"action": digest of the action's file, "change": digest of the change's file, "id", "params": effective ones,
    /// "repository", "target": the inventory's entry}`
    public let json: JSONValue
    /// Given values, what the target's locator fills in, and defaults for the rest.
    public let parameters: [String: JSONValue]
    public let action: ActionDefinition
    public let target: TargetEntry
    /// The digest of the change's file.
    let change: Digest
    let maker: Maker

    /// Tells the plans of one engine from those of every other.
    final class Maker: Hashable, Sendable {
        static func == (left: Maker, right: Maker) -> Bool { left === right }
        func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    }

    public static func == (left: Plan, right: Plan) -> Bool {
        left.digest == right.digest && left.json == right.json && left.parameters == right.parameters
            && left.action == right.action && left.target == right.target
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// What will be done, as a claim records it.
    public var step: JSONValue {
        ["action": .string(action.name), "target": .string(target.id), "params": .object(parameters)]
    }

    init(
        change: Change, digest: Digest, parameters: [String: JSONValue], action: ActionDefinition, target: TargetEntry,
        maker: Maker
    ) {
        self.change = digest
        self.maker = maker
        json = [
            "action": .string(action.digest.description),
            "change": .string(digest.description),
            "id": .string(change.id.text),
            "params": .object(parameters),
            "repository": .string(change.repository),
            "target": target.json,
        ]
        self.digest = Digest(of: json.canonicalBytes)
        self.parameters = parameters
        self.action = action
        self.target = target
    }
}

extension PolicyEngine {
    /// Params as they would be executed: defaults applied, and filled from the locator.
    /// - Returns: nil if the action or the target is unknown, or the params are invalid.
    public func effectiveParameters(_ request: DecisionRequest) -> [String: JSONValue]? {
        guard let action = actions[request.action], let target = request.target.flatMap({ catalogue.targets[$0] }),
            action.faults(in: request.parameters, target: targets[target.id]).errors.isEmpty
        else { return nil }
        return action.effectiveParameters(request.parameters, target: target)
    }

    /// - Parameter digest: SHA-256 of the change file's bytes.
    /// - Returns: nil if the action or the target is unknown, or the params are invalid.
    public func plan(for change: Change, digest: Digest) -> Plan? {
        let request = DecisionRequest(
            action: change.step.action, target: change.step.target, caller: .anonymous,
            parameters: change.step.parameters)
        guard let parameters = effectiveParameters(request), let action = actions[change.step.action],
            let target = catalogue.targets[change.step.target]
        else { return nil }
        return Plan(
            change: change, digest: digest, parameters: parameters, action: action.definition, target: target,
            maker: maker)
    }
}
