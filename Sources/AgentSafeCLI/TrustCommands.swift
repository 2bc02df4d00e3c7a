internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Ledger

enum TrustCommitCommand: Command {
    static let spec = CommandSpec(
        name: "commit", summary: "Sign the work tree's edits of policies, actions, inventory, settings or identities.",
        discussion: """
            Files that give power change only by commits that carry admins' signatures over the exact difference. Edit them on main \
            as usual, and let this command raise `trust_version`, sign and commit. Where more than one admin must sign, the edits go \
            to a trust branch with your signature, for the others to add theirs with `agentsafe trust sign`.
            """,
        example: "agentsafe trust commit -m 'Let the night shift restart staging' --push",
        options: [
            OptionSpec("message", short: "m", value: "TEXT", required: true, help: "the commit's message"), .push, .key,
            .remote, .output,
        ], exitCodes: ExitCodeSpec.common + [.denied])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let result = try context.workspace().commitTrust(
            message: visible(context.arguments.value("message") ?? ""), push: context.arguments.has("push"))
        context.report(result.json, TrustText.lines(result) + result.files.map { "  \(visible($0))" })
        return 0
    }
}

enum TrustProposeCommand: Command {
    static let spec = CommandSpec(
        name: "propose", summary: "Propose the work tree's edits of files that give power, for admins to sign.",
        discussion: """
            Shows the difference and puts it on a branch `trust/<version>`, as one commit on main that nobody signed yet; the work tree \
            goes back to main. Anybody may propose. With `--adopt` it works on top of a main that became foreign: the admins who sign \
            adopt what its foreign commits did to files that give power. What those landed is not taken along, and can be landed again.
            """,
        example: "agentsafe trust propose -m 'Let the night shift restart staging' --push",
        moreExamples: ["agentsafe trust propose --adopt --push"],
        options: [
            OptionSpec("message", short: "m", value: "TEXT", help: "the commit's message"),
            OptionSpec("adopt", help: "on top of a foreign main: adopt what follows its last accepted commit"), .push,
            .key, .remote, .output,
        ], exitCodes: ExitCodeSpec.common)

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let terminal = context.terminal
        let result = try context.workspace().proposeTrust(
            message: context.arguments.value("message").map(visible), push: context.arguments.has("push"),
            adopting: context.arguments.has("adopt"),
            show: { for line in TrustText.lines($0, terminal) { terminal.say(line) } })
        context.report(result.json, TrustText.lines(result))
        return 0
    }
}

enum TrustSignCommand: Command {
    static let spec = CommandSpec(
        name: "sign", summary: "Sign a trust branch as an admin, and land it when enough admins did.",
        discussion: """
            Shows the difference, taken from the commit itself, and signs the statement of exactly that. The branch stays one commit, so \
            it lands by merge, squash, rebase or fast-forward, on a forge or by `--land`.
            """,
        example: "agentsafe trust sign --land",
        moreExamples: ["agentsafe trust sign trust/12 --yes --output json"],
        options: [
            OptionSpec("yes", short: "y", help: "do not ask"),
            OptionSpec("land", help: "when enough admins signed, fast-forward main to it"), .key, .remote, .output,
        ],
        positionals: [PositionalSpec("BRANCH", required: false, help: "default: the only one that waits")],
        exitCodes: ExitCodeSpec.common + [.approvalNeeded, .denied])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let terminal = context.terminal
        let land = context.arguments.has("land")
        let confirmation = Confirmation(context)
        let result = try context.workspace().signTrust(context.arguments.positionals.first, land: land) { request in
            confirmation.ask("sign this difference?", showing: TrustText.lines(request, terminal))
        }
        guard let result else { throw confirmation.refusal("nothing was signed") }
        context.report(
            result.json,
            [
                "trust version \(result.version) on \(visible(result.branch.name)), commit \(result.commit.short)",
                visible(result.branch.summary), result.landed.map { "landed on main as \($0.short)" },
            ].compactMap { $0 })
        return land && result.landed == nil && result.branch.missing > 0 ? ExitCodeSpec.code(of: "require_approval") : 0
    }
}

/// Trust commits as people read them.
enum TrustText {
    static func lines(_ result: TrustResult) -> [String] {
        let pushed = result.pushed ? "" : " (not pushed yet)"
        guard let open = result.open else {
            return ["trust version \(result.version), main commit \(result.commit.short)\(pushed)"]
        }
        return [
            "trust version \(result.version) waits on \(open.name), commit \(result.commit.short)\(pushed)",
            "\(visible(open.summary)): `agentsafe trust sign \(open.name)`",
        ]
    }

    static func lines(_ request: TrustRequest, _ terminal: Terminal) -> [String] {
        var lines = [
            terminal.paint("trust version \(request.version)", .strong) + "  \(visible(request.subject))",
            "  proposed by \(visible(request.author)), on \(visible(request.branch.name)) at \(request.commit.short)",
            "  \(visible(request.branch.summary)); the threshold is \(request.threshold)",
        ]
        if request.adopts > 0 {
            lines.append(
                "  adopts \(request.adopts) foreign commits of main: this is the difference to the last accepted one")
        }
        return lines + Self.lines(request.difference, terminal)
    }

    static func lines(_ difference: TrustDifference, _ terminal: Terminal) -> [String] {
        var lines = difference.files.map { "  \(visible($0.path))  +\($0.added) -\($0.removed)" }
        for line in difference.lines {
            let tone: Terminal.Tone =
                switch line.first {
                case "+": .good
                case "-": .bad
                case "@", "d": .faint
                default: .plain
                }
            lines.append(terminal.paint(visible(line), tone))
        }
        if difference.omitted > 0 {
            lines.append(
                "warning: \(difference.omitted) lines are not shown, and would be signed too; see all with `\(difference.command)`"
            )
        }
        return lines
    }
}
