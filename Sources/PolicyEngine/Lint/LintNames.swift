internal import ChangeModel

/// The names that a catalogue's inventory and identities know, to hold those in rules against.
struct LintNames {
    /// nil where there are no identities to look at.
    let people: [Identity]?
    private let identities: Set<String>?
    private let roles: Set<String>?
    private let groups: Set<String>?
    private let hasTargets: Bool
    private let types: Set<String>
    private let environments: Set<Environment>
    private let labels: [String: Set<String>]

    init(_ catalogue: Catalogue) {
        let known = catalogue.identities?.identities
        people = known.map { $0.filter { $0.kind == .person } }
        identities = known.map { Set($0.map(\.id)) }
        roles = known.map { Set($0.flatMap(\.roles)) }
        groups = known.map { Set($0.flatMap(\.groups)) }
        hasTargets = !catalogue.targets.isEmpty
        var types: Set<String> = []
        var environments: Set<Environment> = []
        var labels: [String: Set<String>] = [:]
        for target in catalogue.targets.values {
            types.insert(target.type)
            environments.insert(target.environment)
            for (key, value) in target.labels { labels[key, default: []].insert(value) }
        }
        (self.types, self.environments, self.labels) = (types, environments, labels)
    }

    /// What a match names and nothing has, in words that follow the rule's name.
    func unknown(in match: RuleMatch) -> [(code: LintFinding.Code, message: String)] {
        var found: [(code: LintFinding.Code, message: String)] = []
        func hold(
            _ names: [String]?, against known: Set<String>?, _ code: LintFinding.Code, _ noun: String, _ end: String
        ) {
            guard let known else { return }
            let unknown = Set(names ?? []).subtracting(known).sorted()
            guard !unknown.isEmpty else { return }
            let hint = unknown.count == 1 ? Suggestion.text(for: unknown[0], among: known) : ""
            found.append((code, "names \(noun) \(Excerpt.list(unknown)), \(end)\(hint)"))
        }
        hold(match.callers?.roles, against: roles, .unheldRole, "roles", "which nobody in identities.yaml holds")
        hold(match.callers?.groups, against: groups, .unheldGroup, "groups", "which nobody in identities.yaml is in")
        hold(
            (match.callers?.agentIDs ?? []) + (match.callers?.delegatedFrom ?? []), against: identities, .unknownCaller,
            "callers", "whom identities.yaml does not list")
        guard hasTargets, let targets = match.targets else { return found }
        hold(targets.types, against: types, .unknownType, "types", "which no target of the inventory has")
        let unused = (targets.environments ?? []).filter { !environments.contains($0) }.map(\.rawValue)
        if !unused.isEmpty {
            found.append(
                (
                    .unknownEnvironment,
                    "names environments \(Excerpt.list(unused)), in which the inventory has no target"
                ))
        }
        let lacking = (targets.labels ?? [:]).filter { !(labels[$0.key]?.contains($0.value) ?? false) }
            .map { "\($0.key)=\($0.value)" }.sorted()
        if !lacking.isEmpty {
            found.append(
                (.unknownLabel, "names labels \(Excerpt.list(lacking)), which no target of the inventory has"))
        }
        return found
    }
}
