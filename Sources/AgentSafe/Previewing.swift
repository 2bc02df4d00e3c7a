public import ChangeModel
internal import Ledger
internal import PolicyEngine
public import Runner

/// What one change would do, without doing it.
public struct PreviewOutcome: Sendable {
    public enum Status: String, Sendable {
        /// Of every step it is known what it would do.
        case predicted
        /// Of some step it cannot be told. That does not mean that it would change nothing.
        case unavailable
        /// Some step would not be done: its target, a precheck or a credential stops it.
        case refused
        /// The policy or a vote denies the change, and nothing was asked of its targets.
        case denied
    }

    public let id: ChangeID
    public let summary: String
    public let status: Status
    public let detail: String
    public let steps: [PreviewedStep]
    /// Where it is recorded in the ledger; nil for a dry run.
    public internal(set) var height: Int?

    public var exitCode: Int32 {
        switch status {
        case .predicted: 0
        case .unavailable, .refused: 1
        case .denied: 20
        }
    }

    public var json: JSONValue {
        .compact([
            "id": .string(id.text), "summary": .string(summary), "status": .string(status.rawValue),
            "detail": .string(detail), "steps": .array(steps.map(\.json)),
            "height": height.map { .integer(Int64($0)) },
        ])
    }
}

/// One step of it.
public struct PreviewedStep: Sendable {
    public let step: ChangeStep
    public let preview: StepPreview

    public var json: JSONValue {
        preview.json.merging(["action": .string(step.action), "target": .string(step.target)])
    }
}

extension Workspace {
    /// Asks targets what changes would do to them. Records nothing and claims nothing; anybody with credentials may.
    ///
    /// - Parameter id: a change, landed or not; nil: all that wait.
    public func dryRun(
        _ id: ChangeID?, executors: ExecutorChoice
    ) throws(AgentSafeError) -> [PreviewOutcome] {
        let view = try fetchedView(id.map { .change($0) } ?? .votes)
        var ids: [ChangeID] = []
        if let id {
            ids = [id]
        } else {
            let state = try ledger { () throws(LedgerError) in try view.ledger.currentState() }
            for entry in try ledger({ () throws(LedgerError) in try state.pending() })
            where try ledger({ () throws(LedgerError) in try state.claim(entry.id) }) == nil { ids.append(entry.id) }
        }
        var outcomes: [PreviewOutcome] = []
        for id in ids { outcomes.append(try preview(id, in: view, executors: executors).outcome) }
        return outcomes
    }

    /// Does the same for one change, and records it for those who decide and hold no credentials. Needs the runner's key.
    public func recordPreview(_ id: ChangeID, executors: ExecutorChoice) throws(AgentSafeError) -> PreviewOutcome {
        try requireMemory()
        let view = try fetchedView(.change(id))
        let signer = try signer()
        let runner = try identity(of: signer, in: view.state)
        guard runner.kind == .service, runner.has(role: Role.runner) else {
            throw AgentSafeError(
                .denied,
                "`\(runner.id)` is no service with role `runner`, and only such a one records previews; `--dry-run` shows the same "
                    + "without recording it")
        }
        let connection = try connection(view.state)
        try checkClock(view)
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        guard record.events.count(where: { $0.kind == .preview }) < PreviewBounds.maximumCount else {
            throw AgentSafeError(
                .failed,
                "\(id) has \(PreviewBounds.maximumCount) recorded previews already, and takes no more; `--dry-run` records nothing"
            )
        }
        var (outcome, plan) = try preview(id, in: view, executors: executors)
        guard outcome.status != .denied, let plan else { return outcome }
        let body = Self.body(of: outcome, plan: plan)
        let notes = outcome.steps.flatMap { $0.preview.differences.compactMap(\.note) }
        let headline = "\(outcome.summary), \(outcome.status.rawValue)"
        let recorder = LedgerRecorder(
            workspace: self, signer: signer, identity: runner, connection: connection, view: view)
        let recorded = try recorder.record { (view) throws(AgentSafeError) in
            guard let found = try self.find(id, in: view) else {
                throw AgentSafeError(.notAuthentic, "\(id) is gone; fetch, and see what became of it")
            }
            return try self.owedEvents(for: found.change, in: view) + [
                EventDraft(kind: .preview, change: found.change, body: body, headline: headline, notes: notes)
            ]
        }
        guard let event = recorded.last?.event, event.kind == .preview else {
            throw AgentSafeError(.failed, "nothing was recorded; fetch and try again")
        }
        outcome.height = event.height
        return outcome
    }

