extension CommandSpec {
    /// The help of the command at `path` (names below this one), or of this one when there is no such command.
    /// - Parameter width: columns, held between 80 and 100. Examples are never broken.
    public func help(for path: [String] = [], width: Int = 80) -> String {
        let chain = chain(to: path) ?? [self]
        return HelpText(chain: chain, width: min(max(width, 80), 100)).text
    }
}

private struct HelpText {
    let chain: [CommandSpec]
    let width: Int
    private static let widestColumn = 30

    private var command: CommandSpec { chain[chain.count - 1] }
    private var invocation: String { chain.map(\.name).joined(separator: " ") }

    var text: String {
        var sections = [wrap(command.summary), usage]
        if !command.discussion.isEmpty {
            sections.append(
                command.discussion.split(separator: "\n", omittingEmptySubsequences: false).flatMap { wrap($0) })
        }
        sections += commands
        sections.append(table("arguments:", command.positionals.map { ($0.name, $0.help) }))
        sections.append(table("options:", command.options.map(row) + [("-h, --help", "show this help")]))
        sections.append(table("options of every command:", chain.dropLast().flatMap(\.options).map(row)))
        sections.append(
            [command.examples.count == 1 ? "example:" : "examples:"]
                + command.examples.flatMap { $0.split(separator: "\n").map { "  " + $0 } })
        sections.append(table("exit codes:", command.exitCodes.map { (String($0.code), $0.meaning) }))
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    private var usage: [String] {
        var words = ["usage:", invocation]
        if let usage = command.usage {
            words.append(usage)
        } else if command.subcommands.isEmpty {
            words += command.options.filter(\.isRequired).map(\.usage)
            words.append("[options]")
            words += command.positionals.map(\.usage)
        } else {
            words.append("COMMAND [options]")
        }
        return wrap(words.joined(separator: " "), hanging: 7)
    }

    /// One table a group, in the order in which the groups first appear, all with one column of names.
    private var commands: [[String]] {
        var groups: [String] = []
        for subcommand in command.subcommands where !groups.contains(subcommand.group ?? "commands") {
            groups.append(subcommand.group ?? "commands")
        }
        let column = command.subcommands.map(\.name.unicodeScalars.count).max() ?? 0
        return groups.map { group in
            let members = command.subcommands.filter { ($0.group ?? "commands") == group }
            return table("\(group):", members.map { ($0.name, $0.summary) }, column: column)
        }
    }

    private func row(_ option: OptionSpec) -> (String, String) {
        var help = option.help
        if !option.allowedValues.isEmpty { help += " (\(option.allowedValues.joined(separator: " | ")))" }
        if option.isRepeatable { help += "; may be repeated" }
        return ((option.short.map { "-\($0), " } ?? "    ") + option.usage, help)
    }

    private func table(_ heading: String, _ rows: [(String, String)], column: Int? = nil) -> [String] {
        guard !rows.isEmpty else { return [] }
        let column = min(column ?? rows.map(\.0.unicodeScalars.count).max() ?? 0, Self.widestColumn)
        let indent = String(repeating: " ", count: column + 4)
        var lines = [heading]
        for (name, text) in rows {
            var texts = wrap(text, width: width - indent.unicodeScalars.count)
            let padding = column - name.unicodeScalars.count
            if padding >= 0, !texts.isEmpty {
                lines.append("  " + name + String(repeating: " ", count: padding + 2) + texts.removeFirst())
            } else {
                lines.append("  " + name)
            }
            lines += texts.map { indent + $0 }
        }
        return lines
    }

    /// Breaks at spaces; a word longer than a line stands alone and is not broken.
    private func wrap(_ text: some StringProtocol, hanging: Int = 0, width: Int? = nil) -> [String] {
        let width = width ?? self.width
        var lines: [String] = []
        var line = ""
        var isFirst = true
        for word in text.split(separator: " ") {
            if !isFirst, line.unicodeScalars.count + 1 + word.unicodeScalars.count > width {
                lines.append(line)
                line = String(repeating: " ", count: hanging)
                isFirst = true
            }
            line += (isFirst ? "" : " ") + word
            isFirst = false
        }
        return lines + [line]
    }
}
