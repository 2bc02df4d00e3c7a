public import ChangeModel

/// A rule that no request can ever reach, and why.
public struct UnreachableRule: Hashable, Sendable {
    public let rule: String
    public let location: SourceLocation
    /// The rules that are asked before it and hold wherever it does: one, if one is enough. Empty when the rule's own
    /// conditions cannot hold together.
    public let coveredBy: [RulePlace]
    /// Why, in words.
    public let reason: String
}

/// Which rule, and where it stands.
public struct RulePlace: Hashable, Sendable {
    public let name: String
    public let location: SourceLocation

    init(_ rule: Rule) {
        name = rule.name
        location = rule.location
    }
}

/// What could be found out about the rules that no request can reach.
public struct Reachability: Sendable {
    /// In the order in which rules are asked.
    public let unreachable: [UnreachableRule]
    /// How many rules, the last ones to be asked, were not looked at any more because the effort reached its bound.
    public let unexamined: Int
}

extension PolicyEngine {
    /// The rules that can be shown never to decide: whatever they match, rules before them match.
    ///
    /// Only what is provable is reported, from the conditions of the rules and the actions of the catalogue, and whatever
    /// the inventory and the identities say: a rule that this reports may go, and no decision changes. A rule that is not
    /// reported may still never decide.
    public func unreachableRules() -> [UnreachableRule] { reachability().unreachable }

    /// - Parameter effort: a bound for the work, in steps of a few nanoseconds.
    public func reachability(effort: Int = 400_000_000) -> Reachability {
        var analysis = ReachabilityAnalysis(
            rules: rules.map(\.rule),
            actions: actions.values.sorted { $0.definition.name < $1.definition.name }
                .map { ($0.definition.riskClass, index.members(of: $0.rules)) },
            effort: effort)
        return analysis.run()
    }
}
