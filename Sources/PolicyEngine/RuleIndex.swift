internal import ChangeModel

/// For everything that a rule can ask about, the rules that the answer leaves in question, as sets of bits: a request is
/// answered by intersecting a few sets, 64 rules at a time, and asking the rules that are left one by one.
///
/// The sets may hold rules that do not hold, for the rule itself has the last word; they never lack one that does. So a
/// condition that is not known here costs time, and never a wrong answer.
final class RuleIndex: Sendable {
    /// A set of rules: where its words start in the table.
    struct RuleSet: Hashable, Sendable {
        fileprivate let start: Int
    }

    private let table: RuleSetTable
    private let byRisk: [RuleSet]
    /// By hour of the week, from Monday's first.
    private let byHour: [RuleSet]
    private let byTicket: [RuleSet]
    private let byRollback: [RuleSet]
    /// Rules that ask nothing of the caller, and those that ask it for no id, role, or group.
    private let anyCaller: RuleSet
    private let anyID: RuleSet
    private let anyRole: RuleSet
    private let anyGroup: RuleSet
    private let byID: [String: RuleSet]
    private let byRole: [String: RuleSet]
    private let byGroup: [String: RuleSet]
    private let none: RuleSet
    /// Rules that ask nothing of the target.
    let unknownTarget: RuleSet

    /// - Parameters:
    ///   - rules: in the order in which they are asked.
    ///   - table: what sets were made of the same rules before.
    init(_ rules: [CompiledRule], _ table: consuming RuleSetTable) {
        let matches = rules.map(\.rule.match)
        var table = table
        func set(_ holds: (RuleMatch) -> Bool) -> RuleSet { table.add(matches.map(holds)) }
        /// For each value that some rule lists, the rules that list it.
        func sets(_ list: (RuleMatch) -> [String]?) -> [String: RuleSet] {
            var members: [String: [Int]] = [:]
            for (index, match) in matches.enumerated() {
                for value in list(match) ?? [] { members[value, default: []].append(index) }
            }
            return members.mapValues { table.add(members: $0) }
        }
        none = set { _ in false }
        byRisk = RiskLevel.allCases.map { risk in set { $0.riskClasses?.contains(risk) ?? true } }
        let hasWindows = matches.contains { $0.timeWindows != nil }
        let always = set { _ in true }
        byHour = (0..<168).map { hour in
            hasWindows ? table.add(rules.map { $0.isOpen(weekday: hour / 24, hour: hour % 24) }) : always
        }
        byTicket = [false, true].map { given in set { $0.requireTicket.map { $0 == given } ?? true } }
        byRollback = [false, true].map { given in set { $0.rollback.map { $0 == given } ?? true } }
        anyCaller = set { $0.callers == nil }
        anyID = set { $0.callers?.agentIDs == nil }
        anyRole = set { $0.callers?.roles == nil }
        anyGroup = set { $0.callers?.groups == nil }
        byID = sets { $0.callers?.agentIDs }
        byRole = sets { $0.callers?.roles }
        byGroup = sets { $0.callers?.groups }
        unknownTarget = set { $0.targets == nil }
        self.table = table
    }

    /// A set's rules, in the order in which rules are asked.
    func members(of set: RuleSet) -> [Int] {
        (0..<table.width * 64).filter { table.words[set.start + $0 / 64] >> UInt64($0 % 64) & 1 == 1 }
    }

    /// The first rule that holds, by its place in the order in which rules are asked; nil when none does.
    func first(
        _ rules: [CompiledRule], _ action: RuleSet, _ request: DecisionRequest, _ now: Circumstances
    ) -> Int? {
        let target = now.target?.rules ?? unknownTarget
        let risk = byRisk[now.effectiveRisk.rawValue].start
        let hour = byHour[now.weekday * 24 + now.hour].start
        let ticket = byTicket[now.hasTicket ? 1 : 0].start
        let rollback = byRollback[now.isRollback ? 1 : 0].start
        let width = table.width
        return table.words.withUnsafeBufferPointer { words in
            var caller: CallerSets?
            for word in 0..<width {
                var left = words[action.start + word] & words[target.start + word] & words[risk + word]
                left &= words[hour + word] & words[ticket + word] & words[rollback + word]
                // Looking the caller up costs more than asking a handful of rules.
                if left != 0, width > 1 {
                    let sets = caller ?? CallerSets(request.caller, self)
                    caller = sets
                    left &= sets.word(word, words, self)
                }
                while left != 0 {
                    let index = word * 64 + left.trailingZeroBitCount
                    if rules[index].holds(for: request, now) { return index }
                    left &= left - 1
                }
            }
            return nil
        }
    }

