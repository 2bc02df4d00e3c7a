internal import ChangeModel
internal import Documents
internal import Git

extension LandingGrammar {
    /// Everything that gives power: M distinct admins of the first parent must have signed exactly this difference.
    static func trust(
        _ changes: [TreeChange], in commit: Commit, after parent: MainState, of repository: Repository
    ) throws(LedgerError) -> MainCommitKind {
        let proposal = try trustProposal(changes, in: commit, after: parent, of: repository)
        guard proposal.missing == 0 else {
            throw tooFew(proposal.signers.count, parent, proposal.version)
        }
        return .trust(version: proposal.version, signers: proposal.signers.map(\.id))
    }

    private static func tooFew(_ count: Int, _ parent: MainState, _ version: Int) -> LedgerError {
        .notAuthentic(
            "\(count) of the \(parent.identities.adminThreshold) admins needed signed it",
            file: TrustStatement.folder(version: version))
    }

    /// Judges `commit` as an adoption: as if its parent were `accepted`, whatever lies between.
    ///
    /// Who wrote a foreign commit can make as many more as they like, so nothing dear is done for them: the difference is
    /// compared only under signatures of enough admins, and no further than the signed statement reaches.
    ///
    /// - Returns: nil when the commit brings no statement of the next version.
    /// - Throws: `.notAuthentic` when it brings one, and is no adoption all the same.
    static func adoption(
        _ commit: Commit, after accepted: MainState, in repository: Repository
    ) throws(LedgerError) -> MainCommitKind? {
        let version = accepted.identities.trustVersion + 1
        let folder = TrustStatement.folder(version: version)
        let entries = try reading { () throws(GitError) in try repository.folder(folder, in: commit.tree) }
        guard let text = try statementText(entries, in: repository) else { return nil }
        guard entries.count <= accepted.identities.admins.count + 1 else {
            throw .notAuthentic("there are more signatures than admins", file: folder)
        }
        let signers = try trustSigners(entries, of: text, folder: folder, by: accepted, in: repository)
        guard signers.count >= accepted.identities.adminThreshold else {
            throw tooFew(signers.count, accepted, version)
        }
        let limit = text.count { $0 == UInt8(ascii: "\n") } + entries.count
        let changes = try reading { () throws(GitError) in
            try repository.changes(from: accepted.tree, to: commit.tree, limit: limit)
        }
        return try trust(changes, in: commit, after: accepted, of: repository)
    }

    /// What no majority of admins may do. That those who are left reach the threshold is a rule of the identities' file
    /// itself, which cannot be read otherwise.
    static func checkSuccession(
        from parent: MainState, to state: MainState, in repository: Repository
    ) throws(LedgerError) {
        guard state.configuration.repository == parent.configuration.repository else {
            throw .notAuthentic("it changes the repository's identity", file: Configuration.fileName)
        }
        if let genesis = parent.configuration.ledgerGenesis {
            guard state.configuration.ledgerGenesis == genesis else {
                throw .notAuthentic(
                    "it changes `ledger.genesis`, which is set once for ever", file: Configuration.fileName)
            }
        } else if state.configuration.ledgerGenesis == nil {
            throw .notAuthentic("the first trust commit must set `ledger.genesis`", file: Configuration.fileName)
        }
        for identity in parent.identities.identities {
            for key in identity.keys {
                guard let owner = state.identities.owner(ofKey: key.publicKey), owner.identity.id == identity.id else {
                    throw .notAuthentic(
                        "it removes a key of `\(identity.id)`; keys stay listed and are revoked by `revoked` and `valid_before`",
                        file: state.configuration.identities)
                }
                // What a key has signed is read by its owner's kind, for ever.
                guard owner.identity.kind == identity.kind else {
                    throw .notAuthentic(
                        "it makes `\(identity.id)`, who has a key, \(owner.identity.kind.rawValue) instead of "
                            + "\(identity.kind.rawValue); make a new identity with a key of its own",
                        file: state.configuration.identities)
                }
                guard !key.revoked || owner.key.revoked else {
                    throw .notAuthentic(
                        "it brings a revoked key of `\(identity.id)` back", file: state.configuration.identities)
                }
            }
        }
        try checkAllowedSigners(state, in: repository)
    }

    /// `allowed_signers` is derived, so that stock git and ssh-keygen see what the verifier sees.
    static func checkAllowedSigners(_ state: MainState, in repository: Repository) throws(LedgerError) {
        let file = try reading { () throws(GitError) in try repository.file(AllowedSigners.fileName, in: state.tree) }
        guard file == AllowedSigners.emit(state.identities) else {
            throw .notAuthentic(
                "the file is not the one that follows from the identities", file: AllowedSigners.fileName)
        }
    }
}
