import AgentSafeCLI
import ChangeModel
import OperatingSystem
import Testing

@Suite("What reaches a terminal")
struct TerminalTests {
    private static func run(
        _ governance: Governance, _ actor: String, _ arguments: [String], colors: Bool, in folder: String? = nil
    ) -> CommandResult {
        let (output, errors) = (LineBuffer(), LineBuffer())
        let terminal = Terminal(
            write: { output.append($0) }, say: { errors.append($0) }, ask: { _ in nil }, colors: colors,
            showsProgress: false)
        let status = CommandLineTool.run(
            ["agentsafe"] + arguments,
            host: governance.host(actor, in: folder, adding: ["AGENTSAFE_KEY": governance.key(actor)]),
            terminal: terminal)
        return CommandResult(status: status, output: output.text, errors: errors.text)
    }

    private static func withoutColors(_ text: String) -> String {
        var result = ""
        var isEscape = false
        for character in text.unicodeScalars {
            if character == "\u{1B}" { isEscape = true } else if !isEscape { result.unicodeScalars.append(character) }
            if isEscape, character == "m" { isEscape = false }
        }
        return result
    }

    @Test("colours come to a terminal and nowhere else, and change no word")
    func colours() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server")
        try governance.git("sam", "fetch", "-q")
        for command in [["gate", "--head", "origin/\(id.branch)"], ["show", id.text], ["status", id.text], ["log"]] {
            let plain = Self.run(governance, "sam", command, colors: false)
            let coloured = Self.run(governance, "sam", command, colors: true)
            #expect(!plain.output.contains("\u{1B}"), "\(plain)")
            #expect(coloured.output.contains("\u{1B}["), "\(coloured)")
            #expect(Self.withoutColors(coloured.output) == plain.output)
            let json = Self.run(governance, "sam", command + ["--output", "json"], colors: true)
            #expect(!json.output.contains("\u{1B}"))
            _ = try json.json
        }
    }

    @Test("a file whose name or text would steer a terminal is shown escaped, in text and in JSON")
    func hostileFolder() throws {
        let governance = try Governance()
        let folder = governance.clone("sam")
        let hostile = "\u{1B}]0;owned\u{7}\u{202E}"
        try Files.create(
            "\(folder)/policies/0\(hostile).yaml",
            Array(
                """
                rules:
                  - name: zz
                    priority: 5000
                    match: {actions: [scale-deployment]}
                    decision: deny
                    reason: no
                """.utf8))
        let check = ["check", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6"]
        for arguments in [check, check + ["--output", "json"], ["validate"]] {
            let result = Self.run(governance, "sam", arguments, colors: false)
            #expect(isHarmless(result.output + result.errors), "\(arguments): \(result)")
        }
        try Files.writeAtomically("\(folder)/policies/0\(hostile).yaml", Array("rules: \u{9B}31m".utf8))
        let broken = Self.run(governance, "sam", ["validate"], colors: false)
        #expect(broken.status == 1 && isHarmless(broken.errors), "\(broken)")
    }

    @Test("no argument's bytes come back raw, whichever argument it is")
    func hostileArguments() throws {
        let governance = try Governance()
        let hostile = "x\u{1B}[2J\u{9B}31m\u{202E}\u{7F}\u{8}"
        for arguments in [
            [hostile], ["propose", hostile, "--target", hostile, "--reason", "x"], ["--\(hostile)"],
            ["check", hostile, "--as", hostile],
            ["check", "scale-deployment", "--target", hostile], ["check", "--batch", hostile],
            ["actions", "--target", hostile],
            ["gate", "--head", hostile], ["verify", "--genesis", hostile], ["verify", "--remote", hostile],
            ["run", "--cluster", hostile], ["status", hostile], ["log", "--limit", hostile],
            ["setup", "--output", hostile],
            ["init", hostile, "--admin", "ann", "--key", hostile], ["init", "x", "--admin", hostile],
            ["check", "scale-deployment", "--param", "replicas=\(hostile)", "--output", "json"],
        ] {
            let result = Self.run(governance, "agent", arguments, colors: false)
            #expect(isHarmless(result.output + result.errors), "\(arguments): \(result)")
        }
    }

    @Test("what a target answers cannot steer a terminal either")
    func hostileTarget() throws {
        let governance = try Governance()
        _ = try governance.cluster()
        let cluster = String(decoding: try Files.read(governance.clusterFile), as: UTF8.self)
        let replaced = cluster.split(separator: "\"LOG_LEVEL\"", omittingEmptySubsequences: false)
        try #require(replaced.count > 1, "the demo cluster has a config map with LOG_LEVEL")
        try Files.writeAtomically(
            governance.clusterFile,
            Array(replaced.joined(separator: "\"HOSTILE\": \"\\u001b[2J\\u009b31m\u{9B}\u{202E}\", \"LOG_LEVEL\"").utf8)
        )
        let id = try governance.propose(action: "get-configmap", target: "staging/app-config", [])
        try governance.land(id)
        let words = ["run", id.text] + (try governance.cluster())
        let result = Self.run(governance, "runner", words, colors: false)
        #expect(result.status == 0 && isHarmless(result.output + result.errors), "\(result)")
        for options in [[], ["--output", "json"]] {
            try governance.git("sam", "fetch", "-q")
            let show = Self.run(governance, "sam", ["show", id.text] + options, colors: false)
            #expect(show.status == 0 && isHarmless(show.output + show.errors), "\(show)")
        }
    }
}
