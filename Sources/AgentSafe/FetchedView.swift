internal import Ledger

/// Another process of this user may accept something newer at any moment. What this one fetched before then looks as if it had
/// been rewound: it is fetched again before anybody is accused.
extension Workspace {
    /// Fetches, and verifies what is new.
    func fetchedView(_ scope: FetchScope = .votes) throws(AgentSafeError) -> VerifiedView {
        try fetching(scope) { () throws(AgentSafeError) in try view() }
    }

    /// Verifies what a fetch a moment ago has brought; fetches again where others have seen more since.
    func latestView() throws(AgentSafeError) -> VerifiedView {
        try latest { () throws(AgentSafeError) in try view() }
    }

    /// Fetches, then looks; both again while the marks move.
    func fetching<Seen>(
        _ scope: FetchScope, _ look: () throws(AgentSafeError) -> Seen
    ) throws(AgentSafeError) -> Seen {
        for _ in 0..<4 {
            let before = try marks()
            try fetch(scope)
            do throws(AgentSafeError) {
                return try look()
            } catch {
                guard error.code == .notAuthentic, try marks() != before else { throw error }
            }
        }
        return try look()
    }

    /// Looks at what a fetch a moment ago has brought; fetches again where that cannot be believed.
    func latest<Seen>(
        _ scope: FetchScope = .votes, _ look: () throws(AgentSafeError) -> Seen
    ) throws(AgentSafeError) -> Seen {
        do throws(AgentSafeError) {
            return try look()
        } catch {
            guard error.code == .notAuthentic else { throw error }
            return try fetching(scope, look)
        }
    }

    func marksPath() throws(AgentSafeError) -> String {
        HighWaterMarks.path(stateFolder: try stateFolder(), genesis: try pinnedGenesis())
    }

    /// What this machine has accepted; nil also where no genesis is pinned, of which there is more to say than that.
    func marks() throws(AgentSafeError) -> HighWaterMarks? {
        guard try pinnedGenesisText() != nil else { return nil }
        let path = try marksPath()
        return try ledger { () throws(LedgerError) in try HighWaterMarks.read(path) }
    }
}
