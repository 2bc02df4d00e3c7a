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

    /// What was verified from the pinned genesis on.
    init(genesis: ObjectID, main: MainHistory, ledger: LedgerHistory) throws(LedgerError) {
        self.genesis = genesis.description
        mainCommits = main.commits.count
        mainTip = main.tip.description
        for accepted in main.commits {
            skippedCommits += accepted.skipped.count
            switch accepted.kind {
            case .genesis: signatures += 1
            case .landing(let changes):
                landings += 1
                self.changes += changes.count
                signatures += changes.count
            case .trust(_, let signers):
                trustCommits += 1
                signatures += signers.count
            case .free: break
            }
        }
        for (kind, count) in ledger.verified { events[kind.rawValue] = count }
        signatures += eventCount + (events["vote"] ?? 0)
        executions = events["execution"] ?? 0
        let state = try ledger.state
        (brokenGlasses, openReviews) = (try state.brokenGlasses(), try state.reviews().count)
        ledgerTip = ledger.tip.commit.id.description
        height = ledger.tip.event.height
        let identities = try main.tipState().identities
        (admins, adminThreshold) = (identities.admins.count, identities.adminThreshold)
    }

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
        let genesis = try pinnedGenesis()
        var report = try ledger { () throws(LedgerError) in
            try VerificationReport(genesis: genesis, main: view.main, ledger: view.ledger)
        }
        report.nanoseconds = Host.bootTimeNanoseconds() - start
        return report
    }

    /// The ledger's newest events that fit, newest first, by what was fetched last.
    ///
    /// - Parameter effort: the most events to look at.
    /// - Returns: `isComplete` is false when older events were not looked at any more.
    public func events(
        matching query: LedgerQuery, limit: Int, effort: Int = 1_000_000
    ) throws(AgentSafeError) -> (found: [FoundEvent], isComplete: Bool) {
        let view = try view()
        return try ledger { () throws(LedgerError) in
            try view.ledger.search(query, limit: limit, effort: effort, main: view.state.tree)
        }
    }
}
