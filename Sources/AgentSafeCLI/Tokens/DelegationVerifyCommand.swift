internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Tokens

enum DelegationVerifyCommand: Command {
    static let spec = CommandSpec(
        name: "verify", summary: "Check a delegation chain, by main's verified identities.",
        discussion: """
            Whoever stands first holds what they hand on now, each link is signed with exactly the key that the one before names, and \
            none gives more than it has.
            JSON: {"valid": true, "delegation": tokens, "delegate", "key", "delegated_by", "roles", "groups", "expires", \
            "depth_left", "links": their claims}, or {"valid": false, "code", "reason"}.
            """,
        example: "agentsafe delegation verify worker-1.delegation", moreExamples: ["agentsafe delegation verify -"],
        options: [.remote, .output],
        positionals: [PositionalSpec("FILE", help: "the chain as `delegation create` prints it, or `-`")],
        exitCodes: [
            .done, .failed, .usage, ExitCodeSpec(20, "authentic, and expired, or wider than it may be"), .notAuthentic,
        ])

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let text = try context.tokenText(context.arguments.positionals.first ?? "")
        let tokens: [String]
        do {
            tokens = try SignedDelegation.tokens(in: text)
        } catch {
            return context.report(refusal: error)
        }
        switch try context.workspace().verifyDelegation(tokens) {
        case .failure(let error): return context.report(refusal: error)
        case .success(let signed):
            context.report(signed.json, lines(signed, context.terminal))
            return 0
        }
    }

    private static func lines(_ signed: SignedDelegation, _ terminal: Terminal) -> [String] {
        let chain = signed.chain
        func list(_ names: [String]) -> String { names.isEmpty ? "none" : visible(names.joined(separator: ", ")) }
        return [
            "\(terminal.verdict("authentic"))  \(chain.delegate) acts for \(chain.delegators.joined(separator: " → ")), "
                + "until \(chain.expires)",
            "  roles: \(list(chain.roles)); groups: \(list(chain.groups)); \(chain.depthLeft) further links",
        ]
            + chain.links.map {
                "  \($0.delegator) → \($0.delegate): actions \(list($0.actions)); targets \(list($0.targets))"
            }
    }
}
