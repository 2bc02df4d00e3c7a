public import ChangeModel
internal import PolicyEngine

/// Which rules decided in a run of policy tests, and which of their conditions were seen to hold and to be missed.
///
/// A rule counts as asked where no rule before it decided: what an overruled rule says matters to nobody. A condition that was
/// the only one missed has shown that it matters by itself (masking MC/DC: Chilenski 2001, DOT/FAA/AR-01/18).
public struct PolicyCoverage: Sendable {
    public struct Condition: Sendable, Equatable {
        /// As a policy file spells it: `targets.environments`. `targets` alone: the inventory knows the target; `callers`
        /// alone: the caller has a name.
        public let key: String
        public internal(set) var held = 0
        public internal(set) var missed = 0
        /// How often it was the only one that was missed.
        public internal(set) var alone = 0

        /// Seen both ways.
        public var isCovered: Bool { held > 0 && missed > 0 }
    }

    public struct Rule: Sendable, Equatable {
        public let name: String
        public let location: SourceLocation
        public internal(set) var asked = 0
        public internal(set) var decided = 0
        public internal(set) var conditions: [Condition]
    }

    /// In the order in which rules are asked.
    public private(set) var rules: [Rule]
    /// The conditions of each rule, in the order in which it lists them.
    private let named: [[Conditions]]

    init(_ rules: [(name: String, location: SourceLocation, named: Conditions)]) {
        named = rules.map(\.named.members)
        self.rules = zip(rules, named).map { rule, named in
            Rule(name: rule.name, location: rule.location, conditions: named.map { Condition(key: $0.key) })
        }
    }

    /// The rules that had a say: those up to the one that decided.
    static func asked(_ rehearsal: Rehearsal) -> ArraySlice<RuleRehearsal> {
        guard rehearsal.asksRules else { return [] }
        let last = rehearsal.rules.firstIndex { $0.standing == .decides }
        return rehearsal.rules[...(last ?? rehearsal.rules.count - 1)]
    }

    mutating func note(_ rehearsal: Rehearsal) {
        for (index, rule) in Self.asked(rehearsal).enumerated() {
            rules[index].asked += 1
            if rule.standing == .decides { rules[index].decided += 1 }
            for condition in rule.evaluated.members {
                guard let place = rules[index].conditions.firstIndex(where: { $0.key == condition.key }) else {
                    continue
                }
                if !rule.missed.contains(condition) {
                    rules[index].conditions[place].held += 1
                } else {
                    rules[index].conditions[place].missed += 1
                    if rule.missed == condition { rules[index].conditions[place].alone += 1 }
                }
            }
        }
    }

    public var decidedRules: Int { rules.count { $0.decided > 0 } }
    public var silentRules: [Rule] { rules.filter { $0.decided == 0 } }
    public var conditionCount: Int { rules.reduce(0) { $0 + $1.conditions.count } }
    public var coveredConditions: Int { rules.reduce(0) { $0 + $1.conditions.count { $0.isCovered } } }
    public var loneConditions: Int { rules.reduce(0) { $0 + $1.conditions.count { $0.alone > 0 } } }

    /// Whole percent, rounded down; of nothing, everything is covered.
    static func percent(_ part: Int, of whole: Int) -> Int { whole == 0 ? 100 : part * 100 / whole }

    public var rulePercent: Int { Self.percent(decidedRules, of: rules.count) }
    public var conditionPercent: Int { Self.percent(coveredConditions, of: conditionCount) }

    public var json: JSONValue {
        [
            "rules_percent": .integer(Int64(rulePercent)), "conditions_percent": .integer(Int64(conditionPercent)),
            "rules_total": .integer(Int64(rules.count)), "rules_decided": .integer(Int64(decidedRules)),
            "conditions_total": .integer(Int64(conditionCount)),
            "conditions_covered": .integer(Int64(coveredConditions)),
            "conditions_alone": .integer(Int64(loneConditions)),
            "rules": .array(
                rules.map { rule in
                    [
                        "rule": .string(rule.name), "location": .string(rule.location.description),
                        "asked": .integer(Int64(rule.asked)), "decided": .integer(Int64(rule.decided)),
                        "conditions": .array(
                            rule.conditions.map {
                                [
                                    "condition": .string($0.key), "held": .integer(Int64($0.held)),
                                    "missed": .integer(Int64($0.missed)), "alone": .integer(Int64($0.alone)),
                                ]
                            }),
                    ]
                }),
        ]
    }
}
