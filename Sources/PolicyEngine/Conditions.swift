internal import ChangeModel

/// The conditions that a rule can name, one bit each.
public struct Conditions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    static let action = Conditions(rawValue: 1 << 0)
    static let knownTarget = Conditions(rawValue: 1 << 1)
    static let environment = Conditions(rawValue: 1 << 2)
    static let sensitivity = Conditions(rawValue: 1 << 3)
    static let type = Conditions(rawValue: 1 << 4)
    static let labels = Conditions(rawValue: 1 << 5)
    static let namedCaller = Conditions(rawValue: 1 << 6)
    static let callerID = Conditions(rawValue: 1 << 7)
    static let roles = Conditions(rawValue: 1 << 8)
    static let groups = Conditions(rawValue: 1 << 9)
    static let kind = Conditions(rawValue: 1 << 10)
    static let delegatedFrom = Conditions(rawValue: 1 << 11)
    static let delegationDepth = Conditions(rawValue: 1 << 12)
    static let delegation = Conditions(rawValue: 1 << 13)
    static let risk = Conditions(rawValue: 1 << 14)
    static let time = Conditions(rawValue: 1 << 15)
    static let ticket = Conditions(rawValue: 1 << 16)
    static let rollback = Conditions(rawValue: 1 << 17)
    static let ticketPattern = Conditions(rawValue: 1 << 18)

    public var count: Int { rawValue.nonzeroBitCount }
}

/// What the rules ask about one request, beside what the request itself says.
struct Circumstances: Sendable {
    let target: CompiledTarget?
    let effectiveRisk: RiskLevel
    /// An empty ticket is none.
    let hasTicket: Bool
    let now: Timestamp
    let weekday: Int
    let hour: Int
    let isRollback: Bool

    init(
        _ request: DecisionRequest, target: CompiledTarget?, effectiveRisk: RiskLevel, isRollback: Bool, now: Timestamp
    ) {
        self.target = target
        self.effectiveRisk = effectiveRisk
        hasTicket = request.ticket.map { !$0.isEmpty } ?? false
        self.now = now
        weekday = now.weekday
        hour = now.hour
        self.isRollback = isRollback
    }
}

extension Caller {
    /// An empty id names nobody.
    var isAnonymous: Bool { id.map(\.isEmpty) ?? true }
}
