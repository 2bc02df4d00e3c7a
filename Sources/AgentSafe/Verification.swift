public import ChangeModel
internal import Git
public import Ledger
internal import OperatingSystem

/// What a full verification covered.
public struct VerificationReport: Sendable {
    public var genesis = ""
    public var mainCommits = 0
    public var landings = 0
    public var changes = 0
    public var trustCommits = 0
    /// Foreign commits of main that admins adopted: they land nothing and say nothing.
    public var skippedCommits = 0
    public var mainTip = ""
    public var events: [String: Int] = [:]
    public var ledgerTip = ""
    public var height = 0
    public var signatures = 0
    public var executions = 0
    /// Claims for which somebody broke the glass, whatever became of them, and how many of these lack their review.
    public var brokenGlasses = 0
    public var openReviews = 0
    public var admins = 0
    public var adminThreshold = 0
    public var nanoseconds: UInt64 = 0

    public var eventCount: Int { events.values.reduce(0, +) }

    public var json: JSONValue {
        [
            "result": "authentic", "genesis": .string(genesis),
            "main": [
                "tip": .string(mainTip), "commits": .integer(Int64(mainCommits)), "landings": .integer(Int64(landings)),
                "changes": .integer(Int64(changes)), "trust_commits": .integer(Int64(trustCommits)),
                "skipped_commits": .integer(Int64(skippedCommits)),
            ],
            "ledger": [
                "tip": .string(ledgerTip), "height": .integer(Int64(height)),
                "events": .object(events.mapValues { .integer(Int64($0)) }),
            ],
            "broken_glasses": .integer(Int64(brokenGlasses)), "open_reviews": .integer(Int64(openReviews)),
            "signatures": .integer(Int64(signatures)), "milliseconds": .integer(Int64(nanoseconds / 1_000_000)),
            "admins": .integer(Int64(admins)), "admin_threshold": .integer(Int64(adminThreshold)),
        ]
    }
}

extension Workspace {
    /// Verifies every commit of main and ledger from the pinned genesis. Touches no network.
    ///
    /// - Parameter progress: called with the number of commits verified so far.
    public func verify(progress: (Int) -> Void = { _ in }) throws(AgentSafeError) -> VerificationReport {
        let start = Host.bootTimeNanoseconds()
        let view = try view(full: true, progress: progress)
        var report = VerificationReport()
        report.genesis = try pinnedGenesis().description
        report.mainCommits = view.main.commits.count
        report.mainTip = view.main.tip.description
        for accepted in view.main.commits {
            report.skippedCommits += accepted.skipped.count
            switch accepted.kind {
            case .genesis: report.signatures += 1
            case .landing(let changes):
                report.landings += 1
                report.changes += changes.count
                report.signatures += changes.count
            case .trust(_, let signers):
                report.trustCommits += 1
                report.signatures += signers.count
            case .free: break
            }
        }
        for (kind, count) in view.ledger.verified { report.events[kind.rawValue] = count }
        report.signatures += report.eventCount + (report.events["vote"] ?? 0)
        report.executions = report.events["execution"] ?? 0
        (report.brokenGlasses, report.openReviews) = try ledger { () throws(LedgerError) in
            let state = try view.ledger.state
            return (try state.brokenGlasses(), try state.reviews().count)
        }
        report.ledgerTip = view.ledger.tip.commit.id.description
        report.height = view.ledger.tip.event.height
        report.admins = view.state.identities.admins.count
        report.adminThreshold = view.state.identities.adminThreshold
        report.nanoseconds = Host.bootTimeNanoseconds() - start
        return report
    }

    /// The ledger's newest events, newest first, by what was fetched last.
    public func events(limit: Int) throws(AgentSafeError) -> [AcceptedEvent] {
        let view = try view()
        return try ledger { () throws(LedgerError) in try view.ledger.newest(limit) }
    }
}
