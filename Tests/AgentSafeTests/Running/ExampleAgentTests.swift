import ChangeModel
import OperatingSystem
import Testing

/// The agent in `examples/agent`, as the program that was built from it.
@Suite("The example agent")
struct ExampleAgentTests {
    private let governance: Governance

    init() throws { governance = try Governance() }

    @Test("proposes what it needs, and sees it executed")
    func allowed() throws {
        try Files.create(
            governance.clusterFile, try Files.read(Governance.projectRoot + "/examples/clusters/demo.json"))
        let proposed = try run("agent", "staging/api-server", "550")
        #expect(proposed.status == 0, "\(proposed)")
        let answer = try answer(proposed)
        #expect(answer["replicas"] == 6)
        let id = try #require(answer["id"]?.stringValue)
        try governance.git("agent", "push", "-q", "origin", "change/\(id):main")
        let ran = governance.agentsafe("runner", ["run", id, "--cluster", "embedded:\(governance.clusterFile)"])
        #expect(ran.status == 0, "\(ran)")
        try governance.git("agent", "fetch", "-q")
        let status = governance.agentsafe("agent", ["status", id, "--output", "json"])
        #expect(status.output.contains("\"executed\""), "\(status)")
    }

    @Test("waits for a person where one must approve, and says so when nobody comes")
    func awaitsApproval() throws {
        let proposed = try run("agent", "prod/api-server", "200", "1")
        #expect(proposed.status == 10, "\(proposed)")
        #expect(try answer(proposed)["state"] == "awaiting_approval")
        #expect(proposed.errors.contains("it is awaiting_approval"))
    }

    @Test("writes nothing where the policy says no")
    func denied() throws {
        let before = try governance.git("agent", "ls-remote", "origin")
        let proposed = try run("rogue", "prod/api-server", "200")
        #expect(proposed.status == 20, "\(proposed)")
        #expect(try answer(proposed) == ["state": "denied", "code": "no_rule"])
        #expect(try governance.git("agent", "ls-remote", "origin") == before)
    }

    @Test("says how it is called", arguments: [[], ["staging/api-server"], ["staging/api-server", "many"]])
    func usage(words: [String]) throws {
        let result = try run("agent", words)
        #expect(result.status == 2)
        #expect(result.errors.contains("usage: example-agent <target>"))
    }

    // MARK: -

    private func run(_ actor: String, _ words: String...) throws -> CommandResult { try run(actor, words) }

    private func run(_ actor: String, _ words: [String]) throws -> CommandResult {
        var environment = governance.environment(actor)
        environment["AGENTSAFE_KEY"] = governance.key(actor)
        environment["AGENTSAFE_FAULT_CLOCK"] = String(governance.clockShift)
        let program = Files.parent(of: try InstalledProgram.path()) + "/example-agent"
        let result = try Program.run(
            ["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", governance.clone(actor), program] + words,
            environment: environment, timeout: 60)
        return CommandResult(status: result.status, output: result.outputText, errors: result.errorText)
    }

    private func answer(_ result: CommandResult) throws -> JSONValue {
        try JSONValue(parsing: Array(result.output.utf8), limits: JSONLimits(bytes: 1 << 16, depth: 8))
    }
}
