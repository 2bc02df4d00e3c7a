/// A time in which less is allowed than the rules say.
public struct Freeze: Hashable, Sendable {
    /// Unique among freezes and rules.
    public var name: String
    public var description: String
    public var period: FreezePeriod
    /// Whose clocks the period is read off.
    public var zone: Zone
    /// What is frozen; by default everything. Names no time windows: the period is the time.
    public var match: RuleMatch
    /// What may pass all the same: any of these is enough.
    public var exceptions: [RuleMatch]
    /// `deny`, or `require_approval`, which makes a deny of nothing.
    public var decision: Verdict
    /// Who must approve, when the decision is `require_approval`, beside those whom the rule names. Empty: the repository's
    /// default.
    public var approvals: [ApprovalRequirement]
    public var reason: String
    public var location: SourceLocation

    public init(
        name: String, description: String = "", period: FreezePeriod, zone: Zone, match: RuleMatch = RuleMatch(),
        exceptions: [RuleMatch] = [], decision: Verdict = .deny, approvals: [ApprovalRequirement] = [], reason: String,
        location: SourceLocation
    ) {
        self.name = name
        self.description = description
        self.period = period
        self.zone = zone
        self.match = match
        self.exceptions = exceptions
        self.decision = decision
        self.approvals = approvals
        self.reason = reason
        self.location = location
    }
}

/// When a freeze holds, on the wall. It begins at the first instant at which the clock shows `from`, and ends right before the
/// last one at which it shows `until`, so that a freeze is never shorter than it was written; a time that the clock skips is
/// the instant at which it does.
public enum FreezePeriod: Hashable, Sendable {
    /// From a day to a day.
    case once(from: WallTime, until: WallTime)
    /// Every week; minutes since Monday, 0:00. May run over the end of the week.
    case weekly(from: Int, until: Int)
    /// Every day; minutes since midnight. May run over midnight.
    case daily(from: Int, until: Int)

    public static let minutesOfDay = 1440
    public static let minutesOfWeek = 7 * minutesOfDay
}

extension Freeze {
    /// The stretch of time around `now` in which the freeze holds: from the first instant, up to the second one, at which it
    /// does not hold any more. nil when it does not hold at `now`.
    public func interval(around now: Timestamp) -> Range<Timestamp>? {
        switch period {
        case .once(let from, let until):
            return interval(from: from, until: until).flatMap { $0.contains(now) ? $0 : nil }
        case .weekly(let from, let until):
            guard mayHold(from: from, until: until, every: FreezePeriod.minutesOfWeek, now) else { return nil }
            return interval(from: from, until: until, every: FreezePeriod.minutesOfWeek, around: now)
        case .daily(let from, let until):
            guard mayHold(from: from, until: until, every: FreezePeriod.minutesOfDay, now) else { return nil }
            return interval(from: from, until: until, every: FreezePeriod.minutesOfDay, around: now)
        }
    }

    /// Whether the freeze will never hold again.
    public func isOver(at now: Timestamp) -> Bool {
        guard case .once(let from, let until) = period else { return false }
        return interval(from: from, until: until).map { $0.upperBound <= now } ?? true
    }

    /// nil where the clock skips all of it.
    private func interval(from: WallTime, until: WallTime) -> Range<Timestamp>? {
        let start = zone.instants(showing: from).first
        let end = zone.instants(showing: until).last
        return start < end ? start..<end : nil
    }

    /// The answer off the wall alone, which is the answer unless clocks are set within a day of `now`; then true.
    private func mayHold(from: Int, until: Int, every minutes: Int, _ now: Timestamp) -> Bool {
        let offset = zone.offset(at: now)
        guard zone.offset(at: now - .seconds(86_400)) == offset, zone.offset(at: now + .seconds(86_400)) == offset
        else { return true }
        let second = secondOfPeriod(WallTime(seconds: now.seconds + offset), minutes)
        let (start, end) = (Int64(from) * 60, Int64(until) * 60)
        return start < end ? start <= second && second < end : second >= start || second < end
    }

    private func secondOfPeriod(_ wall: WallTime, _ minutes: Int) -> Int64 {
        let length = Int64(minutes) * 60
        // 1970-01-05 was a Monday.
        let second = (wall.seconds - 4 * 86_400) % length
        return second < 0 ? second + length : second
    }

    private func interval(
        from: Int, until: Int, every minutes: Int, around now: Timestamp
    ) -> Range<Timestamp>? {
        let wall = zone.wallTime(at: now)
        let base = wall.seconds - secondOfPeriod(wall, minutes)
        let length = (until - from + minutes) % minutes
        return (-2...1).compactMap { round -> Range<Timestamp>? in
            let start = base + Int64((round * minutes + from) * 60)
            return interval(
                from: WallTime(seconds: start), until: WallTime(seconds: start + Int64(length) * 60))
        }
        .filter { $0.contains(now) }.max { $0.upperBound < $1.upperBound }
    }
}
