internal import AgentSafe
internal import ChangeModel
internal import Ledger

/// What the gate found, as annotations at the proposals' lines.
enum GateAnnotations {
    static func commands(_ report: GateReport) -> [WorkflowCommand] {
        content(report)
            + report.openReviews.map { review in
                WorkflowCommand(
                    level: .warning, title: "open review", message: visible(review.summary(at: report.now)))
            }
    }

    private static func content(_ report: GateReport) -> [WorkflowCommand] {
        switch report.content {
        case .changes(let judgements): judgements.map(command)
        case .free: [WorkflowCommand(level: .notice, title: "allow", message: "README, LICENSE and docs/ only")]
        case .trust:
            [
                WorkflowCommand(
                    level: report.missingAdmins > 0 ? .warning : .notice, title: report.result,
                    message: trust(report).joined(separator: "\n"))
            ]
        case .nothing:
            [WorkflowCommand(level: .notice, title: "nothing to judge", message: "the head is on main already")]
        }
    }

    /// What there is to say of a trust commit.
    static func trust(_ report: GateReport) -> [String] {
        guard case .trust(let version, let signers) = report.content else { return [] }
        return [
            "trust version \(version), signed by " + (signers.isEmpty ? "nobody yet" : signers.joined(separator: ", ")),
            report.missingAdmins > 0 ? "still missing: \(report.missingAdmins) × admin" : nil,
            report.adopts > 0 ? "adopts \(report.adopts) foreign commits of main, which land nothing" : nil,
        ].compactMap { $0 }
    }

    private static func command(_ judgement: Judgement) -> WorkflowCommand {
        let change = judgement.change.change
        let decision = judgement.standing
        var words = [decision.reason]
        words += decision.errors.map { "param \($0.parameter): \($0.message)" }
        words += judgement.missing.map { "still missing: \($0.count) × \($0.role)" }
        if !judgement.approvedBy.isEmpty {
            words.append("approved by \(judgement.approvedBy.joined(separator: ", "))")
        }
        if let glass = judgement.brokenGlass { words.append("BREAK-GLASS by \(glass.summary)") }
        let rule = decision.rule.map { "rule \($0)" } ?? decision.code.rawValue
        return WorkflowCommand(
            level: level(judgement.outcome), file: "\(change.id.folder)/\(Change.fileName)",
            line: line(of: decision.errors.first?.parameter, in: judgement.change.bytes),
            title: "\(judgement.outcome): \(visible(change.summary)) (\(rule))",
            message: words.map(visible).joined(separator: "\n"))
    }

    private static func level(_ outcome: String) -> WorkflowCommand.Level {
        switch outcome {
        case "deny": .error
        case "require_approval": .warning
        default: .notice
        }
    }

    /// The line of a param in the canonical file, where each has one of its own; else that of the action.
    private static func line(of parameter: String?, in bytes: [UInt8]) -> Int {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let wanted = parameter.map { "  \($0): " }
        let found = wanted.flatMap { text in lines.firstIndex { $0.hasPrefix(text) } }
        return (found ?? lines.firstIndex { $0.hasPrefix("action: ") } ?? 0) + 1
    }
}
