internal import AgentSafe
internal import ChangeModel
internal import Ledger
internal import PolicyEngine

/// What the gate found, as a page for reviewers: Markdown in which all that came from outside is text and nothing else.
enum GateSummary {
    /// - Parameter limit: in bytes; changes that do not fit are counted at the end.
    static func text(_ report: GateReport, limit: Int) -> String {
        var page = "## agentsafe gate: \(report.result)\n\n"
        page += "`\(report.base.short)` … `\(report.head.short)`"
        switch report.content {
        case .nothing: page += ": the head is on main already.\n"
        case .free: page += ": README, LICENSE and docs/ only.\n"
        case .trust: page += ": \(GateAnnotations.trust(report).map(MarkdownText.code).joined(separator: "; ")).\n"
        case .changes(let judgements): page += judgements.count == 1 ? "\n" : ", \(judgements.count) changes\n"
        }
        page += done(report)
        // Room is kept for the last line, so that what is missing is always said.
        let room = limit - 200
        let order = ["deny", "require_approval", "allow"]
        let sorted = order.flatMap { outcome in report.judgements.filter { $0.outcome == outcome } }
        var left = sorted.count
        for judgement in sorted {
            let part = section(judgement)
            if page.utf8.count + part.utf8.count > room { break }
            page += part
            left -= 1
        }
        if left > 0 { page += "\n\(left) more are not shown here; the gate judged all of them.\n" }
        return page.utf8.count <= limit ? page : ""
    }

    private static func done(_ report: GateReport) -> String {
        var text = ""
        for event in (report.recorded ?? []).prefix(100) {
            let change = event.change.map { " of \($0)" } ?? ""
            text += "- recorded the \(event.kind.rawValue)\(change) at height \(event.height)\n"
        }
        if let recorded = report.recorded, recorded.count > 100 {
            text += "- and \(recorded.count - 100) events more\n"
        }
        if report.owed > 0 { text += "- \(report.owed) events are still owed\n" }
        for review in report.openReviews.prefix(100) {
            text += "- **open review**: \(MarkdownText.code(review.summary(at: report.now)))\n"
        }
        if report.openReviews.count > 100 { text += "- and \(report.openReviews.count - 100) open reviews more\n" }
        for landed in report.landed ?? [] { text += "- landed \(landed.change) by `\(landed.commit.short)`\n" }
        return text.isEmpty ? "" : "\n\(text)"
    }

    private static func section(_ judgement: Judgement) -> String {
        let change = judgement.change.change
        var rows: [(String, String)] = [
            ("change", MarkdownText.code(change.id.text)), ("proposer", MarkdownText.code(change.proposer)),
            ("proposer's reason", MarkdownText.code(change.reason)),
        ]
        if let ticket = change.ticket { rows.append(("ticket", MarkdownText.code(ticket))) }
        rows += decision(judgement.standing)
        for (index, step) in change.steps.enumerated() {
            if change.isPlan {
                let decided = judgement.decision.steps.indices.contains(index) ? judgement.decision.steps[index] : nil
                let words = decided.map { ": \(MarkdownText.code($0.decision.result.rawValue))" } ?? ""
                rows.append(("step \(index + 1)", MarkdownText.code(step.summary) + words))
            }
            rows += work(step, judgement.plan.map { $0.steps[index] })
        }
        if let chain = judgement.asking.chain {
            rows.append(("acts for", MarkdownText.code(chain.delegators.joined(separator: " → "))))
        }
        if let rolledBack = change.rollbackOf { rows.append(("rolls back", MarkdownText.code(rolledBack.text))) }
        rows.append(("expires", MarkdownText.code(change.expires.description)))
        rows.append(("digest", MarkdownText.code(judgement.change.digest.description)))
        if let plan = judgement.plan { rows.append(("plan", MarkdownText.code(plan.digest.description))) }
        rows += votes(judgement)
        let table = rows.map { "<tr><td>\($0.0)</td><td>\($0.1)</td></tr>\n" }.joined()
        let file = String(decoding: judgement.change.bytes, as: UTF8.self)
        return """

            ### \(judgement.outcome): \(title(change))

            <table>
            \(table)</table>

            <details><summary>\(Change.fileName)</summary>

            \(MarkdownText.addedLines(file))

            </details>

            """
    }

    private static func decision(_ decision: Decision) -> [(String, String)] {
        let rule = decision.rule ?? decision.code.rawValue
        let place = decision.location.map { " (\(MarkdownText.code($0.description)))" } ?? ""
        var rows = [
            ("decision", MarkdownText.code(decision.result.rawValue)),
            (decision.rule == nil ? "code" : "rule", MarkdownText.code(rule) + place),
            ("policy's reason", MarkdownText.code(decision.reason)),
            ("effective risk", MarkdownText.code("\(decision.effectiveRisk)")),
        ]
        for error in decision.errors {
            let step = error.step.map { " of step \($0)" } ?? ""
            rows.append(
                ("wrong param \(MarkdownText.code(error.parameter))\(step)", MarkdownText.code(error.message)))
        }
        for miss in decision.nearest.prefix(5) {
            rows.append(
                ("nearest rule \(MarkdownText.code(miss.rule))", MarkdownText.code(miss.missed.joined(separator: "; ")))
            )
        }
        return rows + decision.warnings.prefix(10).map { ("warning", MarkdownText.code($0)) }
    }

    private static func title(_ change: Change) -> String {
        change.steps.map { "\(MarkdownText.code($0.action)) on \(MarkdownText.code($0.target))" }
            .joined(separator: ", then ")
    }

    /// - Parameter planned: the step with defaults and the target's entry, where that is known.
    private static func work(_ step: ChangeStep, _ planned: PlannedStep?) -> [(String, String)] {
        let parameters = planned?.parameters ?? step.parameters
        let rows = parameters.sorted { $0.key < $1.key }.map {
            ("param \(MarkdownText.code($0.key))", MarkdownText.code($0.value.canonicalText))
        }
        guard let target = planned?.target else { return rows }
        let locator = target.locator.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let kind = [target.type, target.environment.rawValue, target.sensitivity.rawValue].joined(separator: ", ")
        return rows + [("target", MarkdownText.code(([kind] + locator).joined(separator: " ")))]
    }

    private static func votes(_ judgement: Judgement) -> [(String, String)] {
        var rows = judgement.votes.prefix(50).map { vote in
            let isStale = [.approve, .breakGlass].contains(vote.kind) && vote.plan != judgement.plan?.digest
            let words = "\(vote.voter.id) says \(vote.kind.rawValue) at \(vote.at)"
            return ("vote", MarkdownText.code(words + (isStale ? ", for another plan: counts for nothing" : "")))
        }
        if !judgement.approvedBy.isEmpty {
            rows.append(("approved by", MarkdownText.code(judgement.approvedBy.joined(separator: ", "))))
        }
        if let glass = judgement.brokenGlass {
            rows.append(("**BREAK-GLASS**", MarkdownText.code("by " + glass.summary)))
        }
        return rows + judgement.missing.map { ("still missing", MarkdownText.code("\($0.count) × \($0.role)")) }
    }
}