    private func preview(
        _ id: ChangeID, in view: VerifiedView, executors: ExecutorChoice
    ) throws(AgentSafeError) -> (outcome: PreviewOutcome, plan: Digest?) {
        guard let found = try find(id, in: view) else {
            throw AgentSafeError(.failed, "there is no change `\(id)` here; fetch, or check the identifier")
        }
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        let claim = try ledger { () throws(LedgerError) in try view.ledger.state.claim(id) }
        guard claim == nil, record.last(.execution) == nil, record.last(.resolution) == nil else {
            throw AgentSafeError(
                .failed, "\(id) is being run, or has run already; `agentsafe show \(id)` says what it did")
        }
        let judgement = try judge(found.change, in: view)
        let change = found.change.change
        func denied(_ reason: String) -> PreviewOutcome {
            PreviewOutcome(id: id, summary: change.summary, status: .denied, detail: reason, steps: [])
        }
        if case .denied(let decision) = judgement.authorization { return (denied(decision.reason), nil) }
        guard let plan = judgement.plan else { return (denied(judgement.decision.reason), nil) }
        var chosen: [any Executor] = []
        for step in plan.steps {
            chosen.append(try executors.executor(for: step.target, by: view.state.configuration.executors))
        }
        let vault = MachineVault(
            workspace: self, executors: executors, change: id, repository: view.state.configuration.repository)
        let previewer = Previewer(
            executors: chosen, vault: vault,
            catalogue: try catalogue(of: view.state))
        let previews = previewer.run(
            plan.steps.map { ExecutionStep(action: $0.action, target: $0.target, parameters: $0.parameters) },
            advisory: plan.steps.indices.map { judgement.decision.advisoryPrechecks(ofStep: $0) })
        let steps = zip(change.steps, previews).map { PreviewedStep(step: $0, preview: $1) }
        return (
            PreviewOutcome(
                id: id, summary: change.summary, status: Self.status(of: previews), detail: Self.detail(of: steps),
                steps: steps), plan.digest
        )
    }

    private static func status(of previews: [StepPreview]) -> PreviewOutcome.Status {
        if previews.contains(where: { $0.outcome == .refused }) { return .refused }
        return previews.contains { $0.outcome == .unavailable } ? .unavailable : .predicted
    }

    private static func detail(of steps: [PreviewedStep]) -> String {
        for (index, step) in steps.enumerated() {
            guard let reason = step.preview.reason else { continue }
            return steps.count == 1 ? reason : "step \(index + 1): \(reason)"
        }
        let changing = steps.count { $0.preview.changes == true }
        guard steps.count > 1 else { return changing == 1 ? "it would change its target" : "it would change nothing" }
        return "\(changing) of \(steps.count) steps would change their targets, each as it is now"
    }

    /// The event's own member. Where it would be larger than the ledger takes, the states go first, then the differences.
    static func body(of outcome: PreviewOutcome, plan: Digest) -> JSONValue {
        func body(without names: [String]) -> JSONValue {
            [
                "plan": .string(plan.description),
                "executor": .string(outcome.steps.first?.preview.executor ?? "none"),
                "steps": .array(
                    outcome.steps.map { step in
                        var json = step.json
                        for name in names { json[name] = nil }
                        if !names.isEmpty { json["cut"] = .strings(names) }
                        return json
                    }),
            ]
        }
        for names in [[], ["before", "after"], ["before", "after", "diff", "notes"]] {
            let found = body(without: names)
            if found.canonicalBytes.count <= PreviewBounds.maximumSize { return found }
        }
        return body(without: ["before", "after", "diff", "notes", "prechecks", "identity", "reason"])
    }
}

extension Judgement {
    /// The newest recorded preview, and whether it speaks of what would run today.
    var previewJSON: JSONValue? {
        preview.map { event in
            event.body.merging([
                "height": .integer(Int64(event.height)), "at": .string(event.at.description), "by": .string(event.by),
                "current": .bool(event.plan == plan?.digest),
            ])
        }
    }
}
