public import ChangeModel
internal import Git
internal import Ledger
internal import PolicyEngine
internal import Runner

extension Workspace {
    /// Runs one landed change, or all that wait, in landing order. A locked target is skipped, and the others go on.
    ///
    /// - Parameter ticket: an execution ticket for the one change, which its claim uses up.
    public func run(
        _ id: ChangeID?, ticket: String? = nil, executors: ExecutorChoice, progress: (ChangeID, String) -> Void
    ) throws(AgentSafeError) -> [RunOutcome] {
        try telling(unknown: { $0.filter { $0.status == .unknown }.map(\.id) }) { () throws(AgentSafeError) in
            try runUntold(id, ticket: ticket, executors: executors, progress: progress)
        }
    }

    private func runUntold(
        _ id: ChangeID?, ticket: String?, executors: ExecutorChoice, progress: (ChangeID, String) -> Void
    ) throws(AgentSafeError) -> [RunOutcome] {
        guard ticket == nil || id != nil else {
            throw AgentSafeError(.usage, "a ticket is for one change; name it: `agentsafe run --ticket FILE <id>`")
        }
        let lock = try lockForRunning()
        defer { withExtendedLifetime(lock) {} }
        try requireMemory()
        var view = try fetchedView(id.map { .change($0) } ?? .votes)
        let signer = try signer()
        let runner = try identity(of: signer, in: view.state)
        guard runner.kind == .service, runner.has(role: Role.runner) else {
            throw AgentSafeError(
                .denied,
                "`\(runner.id)` is no service with role `runner`; use the runner's key with `--key`, or have an admin add one"
            )
        }
        let connection = try connection(view.state)
        try flushOutbox(signer: signer, identity: runner, connection: connection)
        try signKept(signer: signer, identity: runner, connection: connection)
        view = try latestView()
        try checkClock(view)
        // A trust commit is in force from its event on, which must not wait until something runs; nor must what people say
        // afterwards of what ran by broken glass.
        try LedgerRecorder(workspace: self, signer: signer, identity: runner, connection: connection, view: view)
            .record { (view) throws(AgentSafeError) in
                Array(try self.owedReviewVotes(in: view).prefix(Self.maximumRecorded))
            }
        view = try latestView()
        var outcomes: [RunOutcome] = []
        for waiting in try candidates(id, in: view) {
            if !outcomes.isEmpty {
                do throws(AgentSafeError) {
                    view = try fetchedView(.votes)
                } catch {
                    // What was done is told, whatever keeps the others from being done.
                    outcomes.append(RunOutcome(unread: waiting, error))
                    break
                }
            }
            let found: FoundChange
            do throws(AgentSafeError) {
                guard let there = try find(waiting, in: view) else { continue }
                found = there
            } catch {
                outcomes.append(RunOutcome(unread: waiting, error))
                continue
            }
            let recorder = LedgerRecorder(
                workspace: self, signer: signer, identity: runner, connection: connection, view: view)
            let store = LedgerClaimStore(recorder: recorder, id: waiting, ticket: ticket)
            do throws(AgentSafeError) {
                var outcome = try runOne(found.change, store: store, view: view, executors: executors) {
                    progress(waiting, $0)
                }
                outcome.brokenGlass = store.brokenGlass
                outcomes.append(outcome)
            } catch {
                // One change that cannot be judged does not stop the others.
                outcomes.append(
                    RunOutcome(found.change, error.code == .notAuthentic ? .notAuthentic : .failed, error.message))
            }
        }
        return outcomes
    }

    private func candidates(_ id: ChangeID?, in view: VerifiedView) throws(AgentSafeError) -> [ChangeID] {
        let state = try ledger { () throws(LedgerError) in try view.ledger.currentState() }
        guard let id else { return try ledger { () throws(LedgerError) in try state.pending() }.map(\.id) }
        if try ledger({ () throws(LedgerError) in try state.pending(id) }) != nil { return [id] }
        let status = try status(of: id, in: view)
        switch status.state {
        case .proposed, .awaitingApproval, .approved, .denied, .rejected:
            throw AgentSafeError(.failed, "\(id) has not landed on main; merge `\(id.branch)` first")
        case .executed, .failed:
            throw AgentSafeError(.failed, "\(id) was executed already, and a change runs once; propose a new one")
        default:
            throw AgentSafeError(.failed, "\(id) does not wait to be run: it is \(status.state.rawValue)")
        }
    }

