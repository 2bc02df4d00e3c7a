internal import ChangeModel
internal import Git
internal import Ledger
internal import SSHSignature

/// Makes events on the newest verified tip until the remote has them, or the rules refuse them.
final class LedgerRecorder {
    let workspace: Workspace
    let signer: any Signer
    let identity: Identity
    let connection: RemoteConnection
    /// main and ledger as this recorder saw them last; after a record, its own commits included.
    private(set) var view: VerifiedView { didSet { workspace.lastView = view } }

    /// How often a record is made anew when others were faster.
    private static let attempts = 12

    init(
        workspace: Workspace, signer: any Signer, identity: Identity, connection: RemoteConnection, view: VerifiedView
    ) {
        self.workspace = workspace
        self.signer = signer
        self.identity = identity
        self.connection = connection
        self.view = view
        workspace.lastView = view
    }

    /// Fetches, and verifies what is new.
    func refresh(_ scope: FetchScope) throws(AgentSafeError) {
        view = try workspace.fetchedView(scope)
    }

    /// Records what `drafts` makes of the newest tip; called anew whenever somebody else's event came first.
    ///
    /// - Parameters:
    ///   - keeping: the change in whose outbox the commits wait until the remote shows them; nil for what anybody can
    ///     derive again.
    ///   - recordsTrust: whether the trust events that are owed go before; a person may not sign those.
    /// - Returns: the commits that were recorded, oldest first; none when nothing was owed and `drafts` gave none.
    @discardableResult
    func record(
        keeping id: ChangeID? = nil, recordsTrust: Bool = true,
        _ drafts: (VerifiedView) throws(AgentSafeError) -> [EventDraft]
    ) throws(AgentSafeError) -> [AcceptedEvent] {
        let remote = LedgerRemote(
            connection: connection, repository: workspace.repository, remote: try workspace.remoteName(),
            sleep: workspace.host.sleep)
        for _ in 0..<Self.attempts {
            let expected = view.ledger.tip.commit.id
            let writer = LedgerWriter(
                history: view.ledger, signer: signer, identity: identity.id, person: try workspace.person(identity.id))
            let own = try drafts(view)
            let events = (recordsTrust ? try workspace.owedTrustEvents(in: view) : []) + own
            if events.isEmpty { return [] }
            let (known, height) = (view.ledger.appended.count, view.ledger.tip.event.height)
            let tip = try ledger { () throws(LedgerError) in
                try writer.append(events, main: view.main.tip, at: workspace.clock.earliest)
            }
            // Everything was recorded already, or the ledger takes no more of it.
            if tip == expected { return [] }
            // Until the remote shows it, the record waits where no crash and no garbage collection reaches it.
            _ = try git { () throws(GitError) in try workspace.repository.sync() }
            if let id { try workspace.keepInOutbox(tip, of: id) }
            workspace.noteForTelling(events.map(\.kind), above: height, tip: tip, in: view)
            let outcome = try ledger { () throws(LedgerError) in try remote.publish(tip, expecting: expected) }
            if outcome == .recorded {
                let isStep = own.contains { $0.kind == .claim || $0.kind == .prepared }
                try tidyUp(after: id, mustSucceed: isStep)
                return Array(view.ledger.appended.dropFirst(known))
            }
            view = try workspace.latestView()
        }
        throw AgentSafeError(.failed, "others were faster \(Self.attempts) times; try again later")
    }

    /// Notes in this clone what the remote now has. Where that cannot be noted, nothing new is begun; what is done is
    /// recorded all the same.
    private func tidyUp(after id: ChangeID?, mustSucceed: Bool) throws(AgentSafeError) {
        do throws(AgentSafeError) {
            // The view's ledger is at our own tip; another's commit may follow it at the remote.
            try workspace.mark(view)
            if let id { try workspace.emptyOutbox(of: id) }
        } catch {
            if mustSucceed { throw error }
            workspace.notify("warning: it is recorded, and this clone could not note that: \(error.message)")
        }
    }
}
