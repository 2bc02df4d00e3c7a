internal import AgentSafe
internal import ChangeModel
internal import CommandLineParsing
internal import Ledger

enum StatusCommand: Command {
    static let spec = CommandSpec(
        name: "status", summary: "Say where a change is on its way.",
        discussion: """
            States: proposed, awaiting_approval, approved, landed, claimed, executed, failed, unknown, denied, limited (denied for a \
            time, by a limit on its proposer), rejected, expired, withdrawn. With `--wait` it fetches every two seconds until the state is final; when `--timeout` ends that earlier, \
            the exit code is 10 for a change that awaits approval and 1 for any other.
            """,
        example: "agentsafe status chg-20261122-7f3k9q2m4x --wait --output json",
        options: [
            OptionSpec("wait", short: "w", help: "wait until nothing more will happen to the change by itself"),
            OptionSpec("timeout", value: "DURATION", help: "give up waiting after, e.g. 10m"), .remote, .output,
        ],
        positionals: [PositionalSpec("ID", help: "the change")], exitCodes: ExitCodeSpec.judging, group: "Change")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let id = try context.changeID()
        let isWaiting = context.arguments.has("wait")
        guard isWaiting || !context.arguments.has("timeout") else {
            throw AgentSafeError(.usage, "`--timeout` limits `--wait`; add `--wait`")
        }
        let workspace = try context.workspace()
        let status: ChangeStatus
        if isWaiting {
            let terminal = context.terminal
            let timeout = try context.arguments.value("timeout").map(ProposeCommand.seconds)
            status = try workspace.waitForStatus(of: id, timeout: timeout) {
                terminal.say(terminal.paint("\($0.state.rawValue): \(visible($0.detail))", .faint))
            }
        } else {
            status = try workspace.status(of: id)
        }
        context.report(
            status.json,
            ["\(context.terminal.verdict(status.state.rawValue))  \(id)", "  \(visible(status.detail))"]
                + (status.openReview.map { ["  open review: \(visible($0.summary(at: context.now)))"] } ?? []))
        if isWaiting, !status.state.isFinal {
            context.terminal.say("gave up waiting: the change is still \(status.state.rawValue)")
            return max(1, code(status.state))
        }
        return code(status.state)
    }

    private static func code(_ state: ChangeState) -> Int32 {
        switch state {
        case .awaitingApproval: 10
        case .denied, .limited, .rejected, .expired, .withdrawn: 20
        case .failed, .unknown: 1
        case .proposed, .approved, .landed, .claimed, .executed: 0
        }
    }
}

enum ShowCommand: Command {
    static let spec = CommandSpec(
        name: "show", summary: "Show a change, its decision, votes, and all that was recorded about it.",
        example: "agentsafe show chg-20261122-7f3k9q2m4x", options: [.remote, .output],
        positionals: [PositionalSpec("ID", help: "the change")], exitCodes: ExitCodeSpec.common, group: "Evidence")

    static func run(_ context: CommandContext) throws(AgentSafeError) -> Int32 {
        let id = try context.changeID()
        let status = try context.workspace().status(of: id)
        var json = status.json
        json["events"] = .array(status.record.events.map(\.json))
        context.report(json, lines(status, context.terminal, context.now))
        return 0
    }

    private static func lines(_ status: ChangeStatus, _ terminal: Terminal, _ now: Timestamp) -> [String] {
        var lines = ["\(terminal.verdict(status.state.rawValue))  \(status.id): \(visible(status.detail))"]
        if let review = status.openReview { lines.append("open review: \(visible(review.summary(at: now)))") }
        if var judgement = status.judgement {
            // It stands among the events.
            judgement.preview = nil
            lines += DecisionText.lines(judgement, terminal)
        } else if let proposal = status.proposal {
            lines += DecisionText.lines(proposal, nil, terminal)
        }
        for event in status.record.events { lines += EventText.lines(event, terminal) }
        return lines
    }
}

/// One event as people read it.
enum EventText {
    static func lines(_ event: LedgerEvent, _ terminal: Terminal) -> [String] {
        var lines = [
            "\(terminal.paint(event.kind.rawValue, .strong))  height \(event.height), \(event.at), by \(event.by)"
        ]
        switch event.kind {
        case .decision, .claim:
            if let result = event.body.at("decision", "result")?.stringValue {
                let rule =
                    event.body.at("decision", "rule")?.stringValue ?? event.body.at("decision", "code")?.stringValue
                    ?? ""
                lines.append("  \(terminal.verdict(result)) \(rule)")
            }
            let approvers = (event.body["approved_by"]?.arrayValue ?? []).compactMap(\.stringValue)
            if !approvers.isEmpty { lines.append("  approved by \(approvers.joined(separator: ", "))") }
            if let glass = event.body["break_glass"] {
                lines.append(
                    "  BREAK-GLASS by \(glass["by"]?.stringValue ?? ""): \(visible(glass["reason"]?.stringValue ?? ""))"
                )
            }
        case .vote:
            lines.append(
                "  "
                    + visible(
                        event.body["statement"]?.stringValue ?? "by merge: \(event.body["by"]?.stringValue ?? "")"))
        case .prepared:
            if let number = event.body["step"]?.integerValue { lines.append("  step \(number)") }
            for check in event.body["prechecks"]?.arrayValue ?? [] {
                let word = check["advisory"] == .bool(true) ? " failed, and is advisory" : ""
                lines.append(
                    "  precheck \(visible(check["name"]?.stringValue ?? ""))\(word): \(visible(check["detail"]?.stringValue ?? ""))"
                )
            }
            for credential in event.body["credentials"]?.arrayValue ?? [] {
                let end = credential["expires"]?.stringValue.map { ", until \($0)" } ?? ""
                lines.append(
                    "  credential of type \(visible(credential["type"]?.stringValue ?? "")) from "
                        + "\(visible(credential["backend"]?.stringValue ?? ""))\(end)")
            }
            if let rollback = event.body["rollback"], !rollback.isNull {
                lines.append("  undone by \(visible(rollback.canonicalText))")
            }
        case .execution:
            for step in event.body["steps"]?.arrayValue ?? [] {
                lines.append(
                    "  \(terminal.verdict(step["outcome"]?.stringValue ?? "")) \(visible(step["summary"]?.stringValue ?? ""))"
                )
                for difference in step["diff"]?.arrayValue ?? [] {
                    lines.append("  " + DifferenceText.line(difference))
                }
            }
        case .aborted: lines.append("  " + visible(event.body["reason"]?.stringValue ?? ""))
        case .resolution:
            lines.append("  \(event.outcome ?? ""): \(visible(event.body["reason"]?.stringValue ?? ""))")
        case .preview: lines += PreviewText.lines(event, plan: nil, terminal).map { "  " + $0 }
        case .genesis, .trust: break
        }
        return lines
    }
}
