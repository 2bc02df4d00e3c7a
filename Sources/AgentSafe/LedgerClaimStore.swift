internal import ChangeModel
internal import Git
internal import Ledger
internal import PolicyEngine
internal import Runner
internal import SSHSignature
internal import Tokens

/// Records one run in the ledger. Each record is made on the newest verified tip, pushed under a lease, and found again at
/// the remote before the run goes on.
final class LedgerClaimStore: ClaimStore {
    private let recorder: LedgerRecorder
    private let id: ChangeID
    private let ticket: String?
    /// Height of this run's claim.
    private var claimHeight: Int?
    private var claimedPlan: Digest?
    /// What was recorded of steps of a plan, to be said again in the same words.
    private var done: [JSONValue] = []
    /// Who had this run begin without its approvals.
    private(set) var brokenGlass: BrokenGlass?

    /// - Parameter ticket: the execution ticket that the claim uses up.
    init(recorder: LedgerRecorder, id: ChangeID, ticket: String? = nil) {
        self.recorder = recorder
        self.id = id
        self.ticket = ticket
    }

    private var workspace: Workspace { recorder.workspace }
    private var view: VerifiedView { recorder.view }

    // MARK: - ClaimStore

    func claim(_ change: AuthorizedChange, leaseEnd: Timestamp) throws(RunStop) {
        // Bits that no other runner has: two identical claims are two commits all the same.
        let nonce = Hexadecimal.text(workspace.host.random(16))
        let plan = change.plan
        try record { (view) throws(AgentSafeError) in
            guard let found = try self.workspace.find(self.id, in: view), found.isLanded else {
                throw AgentSafeError(.failed, "\(self.id) is not on main")
            }
            // Main may have moved on since the change was judged: only what is still the same is claimed.
            guard case .authorized(let current) = try self.workspace.judge(found.change, in: view).authorization,
                current.plan.digest == plan.digest
            else { throw AgentSafeError(.denied, "\(self.id) is not allowed any more, or its plan changed; run again") }
            let ticket = try self.ticketDigest(for: current, in: view)
            var drafts = try self.workspace.owedEvents(for: found.change, in: view)
            var claim = EventDraft(
                kind: .claim, change: found.change,
                body: .compact([
                    "nonce": .string(nonce), "instance": .string(self.recorder.identity.id),
                    "lease_end": .string(leaseEnd.description), "plan": .string(plan.digest.description),
                    "locks": .strings(plan.locks.map(\.description)), "engine": .string(PolicyEngine.version),
                    "decision": current.decision.json, "approved_by": .strings(current.approvedBy),
                    "steps": current.plan.recordedSteps,
                    "ticket": ticket.map { .string($0.description) },
                    "trust_remote": self.workspace.trustedTips == nil ? nil : .bool(true),
                    "break_glass": current.brokenGlass?.json,
                ]),
                headline: (current.brokenGlass == nil ? "" : "BREAK-GLASS, ") + found.change.change.summary,
                notes: (current.approvedBy.isEmpty
                    ? [] : ["approved by \(current.approvedBy.joined(separator: ", "))"])
                    + (current.brokenGlass.map { ["BREAK-GLASS by \($0.summary)"] } ?? []))
            claim.derivesDecision = true
            self.brokenGlass = current.brokenGlass
            drafts.append(claim)
            return drafts
        }
        claimHeight = view.ledger.tip.event.height
        claimedPlan = plan.digest
        if let brokenGlass {
            workspace.notify("WARNING: BREAK-GLASS: \(id) runs on the word of \(brokenGlass.summary)")
            workspace.notify("WARNING: it stays open until the missing approvals are recorded: `agentsafe reviews`")
        }
    }

    /// What a claim records of the ticket; nil where none was given and none is needed.
    func ticketDigest(
        for authorized: AuthorizedChange, in view: VerifiedView
    ) throws(AgentSafeError) -> Digest? {
        guard let ticket else {
            guard !view.state.configuration.requiresTicket else {
                throw AgentSafeError(
                    .denied,
                    "nothing runs here without an execution ticket (`tickets.require` in agentsafe.yaml); have one issued "
                        + "with `agentsafe ticket issue \(id)`, and pass it with `--ticket`")
            }
            return nil
        }
        let subject = TicketSubject(authorized)
        let verified = try token { () throws(TokenError) in
            let verified = try VerifiedTicket(
                ticket, by: view.state,
                expected: .init(change: id, action: subject.action, target: subject.target), now: workspace.now)
            guard verified.ticket.binding?.digest == authorized.digest,
                verified.ticket.binding?.plan == authorized.plan.digest,
                verified.ticket.parameters == subject.parameters
            else {
                throw TokenError(
                    .plan, "the ticket is for another plan: the change, the action or the target has changed since")
            }
            return verified
        }
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        guard !record.events.contains(where: { $0.kind == .claim && $0.ticket == verified.digest }) else {
            throw AgentSafeError(.denied, "the ticket was used for an earlier claim of \(id); have a new one issued")
        }
        return verified.digest
    }

