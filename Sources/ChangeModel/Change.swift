/// What one step of a change does.
public struct ChangeStep: Hashable, Sendable {
    public var action: String
    public var target: String
    public var parameters: [String: JSONValue]

    public init(action: String, target: String, parameters: [String: JSONValue]) {
        self.action = action
        self.target = target
        self.parameters = parameters
    }

    /// `scale-deployment on staging/api-server`
    public var summary: String { "\(action) on \(target)" }

    /// `{"action", "target", "params"}`
    public var json: JSONValue {
        ["action": .string(action), "target": .string(target), "params": .object(parameters)]
    }

    /// - Returns: nil when it is not such an object; members besides are not looked at.
    public init?(json: JSONValue) {
        guard let action = json["action"]?.stringValue, let target = json["target"]?.stringValue,
            let parameters = json["params"]?.objectValue
        else { return nil }
        self.init(action: action, target: target, parameters: parameters)
    }
}

/// A proposed change, as its canonical file says it. Nothing here is trusted yet: a signature and a decision come after.
public struct Change: Hashable, Sendable {
    public var repository: String
    public var id: ChangeID
    public var proposer: String
    /// What it does, in order: one step, or the several of a plan.
    public var steps: [ChangeStep]
    public var reason: String
    public var ticket: String?
    public var created: Timestamp
    public var expires: Timestamp
    /// The tokens by which the proposer acts for somebody else, root first; empty for a proposer who acts for themselves.
    public var delegation: [String]
    public var rollbackOf: ChangeID?

    public init(
        repository: String, id: ChangeID, proposer: String, steps: [ChangeStep], reason: String, ticket: String? = nil,
        created: Timestamp, expires: Timestamp, delegation: [String] = [],
        rollbackOf: ChangeID? = nil
    ) {
        self.repository = repository
        self.id = id
        self.proposer = proposer
        self.steps = steps
        self.reason = reason
        self.ticket = ticket
        self.created = created
        self.expires = expires
        self.delegation = delegation
        self.rollbackOf = rollbackOf
    }

    /// A change of one step.
    public init(
        repository: String, id: ChangeID, proposer: String, step: ChangeStep, reason: String, ticket: String? = nil,
        created: Timestamp, expires: Timestamp, delegation: [String] = [], rollbackOf: ChangeID? = nil
    ) {
        self.init(
            repository: repository, id: id, proposer: proposer, steps: [step], reason: reason, ticket: ticket,
            created: created, expires: expires, delegation: delegation, rollbackOf: rollbackOf)
    }

    /// Whether it has several steps, which are decided, approved and claimed as a whole.
    public var isPlan: Bool { steps.count > 1 }
    /// The most steps of a plan.
    public static let maximumSteps = 20

    /// The largest change file, in bytes.
    public static let maximumSize = 64 << 10
    public static let fileName = "change.yaml"
    public static let signatureName = "change.yaml.sig"
    public static let signatureNamespace = "change@agentsafe"

    /// `scale-deployment on staging/api-server`; of a plan `cordon-node on prod/node-1 and 2 steps more`.
    public var summary: String {
        guard let first = steps.first else { return "nothing" }
        let rest = steps.count - 1
        return first.summary + (rest == 0 ? "" : rest == 1 ? " and 1 step more" : " and \(rest) steps more")
    }
}
