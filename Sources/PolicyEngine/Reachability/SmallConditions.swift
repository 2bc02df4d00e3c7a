internal import ChangeModel

/// The part of a match that asks for things with few values, as the sets of values that it takes; one bit each.
struct SmallConditions: Hashable {
    /// Bit 0: an unknown target; then each environment with each sensitivity.
    let targets: UInt16
    /// Bit 0: an anonymous caller; bit 1: a named one whose kind is not known; then each kind.
    let callers: UInt8
    /// Bit 0: no ticket; bit 1: one is given.
    let tickets: UInt8
    /// Bit 0: no rollback; bit 1: one.
    let rollbacks: UInt8
    /// For each weekday, Monday first, one bit an hour.
    let hours: [UInt32]

    static let targetCount = 1 + Environment.allCases.count * Sensitivity.allCases.count
    static let callerCount = 2 + IdentityKind.allCases.count
    static let everyHour = [UInt32](repeating: 0xFF_FFFF, count: 7)

    /// - Parameters:
    ///   - risk: of the action in question. With the target's sensitivity it gives the effective risk, so that
    ///   `risk_classes` become a condition on the target.
    ///   - hours: those of the match's time windows.
    init(_ match: RuleMatch, risk: RiskLevel, hours: [UInt32]) {
        var targets: UInt16 = 0
        func add(_ bit: Int, _ sensitivity: Sensitivity?) {
            if let risks = match.riskClasses, !risks.contains(risk.effective(on: sensitivity)) { return }
            targets |= 1 << UInt16(bit)
        }
        if match.targets == nil { add(0, nil) }
        for (row, environment) in Environment.allCases.enumerated()
        where match.targets?.environments?.contains(environment) ?? true {
            for (column, sensitivity) in Sensitivity.allCases.enumerated()
            where match.targets?.sensitivities?.contains(sensitivity) ?? true {
                add(1 + row * Sensitivity.allCases.count + column, sensitivity)
            }
        }
        self.targets = targets
        var callers: UInt8 = match.callers == nil ? 1 : 0
        if match.callers?.kinds == nil { callers |= 2 }
        for (number, kind) in IdentityKind.allCases.enumerated() where match.callers?.kinds?.contains(kind) ?? true {
            callers |= 4 << UInt8(number)
        }
        self.callers = callers
        tickets = match.requireTicket.map { $0 ? 2 : 1 } ?? 3
        rollbacks = match.rollback.map { $0 ? 2 : 1 } ?? 3
        self.hours = hours
    }

    /// For each weekday, Monday first, one bit for each hour in one of the windows.
    static func hours(in windows: [TimeWindow]?) -> [UInt32] {
        guard let windows else { return everyHour }
        return (0..<7).map { day in
            (0..<24).reduce(into: UInt32(0)) { bits, hour in
                if windows.contains(where: { $0.contains(weekday: day, hour: hour) }) { bits |= 1 << UInt32(hour) }
            }
        }
    }

    /// Whether nothing can meet the conditions.
    var isEmpty: Bool {
        targets == 0 || callers == 0 || tickets == 0 || rollbacks == 0 || hours.allSatisfy { $0 == 0 }
    }
}

/// Sets of cells: one cell for each combination of the few values, with hours that no rule tells apart taken together.
struct CellGrid {
    /// For each hour of the week, the number of its class.
    private var classes = [Int](repeating: 0, count: 168)
    private var classCount = 1
    private var known: [SmallConditions: [UInt64]] = [:]

    init(telling sets: Set<[UInt32]>) {
        for set in sets where set != SmallConditions.everyHour {
            var numbers: [Int: Int] = [:]
            for hour in 0..<168 {
                let key = classes[hour] * 2 + Int(set[hour / 24] >> UInt32(hour % 24) & 1)
                let number = numbers[key] ?? numbers.count
                numbers[key] = number
                classes[hour] = number
            }
            classCount = numbers.count
        }
    }

    var words: Int {
        (SmallConditions.targetCount * SmallConditions.callerCount * 4 * classCount + 63) / 64
    }

    mutating func cells(of conditions: SmallConditions) -> [UInt64] {
        if let cells = known[conditions] { return cells }
        var hours = [Bool](repeating: false, count: classCount)
        for hour in 0..<168 where conditions.hours[hour / 24] >> UInt32(hour % 24) & 1 == 1 {
            hours[classes[hour]] = true
        }
        var cells = [UInt64](repeating: 0, count: words)
        for target in 0..<SmallConditions.targetCount where conditions.targets >> UInt16(target) & 1 == 1 {
            for caller in 0..<SmallConditions.callerCount where conditions.callers >> UInt8(caller) & 1 == 1 {
                for other in 0..<4
                where conditions.tickets >> UInt8(other & 1) & conditions.rollbacks >> UInt8(other >> 1) & 1 == 1 {
                    let first = ((target * SmallConditions.callerCount + caller) * 4 + other) * classCount
                    for number in 0..<classCount where hours[number] {
                        cells[(first + number) / 64] |= 1 << UInt64((first + number) % 64)
                    }
                }
            }
        }
        known[conditions] = cells
        return cells
    }
}
