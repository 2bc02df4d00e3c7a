public import ChangeModel

/// Who asks. A caller without an id is anonymous: rules that name callers never match it.
public struct Caller: Hashable, Sendable {
    public var id: String?
    public var kind: IdentityKind?
    /// Under delegation, those that were handed on, and no others.
    public var roles: [String]
    public var groups: [String]
    /// nil for a caller who acts for themselves.
    public var delegation: CallerDelegation?

    public init(
        id: String?, kind: IdentityKind? = nil, roles: [String] = [], groups: [String] = [],
        delegation: CallerDelegation? = nil
    ) {
        self.id = id
        self.kind = kind
        self.roles = roles
        self.groups = groups
        self.delegation = delegation
    }

    public init(_ identity: Identity) {
        self.init(id: identity.id, kind: identity.kind, roles: identity.roles, groups: identity.groups)
    }

    public static let anonymous = Caller(id: nil)
}

/// One question to the policy.
public struct DecisionRequest: Sendable {
    public var action: String
    /// nil: no target was named, which counts as an unknown one.
    public var target: String?
    public var caller: Caller
    public var parameters: [String: JSONValue]
    public var ticket: String?

    public init(
        action: String, target: String?, caller: Caller, parameters: [String: JSONValue] = [:], ticket: String? = nil
    ) {
        self.action = action
        self.target = target
        self.caller = caller
        self.parameters = parameters
        self.ticket = ticket
    }
}
