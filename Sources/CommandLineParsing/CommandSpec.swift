/// One command of a program, as data: the parser, the help text and the error messages all read this.
public struct CommandSpec: Sendable {
    /// For the root: the program's name.
    public let name: String
    /// One line, lower case, no full stop.
    public let summary: String
    /// Paragraphs, separated by line feeds; wrapped when shown.
    public let discussion: String
    /// What follows `usage:` and the command's own words; nil: made from the options and positionals.
    public let usage: String?
    /// Whole command lines as people would type them. There is always at least one.
    public let examples: [String]
    /// Options of this command and of every command below it.
    public let options: [OptionSpec]
    public let positionals: [PositionalSpec]
    public let subcommands: [CommandSpec]
    public let exitCodes: [ExitCodeSpec]
    /// The heading under which the parent's help lists the command.
    public let group: String?

    public init(
        name: String, summary: String, discussion: String = "", usage: String? = nil, example: String,
        moreExamples: [String] = [], options: [OptionSpec] = [], positionals: [PositionalSpec] = [],
        subcommands: [CommandSpec] = [], exitCodes: [ExitCodeSpec] = [], group: String? = nil
    ) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.usage = usage
        self.examples = [example] + moreExamples
        self.options = options
        self.positionals = positionals
        self.subcommands = subcommands
        self.exitCodes = exitCodes
        self.group = group
    }

    /// The commands from this one down to the one at `path`, or nil where there is no such command.
    func chain(to path: some Sequence<String>) -> [CommandSpec]? {
        var chain = [self]
        for name in path {
            guard let next = chain[chain.count - 1].subcommands.first(where: { $0.name == name }) else { return nil }
            chain.append(next)
        }
        return chain
    }
}

public struct OptionSpec: Sendable {
    /// The long name, without `--`.
    public let name: String
    public let short: Character?
    /// The placeholder of the value in help, e.g. `ID`; nil: a flag, which takes no value.
    public let valueName: String?
    public let isRepeatable: Bool
    public let isRequired: Bool
    public let help: String
    /// The only values that are accepted; empty: any.
    public let allowedValues: [String]

    public init(
        _ name: String, short: Character? = nil, value valueName: String? = nil, repeatable: Bool = false,
        required: Bool = false, allowed allowedValues: [String] = [], help: String
    ) {
        self.name = name
        self.short = short
        self.valueName = valueName
        isRepeatable = repeatable
        isRequired = required
        self.help = help
        self.allowedValues = allowedValues
    }

    /// `--output FORMAT`
    var usage: String { valueName.map { "--\(name) \($0)" } ?? "--\(name)" }
}

public struct PositionalSpec: Sendable {
    /// The placeholder in help, e.g. `ID`.
    public let name: String
    public let isRequired: Bool
    /// Takes all that is left; only the last one can.
    public let isRepeatable: Bool
    public let help: String

    public init(_ name: String, required: Bool = true, repeatable: Bool = false, help: String) {
        self.name = name
        isRequired = required
        isRepeatable = repeatable
        self.help = help
    }

    /// `ID`, `[ID]`, `ID…` or `[ID…]`
    var usage: String {
        let text = isRepeatable ? name + "…" : name
        return isRequired ? text : "[\(text)]"
    }
}

public struct ExitCodeSpec: Sendable {
    public let code: Int
    public let meaning: String

    public init(_ code: Int, _ meaning: String) {
        self.code = code
        self.meaning = meaning
    }
}
