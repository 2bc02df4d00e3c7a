import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

/// Governance repositories whose remote is guarded by the real hook, started by the real git. The hook knows the machine's
/// clock alone, so the clock of these repositories starts two hours before it.
enum HookedServer {
    /// Newly made: main and ledger with the identities of all actors.
    static func governance() throws -> Governance { try Governance(copying: try fresh.shared()) }

    /// One change in production approved, landed, executed and recorded.
    static func lived() throws -> (governance: Governance, id: ChangeID) {
        let (governance, id) = try executed.shared()
        return (try Governance(copying: governance), id)
    }

    private static let fresh = Result {
        let governance = try Governance(making: (), at: Host.real().now() - 7200)
        KeptFolders.remember(governance.directory.path)
        try governance.installHook()
        return governance
    }

    private static let executed = Result {
        let governance = try HookedServer.governance()
        KeptFolders.remember(governance.directory.path)
        // Clones are copied when they are first asked for, and only those that are there.
        for actor in Governance.actors { try governance.git(actor, "fetch", "-q") }
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        return (governance, id)
    }
}

extension Governance {
    var genesis: String { get throws { try git("alice", "config", "agentsafe.genesis") } }

    /// Installs the hook with the program that was built beside these tests.
    @discardableResult
    func installHook(_ options: [String] = [], in repository: String? = nil, status: Int32 = 0) throws -> CommandResult
    {
        try expect(
            status, "alice",
            [
                "hook", "install", "--repository", repository ?? remote, "--program", try InstalledProgram.path(),
                "--genesis", try genesis,
            ] + options)
    }

    /// Runs git on the server itself.
    @discardableResult
    func onServer(_ arguments: String..., input: String = "") throws -> String {
        try run(["git", "-C", remote] + arguments, input: Array(input.utf8))
    }

    /// Everything that a refused push must leave alone: references, objects, and the hook's marks.
    func serverState() throws -> String {
        let references = try onServer("for-each-ref")
        let files = try run([
            "sh", "-c", "cd \"$1\" && find . -type f | sort && { [ ! -f $2 ] || cat $2; }", "sh", remote,
            "agentsafe-marks.json",
        ])
        return references + "\n" + files
    }

    /// Pushes with stock git; whatever comes of it.
    func tryPush(_ actor: String, _ refspecs: [String], to url: String? = nil) throws -> ProgramResult {
        try Program.run(
            ["git", "-C", clone(actor), "push", url ?? "origin"] + refspecs, environment: environment(actor),
            timeout: 120)
    }

    /// Pushes what the hook must refuse. Nothing may change on the server, not even by an object.
    ///
    /// - Returns: what the hook said, without git's `remote: `.
    @discardableResult
    func refused(
        _ actor: String, _ refspecs: String..., because words: String, reference: String? = nil,
        adding more: [String] = [],
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> String {
        let before = try serverState()
        let result = try tryPush(actor, refspecs + more)
        let said = result.errorText.split(separator: "\n").filter { $0.hasPrefix("remote: ") }
            .map { String($0.dropFirst("remote: ".count)).reversed().drop { $0 == " " }.reversed() }
            .map { String($0) }.joined(separator: "\n")
        #expect(result.status == 1, "\(result.errorText)", sourceLocation: sourceLocation)
        #expect(said.contains(words), "\(result.errorText)", sourceLocation: sourceLocation)
        if let reference {
            #expect(
                said.contains("agentsafe: refused `\(reference)`: "), "\(result.errorText)",
                sourceLocation: sourceLocation)
        }
        // A shell names the signal that ended its program.
        for line in said.split(separator: "\n") where line != "Killed" {
            #expect(line.hasPrefix("agentsafe: "), "\(result.errorText)", sourceLocation: sourceLocation)
        }
        #expect(try serverState() == before, "the server changed", sourceLocation: sourceLocation)
        return said
    }

    /// Pushes what the hook must take.
    ///
    /// - Returns: what git and the hook said.
    @discardableResult
    func accepted(
        _ actor: String, _ refspecs: String..., sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try tryPush(actor, refspecs)
        try #require(result.status == 0, "\(result.errorText)", sourceLocation: sourceLocation)
        return result.errorText
    }

    /// Starts the installed hook as git would, on lines that git would never write.
    ///
    /// - Parameter variables: added to git's own; an empty value takes one away.
    func callHook(
        _ lines: String, in repository: String? = nil, adding variables: [String: String] = [:]
    ) throws -> ProgramResult {
        let repository = repository ?? remote
        let quarantine = try folder("quarantine")
        var environment = environment("sam").merging([
            "GIT_DIR": ".", "GIT_QUARANTINE_PATH": quarantine, "GIT_OBJECT_DIRECTORY": quarantine,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": "\(repository)/objects",
        ]) { $1 }
        for (name, value) in variables { environment[name] = value.isEmpty ? nil : value }
        return try Program.run(
            ["sh", "-c", "cd \"$1\" && exec hooks/pre-receive", "sh", repository], environment: environment,
            input: Array(lines.utf8), timeout: 60)
    }
}