    func authorizeAgain() throws(RunStop) -> Authorization {
        do throws(AgentSafeError) {
            // By what the remote has now, and not by what came with the claim: this runner may have slept since.
            try recorder.refresh(.change(id))
            guard let found = try workspace.find(id, in: view) else {
                throw AgentSafeError(.notAuthentic, "\(id) is not on main any more")
            }
            return try workspace.judge(found.change, in: view).authorization
        } catch {
            throw stop(error)
        }
    }

    func recordPrepared(_ record: PreparedRecord) throws(RunStop) {
        try self.record { (view) throws(AgentSafeError) in
            let change = try self.change(in: view)
            // Somebody was faster, and main may have moved on: what is recorded must still be allowed where it says so.
            guard case .authorized(let current) = try self.workspace.judge(change, in: view).authorization,
                current.plan.digest == self.claimedPlan
            else { throw AgentSafeError(.denied, "the change is not allowed any more, or its plan changed") }
            var files = ["before.json": record.before.json.evidenceBytes]
            // The state after the step before this one: nobody may live to record it later.
            if let after = record.done?.after { files["after.json"] = after.json.evidenceBytes }
            if let done = record.done, self.done.count < record.step {
                self.done.append(try self.json(of: done, change.change.steps[record.step - 1], isPlan: true, in: view))
            }
            let isPlan = change.change.isPlan
            if let pair = record.rollback { files["rollback.yaml"] = RollbackPair.document(pair) }
            return [
                EventDraft(
                    kind: .prepared, change: change,
                    body: .compact([
                        "claim": .integer(Int64(self.claimHeight ?? 0)), "executor": .string(record.executor),
                        "step": isPlan ? .integer(Int64(record.step + 1)) : nil,
                        "done": record.done == nil ? nil : self.done.last,
                        "lease_end": .string(record.leaseEnd.description),
                        "identity": .object(record.identity.mapValues { .string($0) }),
                        "prechecks": .array(record.prechecks.map(\.json)),
                        "credentials": record.credentials.isEmpty ? nil : .array(record.credentials.map(\.json)),
                        "rollback": record.rollback?.json ?? .null,
                    ]), files: files,
                    headline: isPlan
                        ? "step \(record.step + 1), \(change.change.steps[record.step].summary), before-state taken"
                        : "\(change.change.summary), before-state taken",
                    notes: record.rollback.map { ["undone by \($0.action) on \($0.target)"] } ?? ["nothing undoes this"]
                )
            ]
        }
    }

    func recordExecution(_ record: ExecutionRecord) throws(RunStop) {
        keepUnsigned(record)
        do throws(RunStop) {
            try self.record { (view) throws(AgentSafeError) in [try self.draft(of: record, in: view)] }
            workspace.dropUnsigned(id)
        } catch {
            throw unrecorded(record, error)
        }
    }

    /// Before anything that can fail is asked to sign it.
    private func keepUnsigned(_ record: ExecutionRecord) {
        do {
            try workspace.keepUnsigned(try draft(of: record, in: view), of: id, by: recorder.identity.id)
        } catch {
            workspace.notify("warning: what was done could not be written down before it is signed: \(error)")
        }
    }

    private func draft(of record: ExecutionRecord, in view: VerifiedView) throws(AgentSafeError) -> EventDraft {
        let change = try self.change(in: view)
        var steps = done
        for (record, step) in zip(record.steps, change.change.steps).dropFirst(done.count) {
            steps.append(try json(of: record, step, isPlan: change.change.isPlan, in: view))
        }
        return EventDraft(
            kind: .execution, change: change,
            body: record.body(claim: claimHeight, steps: steps),
            files: record.after.map { ["after.json": $0.json.evidenceBytes] } ?? [:],
            headline: "\(change.change.summary) \(record.outcome.rawValue)",
            notes: [record.summary] + record.differences.compactMap(\.note))
    }

