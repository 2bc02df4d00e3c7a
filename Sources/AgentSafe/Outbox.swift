internal import ChangeModel
internal import Git
internal import Ledger
internal import OperatingSystem
internal import Runner
internal import SSHSignature

/// Records that were made and not yet seen at the remote, each under `refs/agentsafe/outbox/<change>`.
extension Workspace {
    private static let outbox = "refs/agentsafe/outbox/"
    private static let late = "refs/agentsafe/late/"

    func keepInOutbox(_ tip: ObjectID, of id: ChangeID) throws(AgentSafeError) {
        let name = Self.outbox + id.text
        try git { () throws(GitError) in
            try repository.setReference(
                name, to: tip, from: try repository.reference(name), message: "agentsafe: waits to be pushed")
        }
    }

    func emptyOutbox(of id: ChangeID) throws(AgentSafeError) {
        try git { () throws(GitError) in try repository.removeReference(Self.outbox + id.text) }
    }

    /// Whether an event of that kind waits in the outbox of `id`.
    func isInOutbox(_ kind: EventKind, of id: ChangeID) -> Bool {
        guard let tip = try? repository.reference(Self.outbox + id.text) else { return false }
        return (try? LedgerHistory.event(at: tip, in: repository))?.kind == kind
    }

    /// A record that a person's resolution overtook can have no place in the ledger any more. It stays here, for people.
    private func keepLate(_ tip: ObjectID, of id: ChangeID) throws(AgentSafeError) {
        let name = Self.late + id.text
        try git { () throws(GitError) in
            try repository.setReference(
                name, to: tip, from: try repository.reference(name), message: "agentsafe: resolved meanwhile")
        }
        try emptyOutbox(of: id)
    }

    /// What ended the claim that an event's body names; nil while it is open. When a lease has ended, another runner may give
    /// the claim back, or a person say what happened.
    func end(ofClaimIn body: JSONValue, _ record: ChangeRecord) -> LedgerEvent? {
        let closing: [EventKind] = [.aborted, .execution, .resolution]
        return record.events.last { closing.contains($0.kind) && $0.body["claim"] == body["claim"] }
    }

    /// Brings to the remote what earlier runs could not: executions and aborts, whose target was touched or left alone whether or
    /// not anybody could be told. A claim or a preparation that was never seen is dropped: nothing was done on its strength.
    func flushOutbox(signer: any Signer, identity: Identity, connection: RemoteConnection) throws(AgentSafeError) {
        let waiting = try git { () throws(GitError) in try repository.references(under: Self.outbox) }
        for (name, tip) in waiting {
            guard let id = ChangeID(name.dropFirst(Self.outbox.count)) else { continue }
            let view = try latestView()
            let event: LedgerEvent
            do {
                event = try LedgerHistory.event(at: tip, in: repository)
            } catch {
                // One that cannot be read stays for people to look at, and keeps no other change from being run.
                notify("warning: what waits in the outbox under `\(name)` cannot be read: \(error)")
                continue
            }
            let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
            let isRecorded = event.isRecorded(in: record)
            if !isRecorded, event.kind == .execution,
                let resolution = record.events.last(where: {
                    $0.kind == .resolution && $0.body["claim"] == event.body["claim"]
                })
            {
                try keepLate(tip, of: id)
                notify(
                    "warning: the execution of \(id) came too late to be recorded: `\(resolution.by)` had resolved it as "
                        + "\(resolution.outcome ?? ""); it is kept in this clone under `\(Self.late)\(id)`")
            } else if !isRecorded,
                event.kind == .execution || event.kind == .aborted && end(ofClaimIn: event.body, record) == nil
            {
                let recorder = LedgerRecorder(
                    workspace: self, signer: signer, identity: identity, connection: connection, view: view)
                let store = LedgerClaimStore(recorder: recorder, id: id)
                let draft = try ledger { () throws(LedgerError) in
                    try EventDraft(remaking: event, from: tip, in: repository)
                }
                do throws(RunStop) {
                    try store.recordAgain(draft)
                    notify("recorded the \(event.kind.rawValue) of \(id), which had waited in the outbox")
                } catch {
                    // The push of a process that was killed may have arrived at last.
                    let now = try ledger { () throws(LedgerError) in try store.currentView.ledger.record(of: id) }
                    guard !event.isRecorded(in: now) else {
                        try emptyOutbox(of: id)
                        continue
                    }
                    notify("warning: the \(event.kind.rawValue) of \(id) still waits in the outbox: \(error.message)")
                }
            } else {
                try emptyOutbox(of: id)
            }
        }
    }
}

extension LedgerEvent {
    /// Whether the ledger has it already, in this commit or in another.
    fileprivate func isRecorded(in record: ChangeRecord) -> Bool {
        record.events.contains { $0.kind == kind && $0.body["claim"] == body["claim"] && $0.by == by }
    }
}
