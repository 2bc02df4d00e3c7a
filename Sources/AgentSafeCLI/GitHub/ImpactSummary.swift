internal import AgentSafe

/// What a change of the policy would flip, as a page for a step's summary. All that anybody proposed stands in it as plain text.
enum ImpactSummary {
    private static let maximumShown = 200

    static func text(_ report: ImpactReport) -> String {
        let flipped = report.flips.count { $0.shift.isFlip }
        var lines = [
            "### agentsafe impact: \(report.result.rawValue)", "",
            "\(flipped) of \(report.compared) answers flip from \(MarkdownText.code(report.base.short)) to "
                + "\(MarkdownText.code(report.head.short)).", "",
        ]
        let shown = report.flips.filter(\.shift.isFlip)
        if !shown.isEmpty { lines += ["| what | request |", "|---|---|"] }
        lines += shown.prefix(maximumShown).map {
            "| \(MarkdownText.code($0.shift.words)) | \(MarkdownText.code(ImpactCommand.words($0))) |"
        }
        if shown.count > maximumShown { lines += ["", "… \(shown.count - maximumShown) more"] }
        return lines.joined(separator: "\n") + "\n"
    }
}
