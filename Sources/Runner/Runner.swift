internal import ChangeModel
public import OperatingSystem
public import PolicyEngine

/// Carries out one authorised change: claim, judge again, prepare, mutate, record. Takes nothing but what the policy engine
/// authorised.
public struct Runner {
    /// One for all steps, or one for each.
    private let executors: [any Executor]
    public let store: any ClaimStore
    private let vault: (any CredentialVault)?
    public let host: Host
    /// Seconds that a claim holds before another runner may take it back.
    public let lease: Int64

    /// - Parameters:
    ///   - executors: one for each step of the change, in order.
    ///   - vault: where credentials and secrets come from; nil: there are none.
    public init(
        executors: [any Executor], store: any ClaimStore, vault: (any CredentialVault)? = nil, host: Host,
        lease: Int64 = 900
    ) {
        self.executors = executors
        self.store = store
        self.vault = vault
        self.host = host
        self.lease = lease
    }

    /// - Parameter executor: reaches the targets of all steps.
    public init(
        executor: any Executor, store: any ClaimStore, vault: (any CredentialVault)? = nil, host: Host,
        lease: Int64 = 900
    ) {
        self.init(executors: [executor], store: store, vault: vault, host: host, lease: lease)
    }

    private func executor(_ index: Int) -> any Executor { executors[executors.count == 1 ? 0 : index] }

    /// How a run ended that did not stop early.
    public enum Result: Sendable {
        case executed(ExecutionRecord)
        /// Claimed, and given back before anything was changed.
        case aborted(reason: String)
        /// Nobody knows whether the mutation reached the target: no execution is recorded, and it is never tried again.
        case unknown(reason: String)
    }

    /// Seconds before its lease ends in which nothing new is sent to the target: another machine's clock, by which a person may
    /// resolve the change, can be that much ahead, and what was sent needs time to arrive.
    private var margin: Int64 { min(300, max(0, self.lease) / 3) }

    private var now: Timestamp { Timestamp(seconds: host.now()) }

    /// Runs `change`: its steps in order, until one fails. Progress goes to `progress`, one line at a time.
    ///
    /// - Throws: `RunStop` when the change never started, or when its record could not be written.
    public func run(_ change: AuthorizedChange, progress: (String) -> Void) throws(RunStop) -> Result {
        for (index, step) in change.plan.steps.enumerated() where !executor(index).supports(action: step.action.name) {
            throw RunStop(
                code: .notAuthorized,
                message:
                    "the executor `\(executor(index).name)` cannot do `\(step.action.name)`; nothing was claimed")
        }
        let claimed = Lease(seconds: lease, wallClockEnd: now + .seconds(lease), host: host)
        try store.claim(change, leaseEnd: claimed.wallClockEnd)
        progress("claimed until \(claimed.wallClockEnd)")
        let again: Authorization
        do {
            again = try store.authorizeAgain()
        } catch {
            // Whatever is wrong out there, the claim is given back; the reason is told all the same.
            try? store.recordAborted(reason: "the change could not be judged again")
            throw error
        }
        guard case .authorized(let current) = again, current.plan.digest == change.plan.digest
        else { return try abort("the change is not allowed any more, or its plan changed") }
        return try run(
            current.plan.steps.map(ExecutionStep.init), claimed, decision: current.decision,
            catalogue: try store.catalogue(), progress: progress)
    }

    private func run(
        _ steps: [ExecutionStep], _ claimed: Lease, decision: Decision, catalogue: Catalogue,
        progress: (String) -> Void
    ) throws(RunStop) -> Result {
        var done: [StepRecord] = []
        var held = claimed
        for (index, step) in steps.enumerated() {
            let place = steps.count == 1 ? "" : "step \(index + 1) of \(steps.count): "
            let credentials = StepCredentials(vault: vault, executor: executor(index))
            // Whatever way this step ends.
            defer { credentials.release() }
            func say(_ line: String) { progress(place + credentials.screen.clean(line)) }
            let (resolved, seen, prepared): (ExecutionStep, CapturedState, PreparedRecord)
            do throws(ExecutionError) {
                resolved = try credentials.fetch(
                    for: step, settings: catalogue.configuration.credentials, progress: say)
                (seen, prepared) = try prepare(
                    step, resolved, index, credentials, advisory: decision.advisoryPrechecks(ofStep: index),
                    after: done.last, catalogue: catalogue, claimedUntil: held.wallClockEnd, progress: say)
            } catch {
                let reason = credentials.screen.clean(error.message)
                credentials.release()
                return try stop(before: index, of: steps.count, done, reason)
            }
            guard held.isHeld else {
                let what = steps.count == 1 ? "the change" : "it"
                return try stop(
                    before: index, of: steps.count, done, "the lease ended before \(what) was prepared")
            }
            held = Lease(seconds: lease, wallClockEnd: prepared.leaseEnd, host: host)
            do throws(RunStop) {
                try store.recordPrepared(prepared)
            } catch {
                // Before the first step nothing was done: the claim is given back by whoever finds it.
                guard error.code == .notAuthorized || index > 0 else { throw error }
                return try stop(before: index, of: steps.count, done, error.message)
            }
            say("prepared: before-state and rollback pair are recorded")
            let record = execute(
                resolved, executor(index), credentials, seen: seen, prepared: prepared,
                withholding: WithheldState(of: step, catalogue: catalogue), lease: held, progress: say)
            credentials.release()
            if record.outcome == .failed, record.mayHaveBeenApplied,
                record.errorCode == ExecutionError.Code.unreachable.rawValue
            {
                return .unknown(reason: place + record.summary)
            }
            done.append(record)
            if steps.count > 1 { say("\(record.outcome.rawValue): \(record.summary)") }
            if record.outcome == .failed { break }
        }
        let rest = steps.dropFirst(done.count).map { _ in StepRecord.notRun("step \(done.count) failed") }
        let record = ExecutionRecord(steps: done + rest)
        try store.recordExecution(record)
        return .executed(record)
    }

