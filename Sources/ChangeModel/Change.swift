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
}

/// A proposed change, as its canonical file says it. Nothing here is trusted yet: a signature and a decision come after.
public struct Change: Hashable, Sendable {
    public var repository: String
    public var id: ChangeID
    public var proposer: String
    public var step: ChangeStep
    public var reason: String
    public var ticket: String?
    public var created: Timestamp
    public var expires: Timestamp
    /// The tokens by which the proposer acts for somebody else, root first; empty for a proposer who acts for themselves.
    public var delegation: [String]
    public var rollbackOf: ChangeID?

    public init(
        repository: String, id: ChangeID, proposer: String, step: ChangeStep, reason: String, ticket: String? = nil,
        created: Timestamp, expires: Timestamp, delegation: [String] = [], rollbackOf: ChangeID? = nil
    ) {
        self.repository = repository
        self.id = id
        self.proposer = proposer
        self.step = step
        self.reason = reason
        self.ticket = ticket
        self.created = created
        self.expires = expires
        self.delegation = delegation
        self.rollbackOf = rollbackOf
    }

    /// The largest change file, in bytes.
    public static let maximumSize = 64 << 10
    public static let fileName = "change.yaml"
    public static let signatureName = "change.yaml.sig"
    public static let signatureNamespace = "change@agentsafe"

    /// `scale-deployment on staging/api-server`
    public var summary: String { "\(step.action) on \(step.target)" }
}
