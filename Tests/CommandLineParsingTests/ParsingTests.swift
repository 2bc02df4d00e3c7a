import CommandLineParsing
import Testing

@Suite("A command line")
struct ParsingTests {
    private func parse(_ line: String) throws(UsageError) -> ParsedCommand {
        try SampleCommand.root.parse(line.split(separator: " ").map(String.init))
    }

    @Test(
        "is understood",
        arguments: [
            ("init", ParsedCommand(path: ["init"])),
            ("run", ParsedCommand(path: ["run"])),
            ("run chg-1", ParsedCommand(path: ["run"], positionals: ["chg-1"])),
            ("show -- -x", ParsedCommand(path: ["show"], positionals: ["-x"])),
            ("show -- --help", ParsedCommand(path: ["show"], positionals: ["--help"])),
            ("show -", ParsedCommand(path: ["show"], positionals: ["-"])),
            ("validate", ParsedCommand(path: ["validate"])),
            ("validate a b c", ParsedCommand(path: ["validate"], positionals: ["a", "b", "c"])),
            ("identity add alice", ParsedCommand(path: ["identity", "add"], positionals: ["alice"])),
            ("-C x identity list", ParsedCommand(path: ["identity", "list"], options: ["directory": ["x"]])),
            ("run --output json", ParsedCommand(path: ["run"], options: ["output": ["json"]])),
            ("--output=text run", ParsedCommand(path: ["run"], options: ["output": ["text"]])),
            ("run -o json", ParsedCommand(path: ["run"], options: ["output": ["json"]])),
            ("init -C -", ParsedCommand(path: ["init"], options: ["directory": ["-"]])),
            ("init --directory=", ParsedCommand(path: ["init"], options: ["directory": [""]])),
            ("init --directory=--x=y", ParsedCommand(path: ["init"], options: ["directory": ["--x=y"]])),
            (
                "propose --target a/b scale -p x=1 --push --param=y==2",
                ParsedCommand(
                    path: ["propose"], options: ["target": ["a/b"], "param": ["x=1", "y==2"], "push": []],
                    positionals: ["scale"])
            ),
        ])
    func understood(line: String, expected: ParsedCommand) throws {
        #expect(try parse(line) == expected)
    }

    @Test(
        "is refused in one clear line that names the help to read",
        arguments: [
            ("", .missingCommand, "no command given; see `agentsafe --help`"),
            ("identity", .missingCommand, "no command given; see `agentsafe identity --help`"),
            ("propos", .unknownCommand, "no command `propos`; did you mean `propose`?; see `agentsafe --help`"),
            ("xyzzy", .unknownCommand, "no command `xyzzy`; see `agentsafe --help`"),
            (
                "identity ad", .unknownCommand,
                "no command `ad`; did you mean `add`?; see `agentsafe identity --help`"
            ),
            (
                "propose --targt x", .unknownOption,
                "no option `--targt`; did you mean `--target`?; see `agentsafe propose --help`"
            ),
            (
                "propose -target x", .unknownOption,
                "no option `-target`; did you mean `--target`?; see `agentsafe propose --help`"
            ),
            ("init --push", .unknownOption, "no option `--push`; see `agentsafe init --help`"),
            ("init -x", .unknownOption, "no option `-x`; see `agentsafe init --help`"),
            ("init -ojson", .unknownOption, "no option `-ojson`; see `agentsafe init --help`"),
            ("init -o=json", .unknownOption, "no option `-o=json`; see `agentsafe init --help`"),
            ("show --force", .unknownOption, "no option `--force`; see `agentsafe show --help`"),
            ("init --=x", .unknownOption, "no option `--`; see `agentsafe init --help`"),
            (
                "propose a --target", .missingValue,
                "`--target ID` needs a value; see `agentsafe propose --help`"
            ),
            (
                "propose a --target --force", .missingValue,
                "`--target ID` needs a value, and `--force` looks like an option; if it is meant, write `--target=…`; "
                    + "see `agentsafe propose --help`"
            ),
            (
                "propose a -t -1", .missingValue,
                "`--target ID` needs a value, and `-1` looks like an option; if it is meant, write `--target=…`; "
                    + "see `agentsafe propose --help`"
            ),
            (
                "propose a --target -- x", .missingValue,
                "`--target ID` needs a value, and `--` looks like an option; if it is meant, write `--target=…`; "
                    + "see `agentsafe propose --help`"
            ),
            (
                "propose a --push=yes", .unexpectedValue, "`--push` takes no value; see `agentsafe propose --help`"
            ),
            (
                "run -o jsn", .valueNotAllowed,
                "`--output` is one of text, json, not `jsn`; did you mean `json`?; see `agentsafe run --help`"
            ),
            (
                "run -o text --output json", .repeatedOption, "`--output` is given twice; see `agentsafe run --help`"
            ),
            (
                "propose a -t x --push --push", .repeatedOption,
                "`--push` is given twice; see `agentsafe propose --help`"
            ),
            ("propose a", .missingOption, "`--target ID` is missing; see `agentsafe propose --help`"),
            ("show", .missingArgument, "ID is missing: the change's id; see `agentsafe show --help`"),
            ("show a b", .tooManyArguments, "unexpected argument `b`; see `agentsafe show --help`"),
            ("init x", .tooManyArguments, "unexpected argument `x`; see `agentsafe init --help`"),
        ] as [(String, UsageError.Code, String)])
    func refused(line: String, code: UsageError.Code, message: String) {
        let error = #expect(throws: UsageError.self) { try parse(line) }
        #expect(error?.code == code)
        #expect(error?.description == message)
    }

