internal import ChangeModel
public import OperatingSystem
public import PolicyEngine

/// Carries out one authorised change: claim, judge again, prepare, mutate, record. Takes nothing but what the policy engine
/// authorised.
public struct Runner {
    public let executor: any Executor
    public let store: any ClaimStore
    public let host: Host
    /// Seconds that a claim holds before another runner may take it back.
    public let lease: Int64

    public init(
        executor: any Executor, store: any ClaimStore, host: Host, lease: Int64 = 900
    ) {
        self.executor = executor
        self.store = store
        self.host = host
        self.lease = lease
    }

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

    /// Runs `change`. Progress goes to `progress`, one line at a time.
    ///
    /// - Throws: `RunStop` when the change never started, or when its record could not be written.
    public func run(_ change: AuthorizedChange, progress: (String) -> Void) throws(RunStop) -> Result {
        for step in change.plan.steps where !executor.supports(action: step.action.name) {
            throw RunStop(
                code: .notAuthorized,
                message: "the executor `\(executor.name)` cannot do `\(step.action.name)`; nothing was claimed")
        }
        guard change.plan.steps.count == 1 else {
            throw RunStop(code: .notAuthorized, message: "plans of several steps cannot be run; nothing was claimed")
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
        let catalogue = try store.catalogue()
        let step = ExecutionStep(current.plan.steps[0])
        let prepared: PreparedRecord
        do throws(ExecutionError) {
            prepared = try prepare(step, catalogue: catalogue, claimedUntil: claimed.wallClockEnd, progress: progress)
        } catch {
            return try abort(error.message)
        }
        guard claimed.isHeld else { return try abort("the lease ended before the change was prepared") }
        let renewed = Lease(seconds: lease, wallClockEnd: prepared.leaseEnd, host: host)
        do throws(RunStop) {
            try store.recordPrepared(prepared)
        } catch {
            guard error.code == .notAuthorized else { throw error }
            return try abort(error.message)
        }
        progress("prepared: before-state and rollback pair are recorded")
        let record = execute(step, prepared: prepared, lease: renewed, progress: progress)
        if record.outcome == .failed, record.mayHaveBeenApplied,
            record.errorCode == ExecutionError.Code.unreachable.rawValue
        {
            return .unknown(reason: record.summary)
        }
        try store.recordExecution(record)
        return .executed(record)
    }

    private func abort(_ reason: String) throws(RunStop) -> Result {
        try store.recordAborted(reason: reason)
        return .aborted(reason: reason)
    }

    /// Asks the target who it is, runs the prechecks and takes the before-state. Changes nothing.
    private func prepare(
        _ step: ExecutionStep, catalogue: Catalogue, claimedUntil: Timestamp, progress: (String) -> Void
    ) throws(ExecutionError) -> PreparedRecord {
        if let secret = step.action.parameters.first(where: { $0.sensitive && step.parameters[$0.name] != nil }) {
            throw ExecutionError(
                code: .unsupported,
                message: "param `\(secret.name)` refers to a secret, and no vault is connected that could resolve it")
        }
        let identity = try executor.confirmIdentity(of: step)
        let prechecks = try executor.runPrechecks(for: step)
        for check in prechecks {
            progress("precheck \(check.name): \(check.passed ? "passed" : "failed"), \(check.detail)")
        }
        if let failed = prechecks.first(where: { !$0.passed }) {
            throw ExecutionError(code: .precheckFailed, message: "precheck `\(failed.name)` failed: \(failed.detail)")
        }
        let before = try executor.captureState(for: step)
        return PreparedRecord(
            executor: executor.name, identity: identity, prechecks: prechecks, before: before,
            rollback: RollbackPair.make(for: step, before: before, catalogue: catalogue),
            // A wall clock that was set back meanwhile shortens nothing that others have seen.
            leaseEnd: max(claimedUntil, now + .seconds(lease)))
    }

    private func execute(
        _ step: ExecutionStep, prepared: PreparedRecord, lease: Lease, progress: (String) -> Void
    ) -> ExecutionRecord {
        let started = now
        var report: ExecutionReport?
        var failure: ExecutionError?
        do throws(ExecutionError) {
            report = try executor.execute(
                step, before: prepared.before, mayMutate: { lease.isHeld(margin: margin) }, progress: progress)
        } catch {
            failure = error
        }
        // The target is read again whatever happened: a failure may have left traces.
        let after = try? executor.captureState(for: step)
        let wasSent = failure?.mayHaveBeenApplied ?? true
        return ExecutionRecord(
            outcome: failure == nil ? .succeeded : .failed, started: started, ended: now,
            summary: failure?.message ?? report?.summary ?? "", errorCode: failure?.code.rawValue,
            mayHaveBeenApplied: failure?.mayHaveBeenApplied ?? false,
            changed: wasSent && (after.map { $0.objectDigest != prepared.before.objectDigest } ?? true), after: after,
            differences: after.map { StateDifference.between(prepared.before, $0) } ?? [], output: report?.output)
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
