import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// Where changes are run: a clone with the key of a runner, which others may have as well, and a home with the state folder,
/// which several clones on one machine share.
final class RaceMachine: Sendable {
    let name: String
    let actor: String
    let governance: Governance
    private let git: FaultyGit
    private let folder: String
    private let home: String

    init(
        _ name: String, as actor: String, in governance: Governance, git: FaultyGit, home: String? = nil
    ) throws {
        self.name = name
        self.actor = actor
        self.governance = governance
        self.git = git
        folder = "\(governance.directory.path)/machines/\(name)"
        self.home = "\(governance.directory.path)/machines/\(home ?? name)/home"
        try Files.createDirectory(folder)
        try Files.createDirectory(self.home)
        let settings =
            "[user]\n\tname = \(actor)\n\temail = \(actor)@example.com\n[core]\n\tfsync = none\n[gc]\n\tauto = 0\n"
        try Files.writeAtomically("\(self.home)/.gitconfig", Array(settings.utf8))
        try governance.run(["git", "clone", "-q", "--template=", governance.remote, clone])
        let genesis = try governance.git("alice", "config", "agentsafe.genesis")
        try governance.expect(
            0, actor, ["setup", "--genesis", genesis, "--key", governance.key(actor)], in: clone, adding: variables)
    }

    var clone: String { "\(folder)/clone" }

    private var variables: [String: String] {
        [
            "HOME": home, "AGENTSAFE_STATE_HOME": "\(home)/state",
            "AGENTSAFE_KEY": governance.key(actor),
        ]
    }

    /// Runs `agentsafe` on this machine, in this process, with a network that does no harm.
    func agentsafe(_ arguments: [String]) -> CommandResult {
        governance.agentsafe(actor, arguments, in: clone, adding: variables)
    }

    /// Begins `agentsafe run` under a plan of faults. A runner that is to be killed is a process; the others are threads.
    func start(_ arguments: [String], plan: FaultPlan, round: Int, program: String) throws -> RaceRun {
        let faults = "\(folder)/faults-\(round)"
        try Files.createDirectory(faults)
        try Files.create("\(faults)/count", Array("0\n".utf8))
        let path = governance.environment(actor)["PATH"] ?? ""
        let variables = variables.merging([
            "PATH": "\(git.folder):\(path)", "RACE_FOLDER": faults, "RACE_PLAN": plan.words.joined(separator: " "),
            "RACE_LENGTH": String(plan.words.count),
        ]) { $1 }
        let (governance, actor, clone) = (governance, actor, clone)
        let work = BackgroundWork("\(name) \(round)") { () -> CommandResult in
            guard plan.end == .isKilled else {
                return governance.agentsafe(actor, arguments, in: clone, adding: variables)
            }
            return governance.spawn(program, actor, arguments, in: clone, adding: variables)
        }
        return RaceRun(machine: self, plan: plan, work: work, faults: faults)
    }

    /// What this machine has recorded and not yet brought to the remote.
    func outbox() throws -> String {
        try governance.run(["git", "-C", clone, "for-each-ref", "refs/agentsafe/outbox"])
    }
}

extension Governance {
    /// Runs the program itself, with its clock at the tests' time.
    func spawn(
        _ program: String, _ actor: String, _ arguments: [String], in folder: String, adding variables: [String: String]
    ) -> CommandResult {
        let shift = clock.now - Host.real().now()
        let environment = environment(actor).merging(variables) { $1 }.merging([
            "AGENTSAFE_FAULT_CLOCK": String(shift)
        ]) { $1 }
        do {
            let result = try Program.run(
                ["/bin/sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder, program] + arguments,
                environment: environment, timeout: 60)
            return CommandResult(status: result.status, output: result.outputText, errors: result.errorText)
        } catch {
            return CommandResult(status: -1, output: "", errors: "\(error)")
        }
    }
}

/// One runner in one race.
struct RaceRun {
    let machine: RaceMachine
    let plan: FaultPlan
    let work: BackgroundWork<CommandResult>
    let faults: String

    var isParked: Bool { Files.kind("\(faults)/parked") != nil && work.value == nil }

    /// Lets a runner that stands still go on.
    func release() throws {
        if Files.kind("\(faults)/release") == nil { try Files.create("\(faults)/release", []) }
    }
}
