internal import ChangeModel
internal import Git
internal import Ledger
internal import PolicyEngine
internal import SSHSignature

/// What the gate is asked to do.
public struct GateRequest: Sendable {
    /// nil: the remote's main.
    public var base: String?
    public var head: String
    /// `head` is what main would become, as a merge queue makes it.
    public var isMerged: Bool
    /// Writes what the ledger does not hold yet.
    public var records: Bool
    /// Brings onto main what may run.
    public var lands: Bool

    public init(
        base: String? = nil, head: String = "HEAD", isMerged: Bool = false, records: Bool = false, lands: Bool = false
    ) {
        self.base = base
        self.head = head
        self.isMerged = isMerged
        self.records = records
        self.lands = lands
    }
}

extension Workspace {
    /// The most events that one invocation of the gate records, trust events aside: a flood costs one push and a bounded
    /// time, and what is left waits for the next invocation.
    static let maximumRecorded = 256

    /// Judges, and records and lands if asked to. Without either it touches no network and needs no key.
    ///
    /// Votes on what waits on main, and trust events, are recorded even when the range itself cannot be judged; its error is
    /// thrown afterwards.
    public func gate(_ request: GateRequest) throws(AgentSafeError) -> GateReport {
        guard request.records || request.lands else {
            return withOpenReviews(
                try gate(base: request.base, head: request.head, isMerged: request.isMerged))
        }
        guard !(request.lands && request.isMerged) else {
            throw AgentSafeError(
                .usage, "`--land` lands a change branch, and `--merged` judges what a forge has merged; choose one")
        }
        return try telling { () throws(AgentSafeError) in try recordAndLand(request) }
    }

    private func recordAndLand(_ request: GateRequest) throws(AgentSafeError) -> GateReport {
        try requireMemory()
        let scope = FetchScope.gate(request.head.split(separator: "/").last.flatMap { ChangeID($0) })
        let recorder = try fetching(scope) { () throws(AgentSafeError) in try self.recorder() }
        let judged: Result<GateReport, AgentSafeError> = Result { () throws(AgentSafeError) in
            try latest(scope) { () throws(AgentSafeError) in
                try gate(base: request.base, head: request.head, isMerged: request.isMerged)
            }
        }
        var recorded: (events: [RecordedEvent], owed: Int)?
        if request.records {
            recorded = try record((try? judged.get())?.judgements.map(\.change) ?? [], with: recorder)
        }
        var report = try judged.get()
        if request.lands {
            let landing = try land(head: report.head, with: recorder)
            report = landing.report ?? report
            report.landed = landing.landed
        }
        report.recorded = recorded?.events
        report.owed = recorded?.owed ?? 0
        return withOpenReviews(report)
    }

    /// The report with what is under review anyway. Where the ledger cannot be read, that is said elsewhere.
    private func withOpenReviews(_ report: GateReport) -> GateReport {
        var report = report
        report.openReviews = (try? openReviews()) ?? []
        report.now = now
        return report
    }

    /// The gate's own right to write: a service with role `gate`, and the one remote that main names.
    private func recorder() throws(AgentSafeError) -> LedgerRecorder {
        let view = try view()
        let signer = try signer()
        let gate = try identity(of: signer, in: view.state)
        guard gate.kind == .service, gate.has(role: Role.gate) else {
            throw AgentSafeError(
                .denied,
                "`\(gate.id)` is no service with role `gate`; use the gate's key with `--key`, or have an admin add one"
            )
        }
        return LedgerRecorder(
            workspace: self, signer: signer, identity: gate, connection: try connection(view.state), view: view)
    }

    /// Records decisions and votes of `changes` and of all that waits on main, and the trust events that are owed.
    private func record(
        _ changes: [SignedChange], with recorder: LedgerRecorder
    ) throws(AgentSafeError) -> (events: [RecordedEvent], owed: Int) {
        var left = 0
        let accepted = try recorder.record(recordsTrust: false) { (view) throws(AgentSafeError) in
            var drafts: [EventDraft] = []
            var ahead = DecisionsAhead()
            for change in changes where try !self.isOver(change.change.id, in: view) {
                drafts += Self.stopsFirst(try self.owedEvents(for: change, in: view, ahead: &ahead))
            }
            drafts += try self.owedReviewVotes(in: view)
            drafts += try self.owedOnMain(except: Set(changes.map(\.change.id)), in: view, ahead: &ahead)
            left = max(0, drafts.count - Self.maximumRecorded)
            return try self.owedTrustEvents(in: view) + drafts.prefix(Self.maximumRecorded)
        }
        if left > 0 {
            notify(
                "warning: \(left) more events are owed than the \(Self.maximumRecorded) that one invocation records; "
                    + "run it again")
        }
        return (accepted.map(RecordedEvent.init), left)
    }

    /// Whether the change was executed or given up: nothing that is said of it later bears on anything, but where it ran by broken
    /// glass, which is looked after apart.
    private func isOver(_ id: ChangeID, in view: VerifiedView) throws(AgentSafeError) -> Bool {
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        return record.last(.execution) != nil || record.last(.resolution) != nil
    }

    /// What is owed for landed changes that wait. One that cannot be read keeps no other from being recorded.
    private func owedOnMain(
        except known: Set<ChangeID>, in view: VerifiedView, ahead: inout DecisionsAhead
    ) throws(AgentSafeError) -> [EventDraft] {
        let pending = try ledger { () throws(LedgerError) in try view.ledger.currentState().pending() }
        var drafts: [EventDraft] = []
        for entry in pending where !known.contains(entry.id) && drafts.count <= Self.maximumRecorded {
            guard let found = try find(entry.id, in: view) else { continue }
            do throws(AgentSafeError) {
                drafts += Self.stopsFirst(try owedEvents(for: found.change, in: view, ahead: &ahead))
            } catch {
                notify("warning: \(entry.id) is not recorded: \(error.message)")
            }
        }
        return drafts
    }

    /// The decision, then what stops the change, then the rest: whatever is cut off, a rejection goes before.
    static func stopsFirst(_ drafts: [EventDraft]) -> [EventDraft] {
        func rank(_ draft: EventDraft) -> Int {
            guard draft.kind == .vote else { return 0 }
            let words = draft.body["statement"]?.stringValue.flatMap { VoteStatement($0) }
            return words.map { $0.kind != .approve && $0.kind != .breakGlass } == true ? 1 : 2
        }
        return (0...2).flatMap { wanted in drafts.filter { rank($0) == wanted } }
    }
}
