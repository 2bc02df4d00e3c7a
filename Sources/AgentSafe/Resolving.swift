public import ChangeModel
public import Ledger

/// A resolution that was recorded.
public struct ResolutionResult: Sendable {
    public let id: ChangeID
    public let outcome: Resolution
    public let by: String
    public let height: Int

    public var json: JSONValue {
        [
            "id": .string(id.text), "outcome": .string(outcome.rawValue), "by": .string(by),
            "height": .integer(Int64(height)),
        ]
    }
}

extension Workspace {
    /// Records what really happened to an unknown: its runner prepared it, and said nothing more before its lease ended. That
    /// frees the target, and nothing reopens the change.
    ///
    /// - Parameter confirm: shown the `prepared` event before anything is signed; false stops without a trace.
    /// - Returns: nil when `confirm` said no.
    public func resolve(
        _ id: ChangeID, outcome: Resolution, reason: String, confirm: (LedgerEvent) -> Bool
    ) throws(AgentSafeError) -> ResolutionResult? {
        guard Resolution.isReason(reason) else {
            throw AgentSafeError(
                .usage,
                "the reason is one line of visible text, at most \(Resolution.maximumReason) bytes; say what you saw at the target"
            )
        }
        let view = try fetchedView(.change(id))
        let signer = try signer()
        let person = try identity(of: signer, in: view.state)
        guard person.kind == .person, person.has(role: Role.approver) || person.has(role: Role.admin) else {
            throw AgentSafeError(
                .denied, "`\(person.id)` has no right to resolve; that needs a person with role `approver` or `admin`")
        }
        let prepared = try unknown(id, in: view)
        guard try owedTrustEvents(in: view).isEmpty else {
            throw AgentSafeError(
                .failed,
                "main's newest trust commit has no event in the ledger yet; let the gate or a runner record it first "
                    + "(`agentsafe gate --record`, or `agentsafe run`)")
        }
        let connection = try connection(view.state)
        guard confirm(prepared) else { return nil }
        let recorder = LedgerRecorder(
            workspace: self, signer: signer, identity: person, connection: connection, view: view)
        let recorded = try recorder.record(recordsTrust: false) { (view) throws(AgentSafeError) in
            let prepared = try self.unknown(id, in: view)
            guard let change = try self.find(id, in: view)?.change else {
                throw AgentSafeError(.notAuthentic, "\(id) is not on main any more")
            }
            return [
                EventDraft(
                    kind: .resolution, change: change,
                    body: [
                        "claim": prepared.body["claim"] ?? .null, "outcome": .string(outcome.rawValue),
                        "reason": .string(reason),
                    ], headline: "\(change.change.summary) \(outcome.rawValue), says \(person.id)", notes: [reason])
            ]
        }
        guard let event = recorded.last?.event else {
            throw AgentSafeError(.failed, "nothing was recorded; fetch and try again")
        }
        return ResolutionResult(id: id, outcome: outcome, by: person.id, height: event.height)
    }

    /// The `prepared` event of a change of which nobody knows what became.
    private func unknown(_ id: ChangeID, in view: VerifiedView) throws(AgentSafeError) -> LedgerEvent {
        let claim = try ledger { () throws(LedgerError) in try view.ledger.state.claim(id) }
        guard let claim else {
            let status = try status(of: id, in: view)
            throw AgentSafeError(
                .failed, "\(id) is not unknown: it is \(status.state.rawValue) (\(status.detail)); nothing to resolve")
        }
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        guard claim.isPrepared, let prepared = record.last(.prepared) else {
            throw AgentSafeError(
                .failed,
                "nothing was prepared for \(id), so nothing is unknown; `agentsafe run` gives the claim back after "
                    + "\(claim.leaseEnd)")
        }
        guard now > claim.leaseEnd else {
            throw AgentSafeError(
                .failed, "`\(claim.by)` holds \(id) until \(claim.leaseEnd) and may still say what became of it")
        }
        return prepared
    }
}
