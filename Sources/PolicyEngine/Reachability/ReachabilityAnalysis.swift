internal import ChangeModel

/// Finds the rules that are never the first to hold.
///
/// A match is cut in two: conditions on things with few values, which become a set of cells, and conditions on names. Where
/// an earlier rule's names contain those of the rule in question, its cells are taken out of that rule's; a rule with no
/// cell left, for each of its actions and names, never decides. So the earlier rules may cover it together. Rules that were
/// found unreachable cover nothing that is not covered without them, and are forgotten.
struct ReachabilityAnalysis {
    /// Actions of one risk that the same rules name: they need not be told apart.
    private struct ActionClass {
        let risk: RiskLevel
        var earlier = EarlierRules()
    }

    private let rules: [Rule]
    private var classes: [ActionClass] = []
    /// For each rule, the action classes that it names.
    private var classesOfRule: [[Int]]
    private let lists: [ListConditions]
    private let hours: [[UInt32]]
    private var grid: CellGrid
    private var effort: Int

    /// - Parameters:
    ///   - rules: in the order in which they are asked.
    ///   - actions: of each action its risk, and the indices of the rules that name it.
    init(rules: [Rule], actions: [(risk: RiskLevel, rules: [Int])], effort: Int) {
        self.rules = rules
        self.effort = effort
        classesOfRule = [[Int]](repeating: [], count: rules.count)
        struct Key: Hashable {
            let risk: RiskLevel
            let rules: [Int]
        }
        for key in Set(actions.map { Key(risk: $0.risk, rules: $0.rules) }) {
            for rule in key.rules { classesOfRule[rule].append(classes.count) }
            classes.append(ActionClass(risk: key.risk))
        }
        var names = ListConditions.Names()
        lists = rules.map { ListConditions($0.match, &names) }
        hours = rules.map { SmallConditions.hours(in: $0.match.timeWindows) }
        grid = CellGrid(telling: Set(hours))
    }

    mutating func run() -> Reachability {
        var found: [UnreachableRule] = []
        for index in rules.indices {
            guard effort > 0 else { return Reachability(unreachable: found, unexamined: rules.count - index) }
            if let reason = impossibility(of: index) {
                found.append(unreachable(index, [], reason))
            } else if !enter(index) {
                let covering = coveringRules(of: index)
                let names = covering.prefix(5).map { "`\(rules[$0].name)` (\(rules[$0].location))" }
                let rest = covering.count > 5 ? ["\(covering.count - 5) more"] : []
                found.append(
                    unreachable(
                        index, covering.map { RulePlace(rules[$0]) },
                        "wherever it holds, " + (names + rest).joined(separator: ", ")
                            + (covering.count == 1 ? " holds too, and decides first" : " hold too, and decide first")))
            }
        }
        return Reachability(unreachable: found, unexamined: 0)
    }

    private func unreachable(_ index: Int, _ covering: [RulePlace], _ reason: String) -> UnreachableRule {
        UnreachableRule(
            rule: rules[index].name, location: rules[index].location, coveredBy: covering, reason: reason)
    }

    /// Why the rule's own conditions can never hold together; nil when they can.
    private func impossibility(of index: Int) -> String? {
        let match = rules[index].match
        if classesOfRule[index].isEmpty { return "no action of the catalogue matches \(Excerpt.list(match.actions))" }
        if lists[index].isEmpty { return "its conditions on the caller or the target can never hold together" }
        let small = Set(classesOfRule[index].map { classes[$0].risk })
            .map { SmallConditions(match, risk: $0, hours: hours[index]) }
        if small.contains(where: { !$0.isEmpty }) { return nil }
        if small.allSatisfy({ $0.targets == 0 }), let risks = match.riskClasses, !risks.isEmpty {
            return "no action that it names has an effective risk of \(Excerpt.list(risks.map(\.description))) there"
        }
        if small.allSatisfy({ $0.hours.allSatisfy { $0 == 0 } }) { return "its time windows hold at no hour" }
        return "a list in its match is empty, and holds for nothing"
    }

