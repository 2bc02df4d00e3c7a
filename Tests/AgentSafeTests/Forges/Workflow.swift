import ChangeModel
import OperatingSystem
import Testing

/// A workflow file of `.github-example`, read by a YAML reader other than ours.
struct Workflow {
    static let folder = Governance.projectRoot + "/.github-example"
    static let names = ["gate", "record", "run", "verify"]

    let name: String
    let json: JSONValue

    init(_ name: String) throws {
        self.name = name
        json = try Self.read("\(Self.folder)/workflows/\(name).yml")
    }

    /// Any YAML file as JSON. YAML 1.1 takes the key `on` for true.
    static func read(_ path: String) throws -> JSONValue {
        let script = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)"
        let result = try Program.run(
            ["python3", "-c", script, path], environment: Host.real().environment, timeout: 60)
        try #require(result.status == 0, "\(result.errorText)")
        return try JSONValue(parsing: result.outputText)
    }

    var triggers: JSONValue? { json["true"] }
    var jobs: [String: JSONValue] { json["jobs"]?.objectValue ?? [:] }

    func steps(_ job: String) throws -> [JSONValue] { try #require(jobs[job]?["steps"]?.arrayValue) }
    var allSteps: [JSONValue] { jobs.values.flatMap { $0["steps"]?.arrayValue ?? [] } }
}

/// A hosted runner: an empty machine on which a job's steps are executed, with what GitHub would put into their environment.
final class HostedRunner {
    let governance: Governance
    let workspace: String
    private let home: String
    private let temporary: String
    /// What each expression of the workflow stands for, by its exact text. An expression that is not here is a failure.
    var expressions: [String: String]
    var outputs: [String: String] = [:]
    var summary = ""
    var log = ""

    init(_ governance: Governance, expressions: [String: String] = [:]) throws {
        self.governance = governance
        let root = try Files.temporaryDirectory(in: governance.directory.path, prefix: "runner-")
        (workspace, home, temporary) = ("\(root)/work", "\(root)/home", "\(root)/temp")
        for folder in [home, temporary] { try Files.createDirectory(folder) }
        let bin = "\(governance.directory.path)/bin"
        if Files.kind(bin) == nil {
            try Files.createDirectory(bin)
            try governance.run(["ln", "-s", try InstalledProgram.path(), "\(bin)/agentsafe"])
        }
        self.expressions = [
            "vars.AGENTSAFE_GENESIS": try governance.git("alice", "config", "agentsafe.genesis"),
            "github.token": "ghs_token", "vars.AGENTSAFE_REMOTE_URL": governance.remote, "vars.AGENTSAFE_LAND": "",
            "vars.AGENTSAFE_CLUSTER": "embedded:\(governance.clusterFile)",
            "secrets.AGENTSAFE_GATE_KEY": try Self.key("gate", governance), "secrets.AGENTSAFE_GATE_DEPLOY_KEY": "",
            "secrets.AGENTSAFE_RUNNER_KEY": try Self.key("runner", governance),
            "secrets.AGENTSAFE_RUNNER_DEPLOY_KEY": "",
        ].merging(expressions) { $1 }
    }

    /// A private key's text, as it stands in a secret.
    static func key(_ actor: String, _ governance: Governance) throws -> String {
        String(decoding: try Files.read(governance.key(actor)), as: UTF8.self)
    }

    var environment: [String: String] {
        let path = Host.real().environment["PATH"] ?? "/usr/bin:/bin"
        return [
            "PATH": "\(governance.directory.path)/bin:\(path)", "HOME": home, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C",
            "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "org/governance", "GITHUB_SERVER_URL": "https://github.com",
            "RUNNER_TEMP": temporary, "GITHUB_WORKSPACE": workspace,
        ]
    }