    private func runOne(
        _ change: SignedChange, store: LedgerClaimStore, view: VerifiedView, executors: ExecutorChoice,
        progress: (String) -> Void
    ) throws(AgentSafeError) -> RunOutcome {
        if let claim = try ledger({ () throws(LedgerError) in try view.ledger.state.claim(change.change.id) }) {
            if let outcome = settle(claim, of: change, store: store) { return outcome }
        }
        let judgement = try judge(change, in: store.currentView)
        let authorized: AuthorizedChange
        switch judgement.authorization {
        case .authorized(let change): authorized = change
        case .awaitingApproval(let decision, _, let missing):
            let needed = missing.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
            return RunOutcome(change, .awaitingApproval, "still missing: \(needed) (\(decision.reason))")
        case .denied(let decision):
            return try refuse(change, decision, store: store)
        }
        if let outcome = refusal(of: store, authorized, change) { return outcome }
        for lock in authorized.plan.locks {
            if let holder = try ledger({ () throws(LedgerError) in try view.ledger.state.lockHolder(lock) }) {
                return RunOutcome(change, .locked, "the target is locked by \(holder)")
            }
        }
        var chosen: [any Executor] = []
        for step in authorized.plan.steps {
            do {
                chosen.append(
                    try executors.executor(for: step.target, by: store.currentView.state.configuration.executors))
            } catch {
                return RunOutcome(change, .failed, "\(error); nothing was claimed")
            }
        }
        let vault = MachineVault(
            workspace: self, executors: executors, change: change.change.id,
            repository: store.currentView.state.configuration.repository)
        let runner = Runner(executors: chosen, store: store, vault: vault, host: host)
        do {
            switch try runner.run(authorized, progress: progress) {
            case .executed(let record): return RunOutcome(change, record)
            case .aborted(let reason): return RunOutcome(change, .aborted, reason)
            case .unknown(let reason):
                return RunOutcome(change, .unknown, "\(reason); \(Self.wayOut(of: change.change.id))")
            }
        } catch {
            let status: RunOutcome.Status =
                switch error.code {
                case .locked: .locked
                case .notAuthorized: .denied
                case .recordFailed: .recordFailed
                case .notAuthentic: .notAuthentic
                }
            return RunOutcome(change, status, error.message, unrecorded: error.unrecorded)
        }
    }

    /// What keeps a change from running though it may: a ticket that does not serve, or none where one is needed.
    private func refusal(
        of store: LedgerClaimStore, _ authorized: AuthorizedChange, _ change: SignedChange
    ) -> RunOutcome? {
        do throws(AgentSafeError) {
            _ = try store.ticketDigest(for: authorized, in: store.currentView)
            return nil
        } catch {
            return RunOutcome(change, error.code == .notAuthentic ? .notAuthentic : .denied, error.message)
        }
    }

    /// A vote that stops a change is recorded before its branch can vanish.
    private func refuse(
        _ change: SignedChange, _ decision: Decision, store: LedgerClaimStore
    ) throws(AgentSafeError) -> RunOutcome {
        if decision.code == .rejected || decision.code == .withdrawn {
            do throws(RunStop) {
                try store.recordRefusal()
            } catch {
                return RunOutcome(
                    change, .recordFailed, "\(decision.reason); that could not be recorded: \(error.message)")
            }
        }
        return RunOutcome(change, .denied, decision.reason, retryAfter: decision.limits?.retryAfter)
    }

    private static func wayOut(of id: ChangeID) -> String {
        "it is never run again: look at the target, then record what you find with `agentsafe resolve \(id)`"
    }

    /// What an open claim means for another run: it is held, its runner died before anything was prepared (then it is given
    /// back and nil is returned), or nobody knows what happened.
    private func settle(_ claim: OpenClaim, of change: SignedChange, store: LedgerClaimStore) -> RunOutcome? {
        if now <= claim.leaseEnd {
            return RunOutcome(change, .claimed, "`\(claim.by)` holds it until \(claim.leaseEnd)")
        }
        if claim.isPrepared {
            return RunOutcome(
                change, .unknown,
                "`\(claim.by)` prepared \(claim.place) and recorded no execution; \(Self.wayOut(of: change.change.id))")
        }
        do throws(RunStop) {
            try store.recordAborted(claim: claim)
            return nil
        } catch {
            return RunOutcome(change, .locked, error.message)
        }
    }
}
