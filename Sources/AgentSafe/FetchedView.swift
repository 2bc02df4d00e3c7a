internal import Ledger

extension Workspace {
    /// Fetches, and verifies what is new.
    ///
    /// Another process of this user may accept something newer right after the fetch. What was fetched then looks as if it
    /// had been rewound: it is fetched again before anybody is accused.
    func fetchedView(_ scope: FetchScope = .votes) throws(AgentSafeError) -> VerifiedView {
        for _ in 0..<4 {
            let before = try marks()
            try fetch(scope)
            do throws(AgentSafeError) {
                return try view()
            } catch {
                guard error.code == .notAuthentic, try marks() != before else { throw error }
            }
        }
        return try view()
    }

    /// Verifies what a fetch a moment ago has brought; fetches again where others have seen more since.
    func latestView() throws(AgentSafeError) -> VerifiedView {
        do throws(AgentSafeError) {
            return try view()
        } catch {
            guard error.code == .notAuthentic else { throw error }
            return try fetchedView()
        }
    }

    private func marks() throws(AgentSafeError) -> HighWaterMarks? {
        let path = HighWaterMarks.path(stateFolder: try stateFolder(), genesis: try pinnedGenesis())
        return try ledger { () throws(LedgerError) in try HighWaterMarks.read(path) }
    }
}
