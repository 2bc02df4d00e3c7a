internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Tokens

enum DelegationCreateCommand: Command {
    static let spec = CommandSpec(
        name: "create", summary: "Hand on some of what you may do, to one key, for a while.",
        discussion: """
            Signed with your own key, without a network. The delegate acts with the roles and groups that you name and no others; \
            both must be yours, by main or by the delegation that you hold (`--parent`). Prints the chain, one token a line, root \
            first: the delegate passes it to `propose --delegation`. Whoever stands in it cannot approve what is done under it.
            JSON: as `delegation verify`.
            """,
        example: """
            agentsafe delegation create --to worker-1 --role deployer \\
                --action 'scale-*' --target 'staging/*' --ttl 2h
            """,
        moreExamples: ["agentsafe delegation create --to worker-2 --role deployer --parent mine.delegation"],
        options: [
            OptionSpec("to", value: "ID", required: true, help: "the delegate, an identity of main"),
            OptionSpec(
                "to-key", value: "FINGERPRINT", help: "the delegate's key, `SHA256:…` (default: the only valid one)"),
            OptionSpec("role", value: "ROLE", repeatable: true, help: "a role that is handed on"),
            OptionSpec("group", value: "GROUP", repeatable: true, help: "a group that is handed on"),
            OptionSpec(
                "action", value: "GLOB", repeatable: true, help: "actions, as in policies (default: all)"),
            OptionSpec("target", short: "t", value: "GLOB", repeatable: true, help: "targets (default: all)"),
            OptionSpec("ttl", value: "DURATION", help: "how long it lives (default: 24h, or as long as the parent)"),
            OptionSpec(
                "depth", value: "N", help: "how many further links the delegate may add, 0 to 4 (default: 0)"),
            OptionSpec("parent", value: "FILE", help: "the delegation by which you hold what you hand on"),
            .key, .remote, .output,
        ], exitCodes: ExitCodeSpec.common + [.denied])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let arguments = context.arguments
        var depth: Int?
        if let text = arguments.value("depth") {
            guard let number = Int(text), (0..<Delegation.maximumDepth).contains(number) else {
                throw AgentSafeError(.usage, "`--depth` takes a number from 0 to \(Delegation.maximumDepth - 1)")
            }
            depth = number
        }
        let draft = DelegationDraft(
            delegate: arguments.value("to") ?? "", delegateKey: arguments.value("to-key"),
            roles: arguments.values("role"), groups: arguments.values("group"), actions: arguments.values("action"),
            targets: arguments.values("target"), lifetime: try context.duration("ttl"), depth: depth,
            parent: try arguments.value("parent").map { (file) throws(AgentSafeError) in
                try context.delegation(file)
            } ?? [])
        let made = try context.workspace().delegate(draft)
        context.terminal.say(
            "delegated to \(visible(made.chain.delegate)) until \(made.chain.expires)"
                + (made.chain.roles.isEmpty && made.chain.groups.isEmpty ? "; no role and no group is handed on" : ""))
        context.report(made.json, made.tokens)
        return 0
    }
}

extension OptionSpec {
    static let delegation = OptionSpec(
        "delegation", value: "FILE",
        help: "the delegation under which you act, as `delegation create` printed it, or `-`")
}

extension CommandContext {
    /// The chain that `--delegation` names; empty where nobody is acted for.
    func delegationOption() throws(AgentSafeError) -> [String] {
        guard let file = arguments.value("delegation") else { return [] }
        return try delegation(file)
    }

    /// The tokens of a delegation chain, root first, from a file or standard input.
    func delegation(_ argument: String) throws(AgentSafeError) -> [String] {
        let text = try tokenText(argument)
        do {
            return try SignedDelegation.tokens(in: text)
        } catch {
            throw AgentSafeError(.usage, error.message)
        }
    }
}
