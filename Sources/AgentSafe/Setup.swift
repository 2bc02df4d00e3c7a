public import ChangeModel
internal import Documents
public import Git
internal import Ledger
internal import OperatingSystem

/// What `setup` did in a clone.
public struct SetupResult: Sendable {
    public let genesis: ObjectID
    public let mainTip: ObjectID
    public let ledgerTip: ObjectID
    public let height: Int
    public let identity: String?

    public var json: JSONValue {
        [
            "genesis": .string(genesis.description), "main": .string(mainTip.description),
            "ledger": .string(ledgerTip.description), "height": .integer(Int64(height)),
            "identity": identity.map { .string($0) } ?? .null,
        ]
    }
}

extension Workspace {
    /// Prepares a clone: fetches main and ledger, pins the genesis, sets up stock git's signature checks, and verifies all.
    public func setup() throws(AgentSafeError) -> SetupResult {
        try fetch()
        let pinned = try setting(settings.genesis, variable: "AGENTSAFE_GENESIS", configuration: "agentsafe.genesis")
        guard pinned != nil else { throw try unpinned() }
        let genesis = try pinnedGenesis()
        let view = try view(full: true)
        try configureClone(genesis: genesis)
        try writeSignersOfBareRepository(view)
        try git { () throws(GitError) in
            for (branch, tip) in [("main", view.main.tip), ("ledger", view.ledger.tip.commit.id)]
            where try repository.reference("refs/heads/\(branch)") == nil
                && (branch == "ledger" || repository.workTree == nil)
            {
                try repository.setReference("refs/heads/\(branch)", to: tip, from: nil, message: "agentsafe setup")
            }
        }
        let identity: String? =
            if let signer = try? signer() { try? self.identity(of: signer, in: view.state).id } else { nil }
        return SetupResult(
            genesis: genesis, mainTip: view.main.tip, ledgerTip: view.ledger.tip.commit.id,
            height: view.ledger.tip.event.height, identity: identity)
    }

    /// A bare repository has no checked-out `allowed_signers` for stock git to read: it gets a copy of its own.
    private func writeSignersOfBareRepository(_ view: VerifiedView) throws(AgentSafeError) {
        guard repository.workTree == nil else { return }
        do {
            try Files.writeAtomically(
                repository.gitDirectory + AllowedSigners.fileName, AllowedSigners.emit(view.state.identities))
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
    }

    /// Says what the remote claims to be, so that a person can compare it with what an admin told them.
    private func unpinned() throws(AgentSafeError) -> AgentSafeError {
        guard var current = try branch("main") else {
            return AgentSafeError(.failed, "the remote has no branch `main`; make a repository with `agentsafe init`")
        }
        while let parent = try git({ () throws(GitError) in try repository.commit(current) }).parents.first {
            current = parent
        }
        return AgentSafeError(
            .usage,
            "the remote's history begins at \(current). Ask an admin, over another channel, whether that is the genesis; if it is, "
                + "run `agentsafe setup --genesis \(current)`")
    }
}
