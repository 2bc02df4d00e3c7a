public import ChangeModel

/// Exactly what would run. Approvals are given for its digest, so they die when the change, the action, a default, or the
/// target's entry changes.
public struct Plan: Hashable, Sendable {
    /// SHA-256 of `json` in canonical form.
    public let digest: Digest
    /// `{"action": digest of the action's file, "change": digest of the change's file, "id", "params": effective ones,
    /// "repository", "target": the inventory's entry}`; of several steps, `"steps": [{"action", "params", "target"}, …]`
    /// stands instead of these three.
    public let json: JSONValue
    /// In the order in which they run; never none.
    public let steps: [PlannedStep]
    /// The digest of the change's file.
    let change: Digest
    let maker: Maker

    /// Tells the plans of one engine from those of every other.
    final class Maker: Hashable, Sendable {
        static func == (left: Maker, right: Maker) -> Bool { left === right }
        func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    }

    public static func == (left: Plan, right: Plan) -> Bool {
        left.digest == right.digest && left.json == right.json && left.steps == right.steps
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// What will be done, in order, as a claim records it; of several steps each with the lock that is its target's.
    public var recordedSteps: JSONValue {
        .array(
            steps.map { step in
                var recorded = step.recorded
                if steps.count > 1 { recorded["lock"] = .string(step.target.lockKey.description) }
                return recorded
            })
    }

    /// What a claim locks: the locators of all targets, each once, in the order of their digests.
    public var locks: [Digest] {
        Set(steps.map(\.target.lockKey)).sorted { $0.hexadecimal < $1.hexadecimal }
    }

    init(change: Change, digest: Digest, steps: [PlannedStep], maker: Maker) {
        self.change = digest
        self.maker = maker
        var members = steps.count == 1 ? steps[0].members : ["steps": .array(steps.map { .object($0.members) })]
        members["change"] = .string(digest.description)
        members["id"] = .string(change.id.text)
        members["repository"] = .string(change.repository)
        json = .object(members)
        self.digest = Digest(of: json.canonicalBytes)
        self.steps = steps
    }
}

/// One step of a plan, with nothing left open.
public struct PlannedStep: Hashable, Sendable {
    public let action: ActionDefinition
    public let target: TargetEntry
    /// Given values, what the target's locator fills in, and defaults for the rest.
    public let parameters: [String: JSONValue]

    /// `{"action", "target", "params"}`, names for the first two.
    public var recorded: JSONValue {
        ["action": .string(action.name), "target": .string(target.id), "params": .object(parameters)]
    }

    fileprivate var members: [String: JSONValue] {
        ["action": .string(action.digest.description), "params": .object(parameters), "target": target.json]
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
    /// - Returns: nil if an action or a target is unknown, or the params of a step are invalid.
    public func plan(for change: Change, digest: Digest) -> Plan? {
        var steps: [PlannedStep] = []
        steps.reserveCapacity(change.steps.count)
        for request in change.requests(by: .anonymous) {
            guard let parameters = effectiveParameters(request), let action = actions[request.action],
                let target = request.target.flatMap({ catalogue.targets[$0] })
            else { return nil }
            steps.append(PlannedStep(action: action.definition, target: target, parameters: parameters))
        }
        return steps.isEmpty ? nil : Plan(change: change, digest: digest, steps: steps, maker: maker)
    }
}
