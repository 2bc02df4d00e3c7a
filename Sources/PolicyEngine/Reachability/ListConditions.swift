internal import ChangeModel

/// The part of a match that asks for names, of which there are ever more. Names are numbers here.
struct ListConditions: Hashable {
    /// Each list is sorted; nil: the condition is not named.
    private var callers: [Int]?
    private var roles: [Int]?
    private var groups: [Int]?
    private var delegators: [Int]?
    private var types: [Int]?
    /// Labels with their values, all of which a target must have.
    private var labels: [Int]
    private var depth: Int?
    private var delegation: Bool?

    /// Gives each name a number.
    struct Names {
        private var numbers: [String: Int] = [:]

        mutating func number(_ name: String) -> Int {
            if let number = numbers[name] { return number }
            numbers[name] = numbers.count
            return numbers.count - 1
        }

        mutating func numbers(_ names: [String]?) -> [Int]? {
            names.map { Array(Set($0.map { number($0) })).sorted() }
        }
    }

    init(_ match: RuleMatch, _ names: inout Names) {
        callers = names.numbers(match.callers?.agentIDs)
        roles = names.numbers(match.callers?.roles)
        groups = names.numbers(match.callers?.groups)
        delegators = names.numbers(match.callers?.delegatedFrom)
        types = names.numbers(match.targets?.types)
        labels = (match.targets?.labels ?? [:]).map { names.number("\($0.key.utf8.count) \($0.key)=\($0.value)") }
            .sorted()
        depth = match.callers?.maximumDelegationDepth
        delegation = match.callers?.requireDelegation
    }

    /// Whether nothing can meet the conditions.
    var isEmpty: Bool {
        [callers, roles, groups, delegators, types].contains { $0?.isEmpty ?? false } || depth.map { $0 < 0 } ?? false
            || depth == 0 && (delegation == true || delegators != nil)
    }

    /// Whether these conditions hold wherever `other` hold.
    func contains(_ other: ListConditions) -> Bool {
        func takes(_ list: [Int]?, _ asked: [Int]?) -> Bool {
            guard let list else { return true }
            guard let asked else { return false }
            return Self.isSubset(asked, of: list)
        }
        return takes(callers, other.callers) && takes(roles, other.roles) && takes(groups, other.groups)
            && takes(delegators, other.delegators) && takes(types, other.types)
            && Self.isSubset(labels, of: other.labels)
            && (depth.map { most in other.depth.map { $0 <= most } ?? false } ?? true)
            && (delegation == nil || delegation == other.delegation)
    }

    /// Of sorted lists.
    private static func isSubset(_ small: [Int], of large: [Int]) -> Bool {
        var index = 0
        for number in small {
            while index < large.count, large[index] < number { index += 1 }
            guard index < large.count, large[index] == number else { return false }
        }
        return true
    }

    /// Conditions that together hold exactly where these do, each with one name in a list, so that several rules may share
    /// them; just these, where there would be too many.
    var parts: [ListConditions] {
        let lists = [\ListConditions.callers, \.roles, \.groups, \.delegators, \.types]
        guard lists.reduce(1, { min($0 * (self[keyPath: $1]?.count ?? 1), 1000) }) <= 64 else { return [self] }
        return lists.reduce([self]) { parts, list in
            parts.flatMap { part in
                part[keyPath: list].map { names in
                    names.map { name in
                        var single = part
                        single[keyPath: list] = [name]
                        return single
                    }
                } ?? [part]
            }
        }
    }

    /// Where conditions are filed, so that those which contain others are found without a look at all of them.
    enum Pivot: Hashable {
        case none
        case caller(Int)
        case label(Int)
        case delegator(Int)
        case group(Int)
        case role(Int)
        case type(Int)
    }

    /// Places to file these conditions under. Whatever they contain has one of these pivots.
    var ownPivots: [Pivot] {
        if let callers { return callers.map { .caller($0) } }
        if let label = labels.first { return [.label(label)] }
        if let delegators { return delegators.map { .delegator($0) } }
        if let groups { return groups.map { .group($0) } }
        if let roles { return roles.map { .role($0) } }
        if let types { return types.map { .type($0) } }
        return [.none]
    }

    /// Places where conditions that contain these may be filed, each such conditions in one of them at most.
    var containingPivots: [Pivot] {
        var pivots: [Pivot] = [.none]
        if let name = callers?.first { pivots.append(.caller(name)) }
        pivots += labels.map { .label($0) }
        if let name = delegators?.first { pivots.append(.delegator(name)) }
        if let name = groups?.first { pivots.append(.group(name)) }
        if let name = roles?.first { pivots.append(.role(name)) }
        if let name = types?.first { pivots.append(.type(name)) }
        return pivots
    }
}

extension RuleMatch {
    /// Whether the match asks for nothing but what the analysis knows. It is taken apart and put together again: a
    /// condition that is added to the format and not here is lost on the way, and a rule that names it then covers no other.
    var isFullyKnown: Bool {
        self
            == RuleMatch(
                actions: actions,
                targets: targets.map {
                    TargetSelector(
                        environments: $0.environments, sensitivities: $0.sensitivities, types: $0.types,
                        labels: $0.labels)
                },
                callers: callers.map {
                    CallerSelector(
                        agentIDs: $0.agentIDs, roles: $0.roles, groups: $0.groups, kinds: $0.kinds,
                        delegatedFrom: $0.delegatedFrom, maximumDelegationDepth: $0.maximumDelegationDepth,
                        requireDelegation: $0.requireDelegation)
                },
                riskClasses: riskClasses,
                timeWindows: timeWindows.map {
                    $0.map { TimeWindow(days: $0.days, startHour: $0.startHour, endHour: $0.endHour) }
                },
                requireTicket: requireTicket, rollback: rollback)
    }
}
