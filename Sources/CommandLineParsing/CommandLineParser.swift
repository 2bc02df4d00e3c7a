extension CommandSpec {
    /// Reads a command line, without the program's own name.
    ///
    /// Understands `--name value`, `--name=value`, `-n value`, flags, `--` before positionals that begin with `-`, and
    /// `-h` or `--help` anywhere before it. A value that looks like an option is refused after a space: somebody who passes
    /// on another's text should not pass on an option.
    public func parse(_ arguments: [String]) throws(UsageError) -> ParsedCommand {
        let end = arguments.firstIndex(of: "--") ?? arguments.count
        var words = arguments[..<end].filter { $0 != "-h" && $0 != "--help" }
        var wantsHelp = words.count < end
        if !subcommands.isEmpty, words.first == "help", chain(to: ["help"]) == nil {
            words.removeFirst()
            wantsHelp = true
        }
        var parser = CommandLineParser(root: self)
        do {
            try parser.read(words + arguments[end...])
            if !wantsHelp { try parser.checkCompleteness() }
        } catch {
            // Help explains what is missing; but there is none for a command that does not exist.
            guard wantsHelp, error.code != .unknownCommand else { throw error }
        }
        if wantsHelp { return ParsedCommand(path: parser.path, wantsHelp: true) }
        return ParsedCommand(path: parser.path, options: parser.options, positionals: parser.positionals)
    }
}

private struct CommandLineParser {
    private var chain: [CommandSpec]
    private(set) var options: [String: [String]] = [:]
    private(set) var positionals: [String] = []

    init(root: CommandSpec) { chain = [root] }

    var path: [String] { chain.dropFirst().map(\.name) }
    private var command: CommandSpec { chain[chain.count - 1] }

    mutating func read(_ arguments: [String]) throws(UsageError) {
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" {
                for rest in arguments[index...] { try take(positional: rest) }
                return
            }
            guard argument.looksLikeOption else {
                try take(positional: argument)
                continue
            }
            let (spelling, attached) = split(argument)
            let option = try find(spelling)
            var value = attached
            if option.valueName != nil, value == nil {
                value = try self.value(for: option, next: index < arguments.count ? arguments[index] : nil)
                index += 1
            }
            try set(option, value)
        }
    }

    func checkCompleteness() throws(UsageError) {
        guard command.subcommands.isEmpty else { throw error(.missingCommand, "no command given") }
        for option in chain.flatMap(\.options) where option.isRequired && options[option.name] == nil {
            throw error(.missingOption, "`\(option.usage)` is missing")
        }
        let needed = command.positionals.filter(\.isRequired)
        if positionals.count < needed.count {
            let missing = needed[positionals.count]
            throw error(.missingArgument, "\(missing.name) is missing: \(missing.help)")
        }
    }

    private mutating func take(positional: String) throws(UsageError) {
        guard command.subcommands.isEmpty else {
            guard let next = command.subcommands.first(where: { $0.name == positional }) else {
                let hint = Spelling.suggestion(for: positional, among: command.subcommands.map(\.name), prefix: "")
                throw error(.unknownCommand, "no command \(Spelling.quoted(positional))\(hint)")
            }
            chain.append(next)
            return
        }
        let isOpen = command.positionals.last?.isRepeatable ?? false
        guard isOpen || positionals.count < command.positionals.count else {
            throw error(.tooManyArguments, "unexpected argument \(Spelling.quoted(positional))")
        }
        positionals.append(positional)
    }

    /// `--name=value` into its two halves; only a long option can carry its value.
    private func split(_ argument: String) -> (spelling: String, value: String?) {
        let bytes = argument.utf8
        guard bytes.starts(with: "--".utf8), let separator = bytes.firstIndex(of: UInt8(ascii: "=")) else {
            return (argument, nil)
        }
        return (String(argument[..<separator]), String(argument[bytes.index(after: separator)...]))
    }

    private func find(_ spelling: String) throws(UsageError) -> OptionSpec {
        let known = chain.flatMap(\.options)
        let isLong = spelling.utf8.starts(with: "--".utf8)
        let name = String(decoding: spelling.utf8.dropFirst(isLong ? 2 : 1), as: UTF8.self)
        for option in known where isLong ? option.name == name : option.short.map(String.init) == name {
            return option
        }
        let hint = Spelling.suggestion(for: name, among: known.map(\.name), prefix: "--")
        throw error(.unknownOption, "no option \(Spelling.quoted(spelling))\(hint)")
    }

    private func value(for option: OptionSpec, next: String?) throws(UsageError) -> String {
        guard let next else { throw error(.missingValue, "`\(option.usage)` needs a value") }
        guard !next.looksLikeOption else {
            let shown = Spelling.quoted(next)
            throw error(
                .missingValue,
                "`\(option.usage)` needs a value, and \(shown) looks like an option; if it is meant, write "
                    + "`--\(option.name)=…`")
        }
        return next
    }

    private mutating func set(_ option: OptionSpec, _ value: String?) throws(UsageError) {
        if options[option.name] != nil, !option.isRepeatable {
            throw error(.repeatedOption, "`--\(option.name)` is given twice")
        }
        guard option.valueName != nil else {
            guard value == nil else { throw error(.unexpectedValue, "`--\(option.name)` takes no value") }
            options[option.name] = []
            return
        }
        guard let value else { return }
        if !option.allowedValues.isEmpty, !option.allowedValues.contains(value) {
            let hint = Spelling.suggestion(for: value, among: option.allowedValues, prefix: "")
            let allowed = option.allowedValues.joined(separator: ", ")
            throw error(
                .valueNotAllowed, "`--\(option.name)` is one of \(allowed), not \(Spelling.quoted(value))\(hint)")
        }
        options[option.name, default: []].append(value)
    }

    private func error(_ code: UsageError.Code, _ message: String) -> UsageError {
        let invocation = chain.map(\.name).joined(separator: " ")
        return UsageError(code: code, message: "\(message); see `\(invocation) --help`")
    }
}

extension String {
    /// Whether another program could take the text for an option. Looks at bytes, as programs do: to Swift, a hyphen and a
    /// combining accent after it are one character that is no hyphen. A lone `-` stands for standard input.
    fileprivate var looksLikeOption: Bool { utf8.first == UInt8(ascii: "-") && utf8.count > 1 }
}
