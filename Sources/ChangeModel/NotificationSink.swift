/// What is told about.
public enum NotificationKind: String, Sendable, CaseIterable {
    /// A decision is that people must approve.
    case approvalNeeded = "approval_needed"
    /// A decision is a deny.
    case denied
    /// A change was carried out.
    case executed
    /// A change was carried out in part, or not at all.
    case failed
    /// A run prepared a change, and nobody knows what became of it.
    case unknown
    /// A change was claimed without its approvals, on a person's word.
    case breakGlass = "break_glass"
}

/// An entry of `notifications` in `agentsafe.yaml`: who is told, how, and of what. Whoever reads the file may see it, so it holds no
/// secret: those are each machine's.
public struct NotificationSink: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// JSON, signed by Standard Webhooks.
        case webhook
        /// Slack's incoming webhooks, whose URL is itself the secret.
        case slack
    }

    public var name: String
    public var kind: Kind
    /// nil: the machine says it.
    public var url: String?
    public var events: [NotificationKind]
    /// Only what is done to targets of these. Empty: all.
    public var environments: [Environment]

    public init(
        name: String, kind: Kind, url: String? = nil, events: [NotificationKind] = NotificationKind.allCases,
        environments: [Environment] = []
    ) {
        self.name = name
        self.kind = kind
        self.url = url
        self.events = events
        self.environments = environments
    }

    /// The most entries.
    public static let maximumCount = 20

    /// The part of the names of variables that is the sink's: in capitals, with `_` for `-` and `.`.
    public var variablePart: String { String(name.uppercased().map { "-.".contains($0) ? "_" : $0 }) }

    public func wants(_ kind: NotificationKind, in touched: Set<Environment>) -> Bool {
        events.contains(kind) && (environments.isEmpty || !touched.isDisjoint(with: environments))
    }
}