    /// Ends a run whose next step cannot be prepared: what was done stays done, and is recorded.
    private func stop(
        before index: Int, of count: Int, _ done: [StepRecord], _ reason: String
    ) throws(RunStop) -> Result {
        guard index > 0 else { return try abort(reason) }
        let rest = (index..<count).map { number in
            StepRecord.notRun(number == index ? reason : "step \(index + 1) was not run")
        }
        let record = ExecutionRecord(steps: done + rest)
        try store.recordExecution(record)
        return .executed(record)
    }

    private func abort(_ reason: String) throws(RunStop) -> Result {
        try store.recordAborted(reason: reason)
        return .aborted(reason: reason)
    }

    /// Asks the target who it is, runs the prechecks and takes the before-state. Changes nothing.
    ///
    /// - Parameter resolved: the step with its secrets, for the executor alone.
    /// - Returns: the state as it is, for the executor alone, and what is recorded.
    private func prepare(
        _ step: ExecutionStep, _ resolved: ExecutionStep, _ index: Int, _ credentials: StepCredentials,
        advisory: Set<String>, after done: StepRecord?, catalogue: Catalogue, claimedUntil: Timestamp,
        progress: (String) -> Void
    ) throws(ExecutionError) -> (before: CapturedState, record: PreparedRecord) {
        let executor = executor(index)
        let screen = credentials.screen
        let identity = try executor.confirmIdentity(of: resolved)
        var prechecks = try executor.runPrechecks(for: resolved).map { screen.clean($0) }
        for index in prechecks.indices {
            prechecks[index].isAdvisory = !prechecks[index].passed && advisory.contains(prechecks[index].name)
            let check = prechecks[index]
            let word = check.passed ? "passed" : check.isAdvisory ? "failed, and the policy lets that pass" : "failed"
            progress("precheck \(check.name): \(word), \(check.detail)")
        }
        if let failed = prechecks.first(where: \.stops) {
            throw ExecutionError(code: .precheckFailed, message: "precheck `\(failed.name)` failed: \(failed.detail)")
        }
        let seen = try executor.captureState(for: resolved)
        let before = WithheldState(of: step, catalogue: catalogue).apply(to: screen.clean(seen))
        let record = PreparedRecord(
            step: index, done: done, executor: executor.name, identity: identity.mapValues { screen.clean($0) },
            prechecks: prechecks, credentials: credentials.records, before: before,
            rollback: RollbackPair.make(for: step, before: before, catalogue: catalogue),
            // A wall clock that was set back meanwhile shortens nothing that others have seen.
            leaseEnd: max(claimedUntil, now + .seconds(lease)))
        return (seen, record)
    }

    private func execute(
        _ step: ExecutionStep, _ executor: any Executor, _ credentials: StepCredentials, seen: CapturedState,
        prepared: PreparedRecord, withholding withheld: WithheldState, lease: Lease, progress: (String) -> Void
    ) -> StepRecord {
        let screen = credentials.screen
        let started = now
        var report: ExecutionReport?
        var failure: ExecutionError?
        do throws(ExecutionError) {
            report = try executor.execute(
                step, before: seen, mayMutate: { lease.isHeld(margin: margin) }, progress: progress)
        } catch {
            failure = screen.clean(error)
        }
        // The target is read again whatever happened: a failure may have left traces.
        let after = (try? executor.captureState(for: step)).map { withheld.apply(to: screen.clean($0)) }
        let wasSent = failure?.mayHaveBeenApplied ?? true
        return StepRecord(
            outcome: failure == nil ? .succeeded : .failed, started: started, ended: now,
            summary: failure?.message ?? report.map { screen.clean($0.summary) } ?? "",
            errorCode: failure?.code.rawValue,
            mayHaveBeenApplied: failure?.mayHaveBeenApplied ?? false,
            changed: wasSent && (after.map { $0.objectDigest != prepared.before.objectDigest } ?? true), after: after,
            differences: after.map { StateDifference.between(prepared.before, $0) } ?? [],
            // A failure's was cleaned with its message.
            output: report?.output.map { screen.clean($0) } ?? failure?.output, secretOutput: report?.secretOutput)
    }
}

/// The time in which a runner may mutate: it ends with the earlier of the wall clock, by which others judge it, and a clock
/// that counts suspend and that nobody sets.
struct Lease {
    private let host: Host
    let wallClockEnd: Timestamp
    private let bootClockEnd: UInt64

    init(seconds: Int64, wallClockEnd: Timestamp, host: Host) {
        self.host = host
        self.wallClockEnd = wallClockEnd
        bootClockEnd = host.bootTime() &+ UInt64(max(0, seconds)) &* 1_000_000_000
    }

    var isHeld: Bool { isHeld(margin: 0) }

    /// - Parameter margin: seconds that must be left.
    func isHeld(margin: Int64) -> Bool {
        Timestamp(seconds: host.now()) + .seconds(margin) < wallClockEnd
            && host.bootTime() &+ UInt64(max(0, margin)) &* 1_000_000_000 < bootClockEnd
    }
}
