internal import ChangeModel

/// How often the random cases reached each thing that a decision can turn on.
struct Coverage {
    enum Condition: Int, CaseIterable {
        case action, knownTarget, environment, sensitivity, type, labels, namedCaller, callerID, roles, groups, kind
        case delegation, delegatedFrom, delegationDepth, risk, time, ticket, ticketPattern, rollback
        /// A freeze: whether its time has come, whether it is about the request, whether an exception lets it pass.
        case freezeTime, freezeMatch, freezeException
        /// Of the zones of freezes, whether clocks are set within three hours.
        case clockChange
        /// Whether the rule lets a precheck fail.
        case advisory
    }

    private(set) var held = [Int](repeating: 0, count: Condition.allCases.count)
    private(set) var missed = [Int](repeating: 0, count: Condition.allCases.count)
    private(set) var codes: [DecisionCode: Int] = [:]
    private(set) var verdicts: [Verdict: Int] = [:]
    /// What the cumulative risk made of decisions.
    private(set) var raised: [Verdict: Int] = [:]
    private(set) var cases = 0

    mutating func note(_ condition: Condition, _ answer: Bool) {
        if answer { held[condition.rawValue] += 1 } else { missed[condition.rawValue] += 1 }
    }

    mutating func note(_ answer: NaiveAnswer) {
        cases += 1
        codes[answer.code, default: 0] += 1
        verdicts[answer.result, default: 0] += 1
        if answer.code == .cumulativeRisk { raised[answer.result, default: 0] += 1 }
    }

    mutating func add(_ other: Coverage) {
        for index in held.indices {
            held[index] += other.held[index]
            missed[index] += other.missed[index]
        }
        codes.merge(other.codes, uniquingKeysWith: +)
        verdicts.merge(other.verdicts, uniquingKeysWith: +)
        raised.merge(other.raised, uniquingKeysWith: +)
        cases += other.cases
    }
}