    /// For each action class that a rule names, and for which it can hold, its cells.
    private mutating func cells(of rule: Int) -> [(number: Int, cells: [UInt64])] {
        var known: [RiskLevel: [UInt64]] = [:]
        return classesOfRule[rule].compactMap { number in
            let risk = classes[number].risk
            if known[risk] == nil {
                let conditions = SmallConditions(rules[rule].match, risk: risk, hours: hours[rule])
                known[risk] = conditions.isEmpty ? [] : grid.cells(of: conditions)
            }
            return known[risk].flatMap { $0.isEmpty ? nil : (number, $0) }
        }
    }

    /// Enters a rule among the earlier ones, wherever these leave something to it; false when they leave nothing.
    private mutating func enter(_ index: Int) -> Bool {
        let match = rules[index].match
        let parts = lists[index].parts
        var isReachable = false
        for (number, cells) in cells(of: index) {
            if !isReachable {
                let leaves = parts.contains { classes[number].earlier.leaves(something: cells, of: $0, &effort) }
                guard leaves else { continue }
                isReachable = true
            }
            if match.isFullyKnown { classes[number].earlier.add(index, cells, lists[index], &effort) }
        }
        return isReachable
    }

    /// Earlier rules that leave nothing to the rule at `index`, which is known to be so: one, if one is enough.
    private mutating func coveringRules(of index: Int) -> [Int] {
        let wanted = cells(of: index)
        guard let first = wanted.first else { return [] }
        for rule in classes[first.number].earlier.rules(containing: lists[index], &effort) {
            effort -= wanted.count * first.cells.count
            let its = Dictionary(uniqueKeysWithValues: cells(of: rule).map { ($0.number, $0.cells) })
            let isEnough = wanted.allSatisfy { number, cells in
                its[number].map { zip(cells, $0).allSatisfy { $0 & ~$1 == 0 } } ?? false
            }
            if isEnough { return [rule] }
        }
        var covering: Set<Int> = []
        for (number, cells) in wanted {
            for part in lists[index].parts {
                var left = cells
                for rule in classes[number].earlier.rules(containing: part, &effort)
                where left.contains(where: { $0 != 0 }) {
                    effort -= left.count
                    guard let its = self.cells(of: rule).first(where: { $0.number == number })?.cells else { continue }
                    if zip(left, its).contains(where: { $0 & $1 != 0 }) { covering.insert(rule) }
                    for word in its.indices { left[word] &= ~its[word] }
                }
            }
        }
        return covering.sorted()
    }
}

/// The reachable rules that name one action class, those with the same conditions on names taken together.
private struct EarlierRules {
    private struct Group {
        let conditions: ListConditions
        var cells: [UInt64]
        var rules: [Int]
    }

    private var groups: [Group] = []
    private var numbers: [ListConditions: Int] = [:]
    private var filed: [ListConditions.Pivot: [Int]] = [:]

    mutating func add(_ rule: Int, _ cells: [UInt64], _ conditions: ListConditions, _ effort: inout Int) {
        effort -= cells.count
        if let number = numbers[conditions] {
            for word in cells.indices { groups[number].cells[word] |= cells[word] }
            groups[number].rules.append(rule)
            return
        }
        effort -= 100
        numbers[conditions] = groups.count
        for pivot in conditions.ownPivots { filed[pivot, default: []].append(groups.count) }
        groups.append(Group(conditions: conditions, cells: cells, rules: [rule]))
    }

    /// Whether some of `cells` is left when all that these rules hold for is taken away.
    func leaves(something cells: [UInt64], of conditions: ListConditions, _ effort: inout Int) -> Bool {
        var left = cells
        for pivot in conditions.containingPivots {
            for number in filed[pivot] ?? [] {
                effort -= 10
                guard groups[number].conditions.contains(conditions) else { continue }
                effort -= cells.count
                var isEmpty = true
                for word in left.indices {
                    left[word] &= ~groups[number].cells[word]
                    if left[word] != 0 { isEmpty = false }
                }
                if isEmpty { return false }
            }
        }
        return true
    }

    /// In the order in which they are asked.
    func rules(containing conditions: ListConditions, _ effort: inout Int) -> [Int] {
        let near = conditions.containingPivots.flatMap { filed[$0] ?? [] }
        let rules = near.filter { groups[$0].conditions.contains(conditions) }.flatMap { groups[$0].rules }.sorted()
        effort -= near.count * 10 + rules.count * 10
        return rules
    }
}
