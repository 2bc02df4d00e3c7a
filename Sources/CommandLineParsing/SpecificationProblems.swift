extension CommandSpec {
    /// Faults of the specification itself, for the program's own tests: each names the command.
    public var problems: [String] { problems(above: []) }

    private func problems(above: [CommandSpec]) -> [String] {
        let chain = above + [self]
        let root = chain[0]
        let here = chain.map(\.name).joined(separator: " ")
        var problems: [String] = []
        func check(_ isRight: Bool, _ fault: String) { if !isRight { problems.append("`\(here)`: \(fault)") } }

        let options = chain.flatMap(\.options)
        var spellings: Set<String> = ["help", "h"]
        for spelling in options.map(\.name) + options.compactMap({ $0.short.map(String.init) }) {
            check(spellings.insert(spelling).inserted, "option `\(spelling)` is there twice, or reserved")
        }
        for option in options {
            check(!option.help.isEmpty, "`--\(option.name)` has no help")
            check(option.valueName != nil || option.allowedValues.isEmpty, "flag `--\(option.name)` has allowed values")
        }
        check(Set(subcommands.map(\.name)).count == subcommands.count, "a command is there twice")
        check(subcommands.isEmpty || positionals.isEmpty, "both commands and arguments")
        check(!positionals.dropLast().contains(where: \.isRepeatable), "only the last argument can be repeatable")
        let firstOptional = positionals.firstIndex { !$0.isRequired } ?? positionals.count
        check(!positionals[firstOptional...].contains(where: \.isRequired), "a required argument after an optional one")
        check(!summary.isEmpty, "no summary")
        check(examples.allSatisfy { $0.contains(root.name) }, "an example that does not show `\(root.name)`")
        let lines = root.help(for: chain.dropFirst().map(\.name), width: 100).split(separator: "\n")
        check(lines.allSatisfy { $0.unicodeScalars.count <= 100 }, "a line of help beyond 100 columns")
        return problems + subcommands.flatMap { $0.problems(above: chain) }
    }
}