    private func json(
        of record: StepRecord, _ step: ChangeStep, isPlan: Bool, in view: VerifiedView
    ) throws(AgentSafeError) -> JSONValue {
        let recordsOutput = try workspace.catalogue(of: view.state).actions[step.action]?.recordOutput ?? false
        return record.json(of: step, isPlan: isPlan, recordsOutput: recordsOutput)
    }

    func recordAborted(reason: String) throws(RunStop) {
        try record { (view) throws(AgentSafeError) in
            let change = try self.change(in: view)
            return [
                EventDraft(
                    kind: .aborted, change: change,
                    body: ["claim": .integer(Int64(self.claimHeight ?? 0)), "reason": .string(reason)],
                    headline: "\(change.change.summary), nothing was changed", notes: [reason])
            ]
        }
    }

    /// Records what the ledger owes the change without claiming it: the votes by which it does not run.
    func recordRefusal() throws(RunStop) {
        try record { (view) throws(AgentSafeError) in
            try self.workspace.owedEvents(for: try self.change(in: view), in: view)
        }
    }

    func catalogue() throws(RunStop) -> Catalogue {
        do {
            return try workspace.catalogue(of: view.state)
        } catch {
            throw stop(error)
        }
    }

    /// Gives back a dead runner's claim, whose lease ended before anything was prepared.
    func recordAborted(claim: OpenClaim) throws(RunStop) {
        claimHeight = claim.height
        try recordAborted(reason: "the lease of `\(claim.by)` ended at \(claim.leaseEnd) with nothing prepared")
    }

    // MARK: - Recording

    /// Records again what an earlier run made and could not push.
    func recordAgain(_ drafted: EventDraft) throws(RunStop) {
        claimHeight = drafted.body["claim"]?.integerValue.map { Int($0) }
        try record { (view) throws(AgentSafeError) in
            var draft = drafted
            draft.change = try self.change(in: view)
            return [draft]
        }
    }

    var currentView: VerifiedView { view }

    private func change(in view: VerifiedView) throws(AgentSafeError) -> SignedChange {
        guard let found = try workspace.find(id, in: view) else {
            throw AgentSafeError(.notAuthentic, "\(id) is not on main any more")
        }
        return found.change
    }

    private func record(_ drafts: (VerifiedView) throws(AgentSafeError) -> [EventDraft]) throws(RunStop) {
        do throws(AgentSafeError) {
            try recorder.record(keeping: id, drafts)
        } catch {
            throw stop(error)
        }
    }

    /// Says where the record of what was done is, for it is not in the ledger.
    private func unrecorded(_ record: ExecutionRecord, _ error: RunStop) -> RunStop {
        if workspace.isInOutbox(.execution, of: id) {
            workspace.dropUnsigned(id)
            return RunStop(
                code: error.code,
                message: "\(record.summary), and the record of that waits in this clone: \(error.message). The next "
                    + "`agentsafe run` in this clone records it; the change is not run again")
        }
        if workspace.isUnsigned(id) {
            return RunStop(
                code: error.code,
                message:
                    "\(record.summary), and the record of that waits in this clone to be signed: \(error.message). The "
                    + "next `agentsafe run` in this clone records it; the change is not run again")
        }
        let change = try? change(in: view).change
        return RunStop(
            code: error.code,
            message: "\(record.summary), and that could be recorded neither in the ledger nor in this clone: "
                + "\(error.message). Keep the record printed here: the change becomes unknown when its lease ends, and whoever "
                + "resolves it needs that",
            unrecorded: .compact([
                "change": .string(id.text), "by": .string(recorder.identity.id),
                "execution": change.map { change in
                    record.body(
                        claim: claimHeight,
                        steps: zip(record.steps, change.steps).map {
                            $0.json(of: $1, isPlan: change.isPlan, recordsOutput: false)
                        })
                },
                "after": record.after?.json,
            ]))
    }

    private func stop(_ error: AgentSafeError) -> RunStop {
        let code: RunStop.Code =
            switch error.code {
            case .notAuthentic: .notAuthentic
            case .denied: .notAuthorized
            // Before the claim stands, a refusal means that somebody else holds the change or its target.
            default: claimHeight == nil && error.isRefusal ? .locked : .recordFailed
            }
        return RunStop(code: code, message: error.message)
    }
}
