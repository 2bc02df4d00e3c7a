/// `agentsafe.yaml`.
public struct Configuration: Hashable, Sendable {
    /// 128 random bits in Crockford's base32, fixed at genesis; nil in a plain folder.
    public var repository: String?
    /// Digest of the ledger's genesis commit; nil until the first trust commit sets it.
    public var ledgerGenesis: Digest?
    /// Spellings of the one remote that holds the ledger.
    public var ledgerURLs: [String]
    /// Folder of the action files.
    public var registry: String
    /// Folder of the policy files.
    public var policies: String
    public var inventory: String
    public var identities: String
    public var targetBinding: TargetBinding
    /// Who must approve when a rule that requires approval does not say.
    public var approvals: [ApprovalRequirement]
    /// What a ticket that a request names must look like, as a whole; nil: anything.
    public var ticketPattern: String?
    /// Deadlines and break-glass where a rule that requires approval does not say.
    public var terms: ApprovalTerms
    /// How long a proposal lives when its author does not say, in seconds.
    public var defaultExpiry: Int64
    /// The longest life of a proposal, in seconds.
    public var maximumExpiry: Int64
    /// How long an execution ticket lives, in seconds.
    public var ticketLifetime: Int64
    /// Whether nothing runs without an execution ticket.
    public var requiresTicket: Bool
    /// nil: off.
    public var rateLimit: RateLimit?
    /// nil: off.
    public var cumulativeRisk: CumulativeRisk?
    /// Where runners take credentials and secrets from.
    public var credentials: CredentialSettings
    /// What may carry out actions; the first that covers a target's type holds. Empty: whatever reaches the target.
    public var executors: [ExecutorRule]
    /// Who is told what the ledger records.
    public var notifications: [NotificationSink]
    /// Keys of the file that this version reads and does not act on.
    public var unenforced: [String]

    public init(
        repository: String? = nil, ledgerGenesis: Digest? = nil, ledgerURLs: [String] = [],
        registry: String = "actions", policies: String = "policies", inventory: String = "inventory.yaml",
        identities: String = "identities.yaml",
        targetBinding: TargetBinding = .enforce,
        approvals: [ApprovalRequirement] = [ApprovalRequirement(role: Role.approver, count: 1)],
        ticketPattern: String? = nil,
        terms: ApprovalTerms = ApprovalTerms(),
        defaultExpiry: Int64 = 86_400, maximumExpiry: Int64 = 7 * 86_400, ticketLifetime: Int64 = 300,
        requiresTicket: Bool = false, rateLimit: RateLimit? = nil, cumulativeRisk: CumulativeRisk? = nil,
        credentials: CredentialSettings = CredentialSettings(), executors: [ExecutorRule] = [],
        notifications: [NotificationSink] = [], unenforced: [String] = []
    ) {
        self.repository = repository
        self.ledgerGenesis = ledgerGenesis
        self.ledgerURLs = ledgerURLs
        self.registry = registry
        self.policies = policies
        self.inventory = inventory
        self.identities = identities
        self.targetBinding = targetBinding
        self.approvals = approvals
        self.ticketPattern = ticketPattern
        self.terms = terms
        self.defaultExpiry = defaultExpiry
        self.maximumExpiry = maximumExpiry
        self.ticketLifetime = ticketLifetime
        self.requiresTicket = requiresTicket
        self.rateLimit = rateLimit
        self.cumulativeRisk = cumulativeRisk
        self.credentials = credentials
        self.executors = executors
        self.notifications = notifications
        self.unenforced = unenforced
    }

    public static let fileName = "agentsafe.yaml"
}

public enum TargetBinding: String, Sendable, CaseIterable {
    case enforce, advisory
}

/// Everything that a decision reads: one consistent version of actions, targets, rules and settings.
public struct Catalogue: Sendable {
    public var configuration: Configuration
    public var actions: [String: ActionDefinition]
    public var targets: [String: TargetEntry]
    /// In file-name order, and in file order within a file; the engine sorts by priority.
    public var rules: [Rule]
    /// In file-name order, and in file order within a file.
    public var freezes: [Freeze]
    public var identities: IdentityRegistry?

    public init(
        configuration: Configuration, actions: [ActionDefinition], targets: [TargetEntry], rules: [Rule],
        freezes: [Freeze] = [], identities: IdentityRegistry?
    ) {
        self.configuration = configuration
        self.actions = Dictionary(actions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.targets = Dictionary(targets.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.rules = rules
        self.freezes = freezes
        self.identities = identities
    }
}
