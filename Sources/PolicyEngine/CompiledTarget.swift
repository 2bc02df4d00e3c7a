internal import ChangeModel

/// A target with all that can be known before a request: the rules that it leaves in question, and its locator by the numbers
/// that params have in the catalogue. A class, for it is handed around millions of times.
final class CompiledTarget: Sendable {
    let entry: TargetEntry
    let rules: RuleIndex.RuleSet
    /// How a default deny ends.
    let deniedByDefault: String
    /// What the locator says of params that the catalogue knows.
    private let bound: [(parameter: Int, text: String)]

    init(_ entry: TargetEntry, rules: RuleIndex.RuleSet, names: ParameterNames) {
        self.entry = entry
        self.rules = rules
        deniedByDefault = "\(Excerpt.quoted(entry.id)): denied by default"
        bound = entry.locator.compactMap { name, text in names.number(of: name).map { ($0, text) } }
            .sorted { $0.0 < $1.0 }
    }

    /// What the locator says of a param, by its number.
    func locator(_ parameter: Int) -> String? {
        for entry in bound where entry.parameter == parameter { return entry.text }
        return nil
    }
}

/// Numbers for the names of a catalogue's params: comparing two numbers is quicker than looking a name up.
struct ParameterNames: Sendable {
    private var numbers: [String: Int] = [:]

    init(_ actions: some Sequence<ActionDefinition>) {
        for action in actions {
            for parameter in action.parameters where numbers[parameter.name] == nil {
                numbers[parameter.name] = numbers.count
            }
        }
    }

    func number(of name: String) -> Int? { numbers[name] }
}
