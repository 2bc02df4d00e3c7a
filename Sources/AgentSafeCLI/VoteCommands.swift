internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Ledger
internal import PolicyEngine

/// What the verdicts have in common.
func vote(
    _ kind: VerifiedVote.Kind, merge: Bool = false, reason: String? = nil, _ context: CommandContext
) throws(AgentSafeError) -> Int32 {
    let terminal = context.terminal
    let confirmation = Confirmation(context)
    let id = try context.changeID()
    let rejector = kind == .withdraw ? context.arguments.value("of") : nil
    let result = try context.workspace().vote(kind, on: id, of: rejector, reason: reason, merge: merge) { judgement in
        confirmation.ask(
            kind == .breakGlass
                ? "break the glass and have this change run without its approvals?"
                : "\(kind.rawValue)\(merge ? " and land" : "") this change?",
            showing: DecisionText.lines(judgement, terminal)
        )
    }
    guard let result else { throw confirmation.refusal("nothing was signed") }
    context.report(
        result.json,
        [
            "\(result.voter) says \(result.kind.rawValue) to \(result.id), on \(result.branch)",
            result.merged.map { "landed on main as \($0.short)" },
        ].compactMap { $0 })
    return 0
}

let voteOptions: [OptionSpec] = [
    OptionSpec("yes", short: "y", help: "do not ask"), .key, .remote, .output,
]

enum ApproveCommand: Command {
    static let spec = CommandSpec(
        name: "approve", summary: "Approve a change by a signed vote, and land it if you like.",
        discussion: """
            Shows decision, params, target and plan, then signs a vote for exactly this plan and pushes it on a branch of its own. The \
            vote dies if the action, a default or the target changes before execution. With `--merge` the change lands too, by a merge \
            that you sign.
            """,
        example: "agentsafe approve chg-20261122-7f3k9q2m4x --merge",
        options: [OptionSpec("merge", help: "land the change on main, by a signed merge in the same push")]
            + voteOptions,
        positionals: [PositionalSpec("ID", help: "the change")], exitCodes: ExitCodeSpec.common + [.denied],
        group: "Review")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        try vote(.approve, merge: context.arguments.has("merge"), context)
    }
}

enum RejectCommand: Command {
    static let spec = CommandSpec(
        name: "reject", summary: "Reject a change by a signed vote.",
        example: "agentsafe reject chg-20261122-7f3k9q2m4x",
        options: voteOptions, positionals: [PositionalSpec("ID", help: "the change")],
        exitCodes: ExitCodeSpec.common + [.denied], group: "Review")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 { try vote(.reject, context) }
}

enum WithdrawCommand: Command {
    static let spec = CommandSpec(
        name: "withdraw", summary: "Withdraw a change that you proposed, or your vote on somebody else's.",
        discussion: """
            A proposer's withdrawal stops the change. Anybody else takes their own vote back with it, so that it counts neither for nor \
            against the change. With `--of` an admin takes back somebody's rejection, but not of a change that they propose themselves.
            """,
        example: "agentsafe withdraw chg-20261122-7f3k9q2m4x",
        options: [
            OptionSpec("of", value: "PERSON", help: "take back this person's rejection, as an admin")
        ] + voteOptions, positionals: [PositionalSpec("ID", help: "the change")],
        exitCodes: ExitCodeSpec.common + [.denied], group: "Change")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 { try vote(.withdraw, context) }
}

enum CancelCommand: Command {
    static let spec = CommandSpec(
        name: "cancel", summary: "Cancel somebody's change, as an approver or admin.",
        example: "agentsafe cancel chg-20261122-7f3k9q2m4x", options: voteOptions,
        positionals: [PositionalSpec("ID", help: "the change")], exitCodes: ExitCodeSpec.common + [.denied],
        group: "Review")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 { try vote(.cancel, context) }
}
