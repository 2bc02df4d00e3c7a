internal import ChangeModel

/// A rule with its lists turned into bits where the values are few. A class, for it is handed around millions of times.
final class CompiledRule: Sendable {
    let rule: Rule
    /// The decision that it gives, but for the two risks.
    let decision: Decision
    let actions: [Glob]
    private let targets: CompiledTargetSelector?
    private let callers: CompiledCallerSelector?
    private let risks: UInt8?
    private let requiresTicket: Bool?
    private let requiresRollback: Bool?
    /// For each weekday, Monday first, one bit an hour.
    private let hours: [UInt32]?
    private let ticketPattern: TicketPattern?

    /// - Parameter decision: what the rule's own members say, completed by the repository's settings.
    init(_ rule: Rule, decision: Decision) {
        self.rule = rule
        self.decision = decision
        actions = rule.match.actions.map { Glob($0) }
        ticketPattern = rule.match.ticketPattern.map { TicketPattern($0) }
        targets = rule.match.targets.map { CompiledTargetSelector($0) }
        callers = rule.match.callers.map { CompiledCallerSelector($0) }
        requiresTicket = rule.match.requireTicket
        requiresRollback = rule.match.rollback
        risks = rule.match.riskClasses.map { $0.reduce(0) { $0 | $1.bit } }
        hours = rule.match.timeWindows.map { windows in
            (0..<7).map { day in
                (0..<24).reduce(into: UInt32(0)) { bits, hour in
                    if windows.contains(where: { $0.contains(weekday: day, hour: hour) }) { bits |= 1 << UInt32(hour) }
                }
            }
        }
    }

    func matchesAction(_ name: String) -> Bool { actions.contains { $0.matches(name) } }

    func isOpen(weekday: Int, hour: Int) -> Bool { hours.map { $0[weekday] >> UInt32(hour) & 1 == 1 } ?? true }

    func holds(for request: DecisionRequest, _ circumstances: Circumstances) -> Bool {
        missed(by: request, circumstances, stoppingEarly: true).isEmpty
    }

    /// Every condition but the action that does not hold; only the first one when `stoppingEarly`.
    func missed(
        by request: DecisionRequest, _ circumstances: Circumstances, stoppingEarly: Bool = false
    ) -> Conditions {
        var missed: Conditions = []
        if let risks, risks & circumstances.effectiveRisk.bit == 0 { missed.insert(.risk) }
        if stoppingEarly, !missed.isEmpty { return missed }
        if let targets { missed.formUnion(targets.missed(by: circumstances.target)) }
        if stoppingEarly, !missed.isEmpty { return missed }
        if let callers { missed.formUnion(callers.missed(by: request.caller)) }
        if !isOpen(weekday: circumstances.weekday, hour: circumstances.hour) { missed.insert(.time) }
        if let requiresTicket, requiresTicket != circumstances.hasTicket { missed.insert(.ticket) }
        if let ticketPattern, !ticketPattern.matches(request.ticket) { missed.insert(.ticketPattern) }
        if let requiresRollback, requiresRollback != circumstances.isRollback { missed.insert(.rollback) }
        return missed
    }
}

extension TimeWindow {
    /// The day is that of the instant itself, in the hours after midnight too.
    func contains(weekday: Int, hour: Int) -> Bool {
        if let days, !days.contains(weekday) { return false }
        return startHour <= endHour
            ? startHour <= hour && hour <= endHour
            : hour >= startHour || hour <= endHour
    }
}

extension RiskLevel {
    fileprivate var bit: UInt8 { 1 << UInt8(rawValue) }
}