    @Test(
        "asks for help anywhere, complete or not",
        arguments: [
            ("-h", []), ("--help", []), ("help", []), ("help propose", ["propose"]), ("propose -h", ["propose"]),
            ("propose --target --help", ["propose"]), ("-h propose", ["propose"]),
            ("propose a b c --bad -h", ["propose"]), ("identity --help", ["identity"]),
            ("identity add --help alice", ["identity", "add"]), ("help identity add", ["identity", "add"]),
            ("run -h -o", ["run"]),
        ] as [(String, [String])])
    func help(line: String, path: [String]) throws {
        #expect(try parse(line) == ParsedCommand(path: path, wantsHelp: true))
    }

    @Test("there is no help for a command that does not exist")
    func helpForUnknownCommand() {
        #expect(throws: UsageError.self) { try parse("propos --help") }
        #expect(throws: UsageError.self) { try parse("help propos") }
    }

    @Test("a hyphen with a combining accent is still a hyphen to other programs")
    func combiningHyphen() {
        #expect(throws: UsageError.self) { try SampleCommand.root.parse(["show", "-\u{301}x"]) }
        #expect(throws: UsageError.self) { try SampleCommand.root.parse(["init", "-C", "-\u{301}x"]) }
        #expect(throws: Never.self) { try SampleCommand.root.parse(["init", "--directory=\u{301}x"]) }
    }

    @Test("an error stays one short printable line, whatever was typed")
    func hostileArgument() {
        let argument = String(repeating: "x\n\u{202E}\u{1B}[31m`", count: 1000)
        for line in [[argument], ["--" + argument], ["run", "-o", argument], ["show", "a", argument]] {
            let error = #expect(throws: UsageError.self) { try SampleCommand.root.parse(line) }
            let message = error?.message ?? ""
            #expect(message.utf8.count < 600)
            #expect(message.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) || $0 == "…" })
        }
    }

    @Test("values are had by the option's long name")
    func access() throws {
        let command = try parse("propose a -t x -p a=1 -p b=2 --push")
        #expect(command.has("push"))
        #expect(!command.has("anyway"))
        #expect(command.value("target") == "x")
        #expect(command.value("reason") == nil)
        #expect(command.values("param") == ["a=1", "b=2"])
        #expect(command.values("reason").isEmpty)
    }
}
