import OperatingSystem
import TestSupport
import Testing

/// A gitolite of its own, in a home of its own, as any account may run it; root too. No sshd is between: git starts a
/// small script in the place of ssh, which starts `gitolite-shell` for the actor as sshd would.
struct GitoliteServer {
    struct NotInstalled: Error, CustomStringConvertible {
        let description = "gitolite is not installed; run `apt-get install gitolite3` (Tests/run.sh does)"
    }

    let governance: Governance
    let home: String
    private let ssh: String
    static let address = "git@gitolite:governance"

    init(_ governance: Governance) throws {
        self.governance = governance
        home = try governance.folder("gitolite")
        ssh = "\(governance.directory.path)/ssh"
        guard Program.find("gitolite", environment: governance.environment("alice")) != nil else {
            throw NotInstalled()
        }
        try Files.create("\(home)/.gitconfig", Array("[init]\n\tdefaultBranch = main\n".utf8))
        try Files.create("\(home)/.gitolite.rc", Array(Self.settings.utf8))
        try Files.createDirectory("\(home)/local/hooks/repo-specific")
        try Files.create("\(home)/keeper.pub", try Files.read(governance.key("alice") + ".pub"))
        try run("gitolite", "setup", "-pk", "\(home)/keeper.pub")
        let shell = try run("gitolite", "query-rc", "GL_BINDIR") + "/gitolite-shell"
        let script = """
            #!/bin/sh
            # The last word is the command.
            for SSH_ORIGINAL_COMMAND in "$@"; do :; done
            export SSH_ORIGINAL_COMMAND SSH_CONNECTION="0 0 0 0" HOME='\(home)'
            exec '\(shell)' "$GITOLITE_ACTOR"

            """
        try Files.create(ssh, Array(script.utf8), mode: 0o755)
    }

    /// gitolite's own example, less what a test has no use for.
    private static let settings = """
        %RC = (
            UMASK => 0077,
            GIT_CONFIG_KEYS => 'agentsafe\\..*|receive\\..*',
            LOG_EXTRA => 0,
            LOCAL_CODE => "$ENV{HOME}/local",
            ROLES => { READERS => 1, WRITERS => 1 },
            ENABLE => [ 'git-config', 'repo-specific-hooks' ],
        );
        1;

        """

    /// Runs a program as the account that serves the repositories.
    @discardableResult
    func run(_ arguments: String..., input: String = "") throws -> String {
        let variables = ["HOME": home, "USER": "git"]
        let result = try Program.run(
            arguments, environment: governance.environment("alice").merging(variables) { $1 }, input: Array(input.utf8),
            timeout: 60)
        guard result.status == 0 else {
            throw SSHKeys.ProgramFailure(description: "\(arguments): \(result.errorText)")
        }
        return String(result.outputText.reversed().drop { $0.isNewline }.reversed())
    }

    /// Writes hook and rules, as `agentsafe hook install --help` says.
    func configure(_ rules: String) throws {
        let printed = try governance.expect(
            0, "alice", ["hook", "install", "--print", "--program", try InstalledProgram.path()])
        try Files.create(
            "\(home)/local/hooks/repo-specific/agentsafe", Array((printed.output + "\n").utf8), mode: 0o755)
        let configuration = "\(home)/.gitolite/conf/gitolite.conf"
        try Files.writeAtomically(configuration, Array(rules.utf8))
        try run("gitolite", "setup")
    }

    var repository: String { "\(home)/repositories/governance.git" }

    func variables(_ actor: String) -> [String: String] { ["GIT_SSH_COMMAND": ssh, "GITOLITE_ACTOR": actor] }

    func git(_ actor: String, _ arguments: String...) throws -> ProgramResult {
        try Program.run(
            ["git", "-C", governance.clone(actor)] + arguments,
            environment: governance.environment(actor).merging(variables(actor)) { $1 }, timeout: 120)
    }

    /// Runs git, which must succeed.
    @discardableResult
    func succeed(
        _ actor: String, _ arguments: String..., sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try Program.run(
            ["git", "-C", governance.clone(actor)] + arguments,
            environment: governance.environment(actor).merging(variables(actor)) { $1 }, timeout: 120)
        try #require(result.status == 0, "\(arguments): \(result.errorText)", sourceLocation: sourceLocation)
        return String(result.outputText.reversed().drop { $0.isNewline }.reversed())
    }

    func agentsafe(_ actor: String, _ arguments: String...) -> CommandResult {
        governance.agentsafe(actor, arguments, adding: variables(actor))
    }

    func expect(
        _ status: Int32, _ actor: String, _ arguments: [String],
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        try governance.expect(status, actor, arguments, adding: variables(actor), sourceLocation: sourceLocation)
    }

    /// Lets a clone work with this server.
    func attach(_ actor: String) throws {
        try succeed(actor, "remote", "set-url", "origin", Self.address)
        try succeed(actor, "fetch", "-q", "--prune")
    }
}
