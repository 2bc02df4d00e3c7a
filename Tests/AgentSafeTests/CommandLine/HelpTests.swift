import AgentSafeCLI
import CommandLineParsing
import EmbeddedCatalogue
import OperatingSystem
import Testing

@Suite("Help")
struct HelpTests {
    /// The paths of all commands: `[]`, `["init"]`, …, `["identity", "add"]`.
    static let paths: [[String]] = {
        func below(_ spec: CommandSpec, _ path: [String]) -> [[String]] {
            [path] + spec.subcommands.flatMap { below($0, path + [$0.name]) }
        }
        return below(CommandLineTool.root, [])
    }()

    private static func run(_ arguments: [String]) -> CommandResult {
        let (output, errors) = (LineBuffer(), LineBuffer())
        let host = Host(
            environment: [:], currentDirectory: "/", now: { 0 }, random: { [UInt8](repeating: 0, count: $0) },
            sleep: { _ in })
        let status = CommandLineTool.run(
            ["agentsafe"] + arguments, host: host,
            terminal: Terminal(
                write: { output.append($0) }, say: { errors.append($0) }, ask: { _ in nil }, colors: false,
                showsProgress: false))
        return CommandResult(status: status, output: output.text, errors: errors.text)
    }

    @Test("the commands of the tool are described without a fault")
    func specification() {
        #expect(CommandLineTool.root.problems == [])
        #expect(Self.paths.count > 20)
    }

    @Test("`-h`, `--help` and `help` explain every command within 100 columns, with an example", arguments: paths)
    func everyCommand(_ path: [String]) {
        let spellings = [path + ["-h"], path + ["--help"], ["help"] + path, ["--help"] + path]
        for arguments in spellings {
            let result = Self.run(arguments)
            #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
            #expect(result.output == Self.run(spellings[0]).output)
        }
        let text = Self.run(spellings[0]).output
        let invocation = (["agentsafe"] + path).joined(separator: " ")
        #expect(text.contains("usage: \(invocation) "), "\(text)")
        #expect(text.contains("\nexample") && text.contains("\n  agentsafe "), "\(text)")
        for line in text.split(separator: "\n") { #expect(line.unicodeScalars.count <= 100, "\(line)") }
        #expect(text.last != "\n", "the terminal ends the line")
    }

    @Test("every example of the help, and of the README that `init` writes, is a command line that works")
    func examples() throws {
        func examples(_ spec: CommandSpec) -> [String] { spec.examples + spec.subcommands.flatMap(examples) }
        let readme = EmbeddedCatalogue.file("templates/governance/README.md") ?? []
        let shown = try ShellLines.commands(in: String(decoding: readme, as: UTF8.self))
        #expect(shown.count >= 10)
        for line in try examples(CommandLineTool.root).map(ShellLines.words) + shown {
            #expect(line.first == "agentsafe", "\(line)")
            #expect(throws: Never.self, "\(line)") {
                let parsed = try CommandLineTool.root.parse(Array(line.dropFirst()))
                #expect(!parsed.wantsHelp && !parsed.path.isEmpty, "\(line)")
            }
        }
    }

    @Test("an example shows the very command that it explains")
    func examplesBelong() throws {
        func check(_ spec: CommandSpec, _ path: [String]) throws {
            for example in spec.examples where spec.subcommands.isEmpty {
                #expect(
                    try CommandLineTool.root.parse(Array(ShellLines.words(example).dropFirst())).path == path,
                    "\(example)")
            }
            for subcommand in spec.subcommands { try check(subcommand, path + [subcommand.name]) }
        }
        try check(CommandLineTool.root, [])
    }

    @Test("a misspelt command or option is wrong usage, with the right word")
    func misspelt() {
        for (arguments, words) in [
            (["statsu"], "no command `statsu`; did you mean `status`?; see `agentsafe --help`"),
            (["identity", "ad"], "no command `ad`; did you mean `add`?"),
            (["identity"], "no command given; see `agentsafe identity --help`"),
            (["propose", "x", "--tagret", "y"], "no option `--tagret`; did you mean `--target`?"),
            (["gate", "--output", "xml"], "`--output` is one of text, json, github, not `xml`"),
            (["log", "--output", "xml"], "`--output` is one of text, json, not `xml`"),
            (["verify", "x"], "unexpected argument `x`"), (["log", "--limit"], "`--limit COUNT` needs a value"),
            (["log", "--limit", "1", "--limit", "2"], "`--limit` is given twice"),
            (["propose", "x"], "`--target ID` is missing"),
            (["zzzzzz"], "no command `zzzzzz`; see"), (["help", "nothing"], "no command `nothing`"),
            (["-v"], "no option `-v`"),
        ] {
            let result = Self.run(arguments)
            #expect(result.status == 2 && result.output.isEmpty, "\(result)")
            #expect(result.errors.hasPrefix("agentsafe: \(words)") && !result.errors.contains("\n"), "\(result)")
        }
    }

    @Test("no arguments: the help is shown as an error; `--version` anywhere: the version")
    func bare() {
        let bare = Self.run([])
        #expect(bare.status == 2 && bare.output.isEmpty && bare.errors == Self.run(["help"]).output)
        for arguments in [
            ["--version"], ["run", "--version"], ["propose", "--version"], ["--version", "--output", "json"],
        ] {
            let result = Self.run(arguments)
            #expect(result.status == 0 && result.output == "agentsafe \(CommandLineTool.version)", "\(result)")
        }
        #expect(Self.run(["version"]).output.hasPrefix("agentsafe \(CommandLineTool.version)\n"))
    }
}
