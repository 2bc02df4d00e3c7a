internal import ChangeModel
internal import Git
internal import Ledger
internal import OperatingSystem
internal import Runner
internal import SSHSignature

/// Records that were made and not yet seen at the remote, each under `refs/agentsafe/outbox/<change>`.
extension Workspace {
    private static let outbox = "refs/agentsafe/outbox/"

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

    /// Brings to the remote what earlier runs could not: executions and aborts, whose target was touched or left alone whether or
    /// not anybody could be told. A claim or a preparation that was never seen is dropped: nothing was done on its strength.
    func flushOutbox(signer: any Signer, identity: Identity, connection: RemoteConnection) throws(AgentSafeError) {
        let waiting = try git { () throws(GitError) in try repository.references(under: Self.outbox) }
        for (name, tip) in waiting {
            guard let id = ChangeID(name.dropFirst(Self.outbox.count)) else { continue }
            let view = try view()
            let event = try ledger { () throws(LedgerError) in try LedgerHistory.event(at: tip, in: repository) }
            let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
            let isRecorded = record.events.contains {
                $0.kind == event.kind && $0.body["claim"] == event.body["claim"] && $0.by == event.by
            }
            if !isRecorded, event.kind == .execution || event.kind == .aborted {
                let recorder = LedgerRecorder(
                    workspace: self, signer: signer, identity: identity, connection: connection, view: view)
                let store = LedgerClaimStore(recorder: recorder, id: id)
                let draft = try ledger { () throws(LedgerError) in
                    try EventDraft(remaking: event, from: tip, in: repository)
                }
                do throws(RunStop) {
                    try store.recordAgain(event, draft)
                    notify("recorded the \(event.kind.rawValue) of \(id), which had waited in the outbox")
                } catch {
                    notify("warning: the \(event.kind.rawValue) of \(id) still waits in the outbox: \(error.message)")
                }
            } else {
                try emptyOutbox(of: id)
            }
        }
    }
}
