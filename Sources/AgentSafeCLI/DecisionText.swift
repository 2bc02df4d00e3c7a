internal import AgentSafe
internal import ChangeModel
internal import Ledger
internal import PolicyEngine

/// Decisions and judgements as people read them.
enum DecisionText {
    static func lines(_ decision: Decision, _ terminal: Terminal) -> [String] {
        let rule = decision.rule.map { " by rule \($0)" } ?? " (\(decision.code.rawValue))"
        let place = decision.location.map { " (\(visible($0.description)))" } ?? ""
        var lines = [terminal.verdict(decision.result.rawValue) + rule + place]
        lines.append("  \(visible(decision.reason))")
        lines.append("  risk \(decision.riskClass), effective \(decision.effectiveRisk)")
        if let risk = decision.limits?.cumulative {
            lines.append(
                "  cumulative risk \(risk.score) in \(risk.window) s; approval from \(risk.escalationThreshold), deny from "
                    + "\(risk.denyThreshold)")
        }
        if let retry = decision.limits?.retryAfter { lines.append("  try again after \(retry)") }
        for need in decision.approvals { lines.append("  needs \(need.count) × \(need.role)") }
        lines += Self.lines(decision.terms)
        if !decision.advisoryPrechecks.isEmpty {
            lines.append("  goes on though these prechecks fail: \(decision.advisoryPrechecks.joined(separator: ", "))")
        }
        for error in decision.errors {
            let step = error.step.map { "step \($0), " } ?? ""
            lines.append("  \(step)param \(visible(error.parameter)): \(visible(error.message))")
        }
        for (index, step) in decision.steps.enumerated() {
            lines.append(
                "  step \(index + 1), \(visible(step.step.summary)): \(terminal.verdict(step.decision.result.rawValue))"
                    + "  \(step.decision.ruleOrCode)")
        }
        for miss in decision.nearest {
            lines.append(
                "  nearest rule \(miss.rule) (\(visible(miss.location.description))) missed: \(visible(miss.missed.joined(separator: "; ")))"
            )
        }
        for warning in decision.warnings { lines.append("  warning: \(visible(warning))") }
        return lines
    }

    /// A change with all that bears on it.
    static func lines(_ judgement: Judgement, _ terminal: Terminal) -> [String] {
        let change = judgement.change.change
        var lines = Self.lines(change, judgement.plan, terminal)
        lines.append("  digest: \(judgement.change.digest)")
        if let plan = judgement.plan { lines.append("  plan:   \(plan.digest)") }
        lines += Self.lines(judgement.standing, terminal).map { "  " + $0 }
        for vote in judgement.votes {
            let stale =
                [.approve, .breakGlass].contains(vote.kind) && vote.plan != judgement.plan?.digest
                ? ", for another plan: counts for nothing" : ""
            let of = vote.rejector.map { " of `\($0)`'s rejection" } ?? ""
            lines.append("  vote: \(vote.voter.id) says \(vote.kind.rawValue)\(of) at \(vote.at)\(stale)")
            if let reason = vote.reason { lines.append("    because: \(visible(reason))") }
        }
        if let chain = judgement.asking.chain {
            lines.append("  acts for \(chain.delegators.joined(separator: " → ")), until \(chain.expires)")
        }
        if !judgement.approvedBy.isEmpty {
            lines.append("  approved by \(judgement.approvedBy.joined(separator: ", "))")
        }
        if let glass = judgement.brokenGlass { lines.append("  BREAK-GLASS by \(visible(glass.summary))") }
        if judgement.outcome == "require_approval", let end = judgement.reviewBy {
            lines.append("  to be approved by \(end)")
        }
        if let end = judgement.executeBy { lines.append("  to be prepared by \(end)") }
        for need in judgement.missing { lines.append("  still missing: \(need.count) × \(need.role)") }
        if let preview = judgement.preview {
            lines += PreviewText.lines(preview, plan: judgement.plan?.digest, terminal).map { "  " + $0 }
        }
        return lines
    }

    private static func lines(_ terms: ApprovalTerms) -> [String] {
        [
            terms.reviewBy.map { "  within \($0) seconds of its first recorded decision" },
            terms.executeWithin.map { "  to be prepared within \($0) seconds of the newest approval" },
            terms.breakGlass.flatMap {
                $0.roles.isEmpty
                    ? nil
                    : "  in an emergency, a person with role \($0.roles.joined(separator: " or ")) may break the glass"
            },
        ].compactMap { $0 }
    }

    /// What somebody asked for.
    ///
    /// - Parameter plan: what would run, with defaults and the target's entry, where that is known.
    static func lines(_ change: Change, _ plan: Plan?, _ terminal: Terminal) -> [String] {
        var lines = [
            terminal.paint(change.id.text, .strong) + "  " + change.summary,
            "  proposed by \(change.proposer), expires \(change.expires)",
            "  reason: \(visible(change.reason))",
        ]
        if let ticket = change.ticket { lines.append("  ticket: \(visible(ticket))") }
        if let rolledBack = change.rollbackOf { lines.append("  rolls back \(rolledBack)") }
        for (index, step) in change.steps.enumerated() {
            let planned = plan.map { $0.steps[index] }
            if change.isPlan { lines.append("  step \(index + 1): \(step.summary)") }
            let indent = change.isPlan ? "    " : "  "
            lines += Self.lines(planned?.parameters ?? step.parameters, planned?.target).map { indent + $0 }
        }
        return lines
    }

    private static func lines(_ parameters: [String: JSONValue], _ target: TargetEntry?) -> [String] {
        var lines = parameters.sorted { $0.key < $1.key }.map { "\($0.key): \(visible($0.value.canonicalText))" }
        if let target {
            let locator = target.locator.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(
                separator: " ")
            lines.append(
                "target: \(target.type), \(target.environment.rawValue), \(target.sensitivity.rawValue)"
                    + (locator.isEmpty ? "" : " (\(visible(locator)))"))
        }
        return lines
    }
}
