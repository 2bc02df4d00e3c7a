internal import ChangeModel
internal import PolicyEngine

/// The clocks of a few zones, written from what their laws say, without a table.
enum NaiveZone: String, CaseIterable {
    case utc = "UTC"
    case berlin = "Europe/Berlin"
    case newYork = "America/New_York"
    case lordHowe = "Australia/Lord_Howe"
    case kathmandu = "Asia/Kathmandu"

    private static func monthLength(_ year: Int, _ month: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days since 1970-01-01, counted month by month.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        var days = (year - 1970) * 365 + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400
        for earlier in 1..<month { days += monthLength(year, earlier) }
        return days + day - 1
    }

    /// `number` 1 is the first Sunday of the month, and so on; 0 is the last.
    private static func sunday(_ number: Int, _ year: Int, _ month: Int) -> Int {
        let all = (1...monthLength(year, month)).map { days(year, month, $0) }.filter { ($0 + 3) % 7 == 6 }
        return number == 0 ? all[all.count - 1] : all[number - 1]
    }

    /// When clocks are set in a year, in seconds since 1970: forward, and back.
    func changes(in year: Int) -> (forward: Int64, back: Int64)? {
        func at(_ day: Int, _ minutesUTC: Int) -> Int64 { Int64(day) * 86_400 + Int64(minutesUTC) * 60 }
        switch self {
        case .utc, .kathmandu: return nil
        // The last Sundays of March and October, at 1:00 UTC.
        case .berlin: return (at(Self.sunday(0, year, 3), 60), at(Self.sunday(0, year, 10), 60))
        // The second Sunday of March and the first of November, at 2:00 on the wall.
        case .newYork: return (at(Self.sunday(2, year, 3), 420), at(Self.sunday(1, year, 11), 360))
        // The first Sundays of October and April, at 2:00 on the wall: 15:30 and 15:00 UTC on the day before.
        case .lordHowe: return (at(Self.sunday(1, year, 10) - 1, 930), at(Self.sunday(1, year, 4) - 1, 900))
        }
    }

    func offset(_ instant: Int64) -> Int64 {
        let (standard, summer): (Int64, Int64) =
            switch self {
            case .utc: (0, 0)
            case .kathmandu: (20_700, 20_700)
            case .berlin: (3600, 7200)
            case .newYork: (-18_000, -14_400)
            case .lordHowe: (37_800, 39_600)
            }
        var year = 1970
        while Int64(Self.days(year + 1, 1, 1)) * 86_400 <= instant { year += 1 }
        guard let (forward, back) = changes(in: year) else { return standard }
        let isSummer =
            forward < back ? instant >= forward && instant < back : !(instant >= back && instant < forward)
        return isSummer ? summer : standard
    }

    /// The first and the last instant, in steps of a quarter of an hour, at which the clock shows `wall`; where it never does,
    /// the first at which it shows more.
    func instants(_ wall: Int64) -> (first: Int64, last: Int64) {
        var shown: [Int64] = []
        var beyond: Int64?
        // Whatever the offset, it lies within fourteen hours; look around the one that holds the day before.
        let near = wall - offset(wall - 86_400)
        for instant in stride(from: near - 10_800, through: near + 10_800, by: 900) {
            let clock = instant + offset(instant)
            if clock == wall { shown.append(instant) }
            if clock > wall, beyond == nil { beyond = instant }
        }
        if let first = shown.first, let last = shown.last { return (first, last) }
        return (beyond ?? 0, beyond ?? 0)
    }
}

extension NaiveEngine {
    /// What the freezes make of an answer of the rules.
    func freeze(
        _ answer: NaiveAnswer, _ request: DecisionRequest, _ target: TargetEntry?, _ isRollback: Bool, _ now: Timestamp,
        _ coverage: inout Coverage
    ) -> NaiveAnswer {
        if answer.result == .deny { return answer }
        var inForce: [(freeze: Freeze, end: Int64)] = []
        for freeze in catalogue.freezes {
            let end = end(freeze, now, &coverage)
            coverage.note(.freezeTime, end != nil)
            guard let end else { continue }
            var ignored = Coverage()
            func matches(_ match: RuleMatch) -> Bool {
                self.matches(match, request, target, answer.effectiveRisk, isRollback, now, &ignored)
            }
            let isMeant = matches(freeze.match)
            coverage.note(.freezeMatch, isMeant)
            if !isMeant { continue }
            let passes = freeze.exceptions.map(matches).contains(true)
            coverage.note(.freezeException, passes)
            if !passes { inForce.append((freeze, end)) }
        }
        var stricter = answer
        // What a rule lets pass in its own time, it does not let pass in a freeze's.
        if !inForce.isEmpty { stricter.advisory = [] }
        if let first = inForce.first(where: { $0.freeze.decision == .deny }) {
            (stricter.result, stricter.code, stricter.rule, stricter.approvals) = (
                .deny, .frozen, first.freeze.name, [:]
            )
            stricter.retryAfter = Timestamp(seconds: first.end)
        } else if let first = inForce.first {
            (stricter.result, stricter.code, stricter.rule) = (.requireApproval, .frozen, first.freeze.name)
            for (freeze, _) in inForce {
                for (role, count) in people(freeze.approvals) {
                    stricter.approvals[role] = max(stricter.approvals[role] ?? 0, count)
                }
            }
        }
        return stricter
    }

    /// Of each role, how many people a list asks for; an empty list is the repository's.
    func people(_ requirements: [ApprovalRequirement]) -> [String: Int] {
        var people: [String: Int] = [:]
        for entry in requirements.isEmpty ? catalogue.configuration.approvals : requirements {
            people[entry.role, default: 0] += entry.count
        }
        return people
    }

    /// When the stretch in which the freeze holds now is over; nil when it does not hold.
    private func end(_ freeze: Freeze, _ now: Timestamp, _ coverage: inout Coverage) -> Int64? {
        guard let zone = NaiveZone(rawValue: freeze.zone.name) else { return nil }
        var last: Int64?
        coverage.note(.clockChange, zone.offset(now.seconds - 10_800) != zone.offset(now.seconds + 10_800))
        func look(_ from: Int64, _ until: Int64) {
            let end = zone.instants(until).last
            if zone.instants(from).first <= now.seconds, now.seconds < end { last = max(last ?? end, end) }
        }
        let today = (now.seconds + zone.offset(now.seconds)) / 86_400
        switch freeze.period {
        case .once(let from, let until): look(from.seconds, until.seconds)
        case .daily(let from, let until):
            // It may have begun yesterday, and, where a clock is about to be set back, "tomorrow".
            for day in (today - 2)...(today + 1) {
                let end = (until > from ? day : day + 1) * 86_400 + Int64(until) * 60
                look(day * 86_400 + Int64(from) * 60, end)
            }
        case .weekly(let from, let until):
            for day in (today - 14)...(today + 1) where (day + 3) % 7 == 0 {
                let end = (until > from ? day : day + 7) * 86_400 + Int64(until) * 60
                look(day * 86_400 + Int64(from) * 60, end)
            }
        }
        return last
    }
}