    /// What one caller leaves in question.
    private struct CallerSets {
        let id: RuleSet
        let roles: [RuleSet]
        let groups: [RuleSet]
        let isAnonymous: Bool

        init(_ caller: Caller, _ index: RuleIndex) {
            isAnonymous = caller.isAnonymous
            id = caller.id.flatMap { index.byID[$0] } ?? index.none
            roles = caller.roles.compactMap { index.byRole[$0] }
            groups = caller.groups.compactMap { index.byGroup[$0] }
        }

        func word(_ word: Int, _ words: UnsafeBufferPointer<UInt64>, _ index: RuleIndex) -> UInt64 {
            let anybody = words[index.anyCaller.start + word]
            if isAnonymous { return anybody }
            var role = words[index.anyRole.start + word]
            for set in roles { role |= words[set.start + word] }
            var group = words[index.anyGroup.start + word]
            for set in groups { group |= words[set.start + word] }
            return anybody | (words[index.anyID.start + word] | words[id.start + word]) & role & group
        }
    }
}

/// Sets of rules, one after the other; equal ones are kept once.
struct RuleSetTable: Sendable {
    private(set) var words: [UInt64] = []
    /// Words in one set.
    let width: Int
    private var known: [[UInt64]: RuleIndex.RuleSet] = [:]

    init(count: Int) { width = max(1, (count + 63) / 64) }

    mutating func add(_ flags: [Bool]) -> RuleIndex.RuleSet {
        add(members: flags.indices.filter { flags[$0] })
    }

    mutating func add(members: [Int]) -> RuleIndex.RuleSet {
        var set = [UInt64](repeating: 0, count: width)
        for index in members { set[index / 64] |= 1 << UInt64(index % 64) }
        return add(words: set)
    }

    mutating func add(words set: [UInt64]) -> RuleIndex.RuleSet {
        if let known = known[set] { return known }
        let new = RuleIndex.RuleSet(start: words.count)
        words += set
        known[set] = new
        return new
    }
}

/// The rules that a target leaves in question. Its labels are looked up one by one: a rule that asks for several is in
/// question when the target has one of them.
struct TargetSets {
    private typealias Words = [UInt64]
    private let byEnvironment: [Environment: Words]
    private let bySensitivity: [Sensitivity: Words]
    private let byType: [String: Words]
    private let anyType: Words
    private let byLabel: [String: [String: Words]]
    private let anyLabel: Words

    /// - Parameters:
    ///   - rules: in the order in which they are asked.
    ///   - width: of the table that the sets are for.
    init(_ rules: [CompiledRule], width: Int) {
        let matches = rules.map(\.rule.match)
        let empty = Words(repeating: 0, count: width)
        func words(_ holds: (TargetSelector?) -> Bool) -> Words {
            var words = empty
            for (index, match) in matches.enumerated() where holds(match.targets) {
                words[index / 64] |= 1 << UInt64(index % 64)
            }
            return words
        }
        byEnvironment = Dictionary(
            uniqueKeysWithValues: Environment.allCases.map { value in
                (value, words { $0?.environments?.contains(value) ?? true })
            })
        bySensitivity = Dictionary(
            uniqueKeysWithValues: Sensitivity.allCases.map { value in
                (value, words { $0?.sensitivities?.contains(value) ?? true })
            })
        var types: [String: Words] = [:]
        var labels: [String: [String: Words]] = [:]
        for (index, match) in matches.enumerated() {
            let bit = UInt64(1) << UInt64(index % 64)
            for type in match.targets?.types ?? [] { types[type, default: empty][index / 64] |= bit }
            for (key, value) in match.targets?.labels ?? [:] {
                labels[key, default: [:]][value, default: empty][index / 64] |= bit
            }
        }
        (byType, byLabel) = (types, labels)
        anyType = words { $0?.types == nil }
        anyLabel = words { $0?.labels?.isEmpty ?? true }
    }

    func words(of target: TargetEntry) -> [UInt64] {
        var labels = anyLabel
        for (key, value) in target.labels {
            guard let set = byLabel[key]?[value] else { continue }
            for word in labels.indices { labels[word] |= set[word] }
        }
        let (type, environment) = (byType[target.type], byEnvironment[target.environment])
        let sensitivity = bySensitivity[target.sensitivity]
        return labels.indices.map { word in
            labels[word] & (anyType[word] | (type?[word] ?? 0)) & (environment?[word] ?? .max)
                & (sensitivity?[word] ?? .max)
        }
    }
}
