import AgentSafeCLI
import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// The real program, as its users start it.
@Suite("The installed program")
struct InstalledProgramTests {
    private static func run(
        _ governance: Governance, _ actor: String, _ arguments: [String], path: String? = nil, input: String = "",
        adding variables: [String: String] = [:]
    ) throws -> ProgramResult {
        var environment = governance.environment(actor).merging(variables) { $1 }
        if let path { environment["PATH"] = "\(path):\(environment["PATH"] ?? "")" }
        return try Program.run(arguments, environment: environment, input: Array(input.utf8), timeout: 60)
    }

    @Test("`git agentsafe` works through a `git-agentsafe` in PATH")
    func symbolicLink() throws {
        let governance = try Governance()
        let bin = try governance.folder("bin")
        try governance.run(["ln", "-s", try InstalledProgram.path(), "\(bin)/git-agentsafe"])
        for words in [["--version"], ["version"], ["-h"], ["verify"], ["check", "-h"]] {
            let result = try Self.run(
                governance, "sam", ["git", "-C", governance.clone("sam"), "agentsafe"] + words, path: bin)
            #expect(
                result.status == 0 && result.errors.isEmpty && !result.output.isEmpty, "\(words): \(result.errorText)")
        }
        let version = try Self.run(governance, "sam", ["git", "agentsafe", "--version"], path: bin)
        #expect(version.outputText == "agentsafe \(CommandLineTool.version)\n")
        let wrong = try Self.run(governance, "sam", ["git", "agentsafe", "statsu"], path: bin)
        #expect(wrong.status == 2 && wrong.output.isEmpty && wrong.errorText.contains("did you mean `status`?"))
    }

    @Test("`git agentsafe` works through the alias that `setup` writes, from a subfolder as well")
    func alias() throws {
        let governance = try Governance()
        let folder = governance.clone("sam")
        // A path that a shell could misread.
        let bin = try governance.folder("my $bin; \"quoted\"")
        try governance.run(["cp", try InstalledProgram.path(), "\(bin)/agentsafe"])
        let setup = try Self.run(
            governance, "sam", ["sh", "-c", "cd \"$1\" && \"$2\" setup", "sh", folder, "\(bin)/agentsafe"])
        #expect(setup.status == 0, "\(setup.errorText)")
        for place in [folder, "\(folder)/actions"] {
            for words in [["--version"], ["verify"], ["validate"], ["-h"]] {
                let result = try Self.run(governance, "sam", ["git", "-C", place, "agentsafe"] + words)
                #expect(result.status == 0 && !result.output.isEmpty, "\(words): \(result.errorText)")
            }
        }
        let result = try Self.run(
            governance, "agent",
            ["git", "-C", "\(folder)/actions", "agentsafe"] + Governance.proposal + ["--output", "json"],
            adding: ["AGENTSAFE_KEY": governance.key("agent"), "AGENTSAFE_STATE_HOME": governance.stateFolder("sam")])
        #expect(result.status == 0, "\(result.errorText)")
    }

    @Test("off a terminal there are no colours, no progress and no questions, whatever NO_COLOR and TERM say")
    func pipes() throws {
        let governance = try Governance()
        let program = try InstalledProgram.path()
        let id = try governance.propose(target: "prod/api-server")
        try governance.git("bob", "fetch", "-q")
        for variables in [[:], ["NO_COLOR": "1"], ["TERM": "dumb"], ["TERM": "xterm-256color", "CLICOLOR_FORCE": "1"]] {
            for words in [["show", id.text], ["verify"]] {
                let result = try Self.run(
                    governance, "bob",
                    ["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", governance.clone("bob"), program] + words,
                    adding: variables)
                #expect(
                    result.status == 0 && !result.output.contains(0x1B) && result.errors.isEmpty, "\(result.errorText)")
            }
        }
        let asked = try Self.run(
            governance, "bob",
            [
                "sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", governance.clone("bob"), program, "approve",
                id.text,
            ],
            input: "y\n", adding: ["AGENTSAFE_KEY": governance.key("bob")])
        #expect(asked.status == 2 && asked.errorText.contains("add `--yes`"))
    }

    @Test("`check --batch -` reads standard input and answers each line")
    func batchOfStandardInput() throws {
        let governance = try Governance()
        let result = try Self.run(
            governance, "sam",
            [
                "sh", "-c", "cd \"$1\" && exec \"$2\" check --batch -", "sh", governance.clone("sam"),
                try InstalledProgram.path(),
            ],
            input:
                "{\"action\": \"get-configmap\", \"target\": \"staging/app-config\", \"caller\": \"deploy-agent-01\"}\n\nnull"
        )
        let lines = result.outputText.split(separator: "\n")
        #expect(result.status == 0 && lines.count == 3)
        #expect(
            lines.first?.contains("\"result\":\"allow\"") == true && lines.last?.contains("\"bad_request\"") == true)
    }
}
