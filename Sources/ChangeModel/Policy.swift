/// One rule of the policy.
public struct Rule: Hashable, Sendable {
    public var name: String
    public var description: String
    public var priority: Int
    public var match: RuleMatch
    public var decision: Verdict
    public var reason: String
    /// Who must approve when the decision is `require_approval`. Empty: the repository's default.
    public var approvals: [ApprovalRequirement]
    /// Deadlines and break-glass; where they say nothing, the repository's defaults hold.
    public var terms: ApprovalTerms
    /// Prechecks of the action that may fail without stopping what this rule lets happen.
    public var advisoryPrechecks: [String]
    public var location: SourceLocation

    public init(
        name: String, description: String = "", priority: Int = 0, match: RuleMatch = RuleMatch(), decision: Verdict,
        reason: String, approvals: [ApprovalRequirement] = [], terms: ApprovalTerms = ApprovalTerms(),
        advisoryPrechecks: [String] = [], location: SourceLocation
    ) {
        self.advisoryPrechecks = advisoryPrechecks
        self.name = name
        self.description = description
        self.priority = priority
        self.match = match
        self.decision = decision
        self.reason = reason
        self.approvals = approvals
        self.terms = terms
        self.location = location
    }
}

/// AND over its members, OR within a list; nil: the condition is not named.
public struct RuleMatch: Hashable, Sendable {
    /// Shell globs: `*` `?` `[…]`.
    public var actions: [String]
    public var targets: TargetSelector?
    public var callers: CallerSelector?
    /// Of the effective risk.
    public var riskClasses: [RiskLevel]?
    public var timeWindows: [TimeWindow]?
    public var requireTicket: Bool?
    /// A regular expression for the whole of the ticket. A request without a ticket does not match.
    public var ticketPattern: String?
    /// Whether the change must be, or must not be, the recorded pair of the latest execution on its target.
    public var rollback: Bool?

    public init(
        actions: [String] = ["*"], targets: TargetSelector? = nil, callers: CallerSelector? = nil,
        riskClasses: [RiskLevel]? = nil, timeWindows: [TimeWindow]? = nil, requireTicket: Bool? = nil,
        ticketPattern: String? = nil, rollback: Bool? = nil
    ) {
        self.actions = actions
        self.targets = targets
        self.callers = callers
        self.riskClasses = riskClasses
        self.timeWindows = timeWindows
        self.requireTicket = requireTicket
        self.ticketPattern = ticketPattern
        self.rollback = rollback
    }
}

public struct TargetSelector: Hashable, Sendable {
    public var environments: [Environment]?
    public var sensitivities: [Sensitivity]?
    public var types: [String]?
    /// All must be equal.
    public var labels: [String: String]?

    public init(
        environments: [Environment]? = nil, sensitivities: [Sensitivity]? = nil, types: [String]? = nil,
        labels: [String: String]? = nil
    ) {
        self.environments = environments
        self.sensitivities = sensitivities
        self.types = types
        self.labels = labels
    }
}

public struct CallerSelector: Hashable, Sendable {
    public var agentIDs: [String]?
    public var roles: [String]?
    public var groups: [String]?
    public var kinds: [IdentityKind]?
    public var delegatedFrom: [String]?
    /// Matches callers whose delegation depth is at most this.
    public var maximumDelegationDepth: Int?
    public var requireDelegation: Bool?

    public init(
        agentIDs: [String]? = nil, roles: [String]? = nil, groups: [String]? = nil, kinds: [IdentityKind]? = nil,
        delegatedFrom: [String]? = nil, maximumDelegationDepth: Int? = nil, requireDelegation: Bool? = nil
    ) {
        self.agentIDs = agentIDs
        self.roles = roles
        self.groups = groups
        self.kinds = kinds
        self.delegatedFrom = delegatedFrom
        self.maximumDelegationDepth = maximumDelegationDepth
        self.requireDelegation = requireDelegation
    }
}

/// A weekly window in UTC; 0 is Monday; both hours inclusive; a window whose end lies before its start wraps midnight.
public struct TimeWindow: Hashable, Sendable {
    public var days: [Int]?
    public var startHour: Int
    public var endHour: Int

    public init(days: [Int]? = nil, startHour: Int = 0, endHour: Int = 23) {
        self.days = days
        self.startHour = startHour
        self.endHour = endHour
    }
}

/// `count` distinct people with `role`.
public struct ApprovalRequirement: Hashable, Sendable {
    public var role: String
    public var count: Int

    public init(role: String, count: Int) {
        self.role = role
        self.count = count
    }
}