    /// Runs a job's steps in order: as far as they succeed, and those that run whatever came before.
    /// - Returns: the exit code of the first step that failed, or 0.
    func run(_ workflow: Workflow, job: String) throws -> Int32 {
        var failure: Int32 = 0
        for step in try workflow.steps(job) where try isDue(step, after: failure) {
            if let action = step["uses"]?.stringValue {
                try #require(action.hasPrefix("actions/checkout@"))
                try checkOut(try #require(step.at("with", "ref")?.stringValue))
            } else {
                let status = try runStep(step)
                if failure == 0 { failure = status }
            }
        }
        return failure
    }

    private func isDue(_ step: JSONValue, after failure: Int32) throws -> Bool {
        guard let condition = step["if"]?.stringValue else { return failure == 0 }
        try #require(condition == "${{ !cancelled() && github.event_name == 'pull_request_target' }}")
        return expressions["github.event_name"] == "pull_request_target"
    }

    /// What `actions/checkout` does with `fetch-depth: 0`.
    private func checkOut(_ branch: String) throws {
        try governance.run(["git", "init", "-q", "-b", "main", workspace])
        for arguments in [
            ["remote", "add", "origin", governance.remote],
            ["fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*"],
            ["checkout", "-q", "-B", branch, "refs/remotes/origin/\(branch)"],
        ] { try governance.run(["git", "-C", workspace] + arguments) }
    }

    private func runStep(_ step: JSONValue) throws -> Int32 {
        var variables = environment
        for (name, value) in step["env"]?.objectValue ?? [:] {
            variables[name] = try expand(try #require(value.stringValue))
        }
        let (output, page) = ("\(temporary)/output", "\(temporary)/summary")
        for path in [output, page] { try Files.writeAtomically(path, []) }
        variables["GITHUB_OUTPUT"] = output
        variables["GITHUB_STEP_SUMMARY"] = page
        let script = "\(temporary)/step.sh"
        try Files.writeAtomically(script, Array(try #require(step["run"]?.stringValue).utf8))
        // GitHub's default shell for `run`.
        let result = try Program.run(
            ["sh", "-c", "cd \"$1\" && exec bash -e \"$2\"", "sh", workspace, script], environment: variables,
            timeout: 120)
        log += result.outputText + result.errorText
        summary += String(decoding: try Files.read(page), as: UTF8.self)
        for line in String(decoding: try Files.read(output), as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            outputs[String(parts[0])] = String(parts[1])
        }
        return result.status
    }

    private func expand(_ text: String) throws -> String {
        guard text.hasPrefix("${{"), text.hasSuffix("}}") else { return text }
        let expression = text.dropFirst(3).dropLast(2).split(separator: " ").joined(separator: " ")
        return try #require(expressions[expression], "nothing stands for `\(expression)`")
    }
}

extension Governance {
    /// A governance repository whose main carries `.github/`, as of now: the program that runs in the steps has the real clock.
    static func withWorkflows() throws -> Governance {
        let governance = try Governance()
        governance.clock.advance(Host.real().now() - governance.clock.now)
        try governance.git("alice", "fetch", "-q")
        try governance.git("alice", "checkout", "-q", "-B", "main", "origin/main")
        let folder = "\(governance.clone("alice"))/.github"
        try governance.run(["cp", "-a", Workflow.folder, folder])
        let genesis = try governance.git("alice", "config", "agentsafe.genesis")
        try governance.run(["sed", "-i", "s/^genesis=.*/genesis=\(genesis)/", "\(folder)/agentsafe/pins.sh"])
        try governance.expect(0, "alice", ["trust", "commit", "-m", "CI", "--push"])
        return governance
    }

    /// Opens a request, as the forge shows it.
    func openRequest(_ branch: String, number: Int = 7) throws -> [String: String] {
        let head = try tip(branch)
        try run(["git", "-C", remote, "update-ref", "refs/pull/\(number)/head", head])
        return [
            "github.event_name": "pull_request_target", "github.event.pull_request.number": String(number),
            "github.event.pull_request.head.sha": head,
            "github.event.pull_request.head.sha || github.event.merge_group.head_sha": head,
        ]
    }
}
