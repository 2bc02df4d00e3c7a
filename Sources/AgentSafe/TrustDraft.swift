internal import ChangeModel
internal import Documents
internal import Git
internal import Ledger
internal import SSHSignature

/// The content of a trust commit: main with files changed, what follows from the identities, and the statement about it all.
struct TrustDraft {
    let base: TrustBase
    let version: Int
    /// Every differing file but the statement itself, sorted by path.
    let changes: [TreeChange]
    let statement: TrustStatement
    /// With the statement, and without any signature.
    let tree: ObjectID
    /// The identities as they will be.
    let identities: IdentityRegistry

    var branch: String { "trust/\(version)" }
}

extension Workspace {
    /// Makes a trust commit's content.
    ///
    /// - Parameters:
    ///   - tree: main's tree with the files changed, but for what follows from the identities.
    ///   - identities: the registry as it shall be; its trust version is raised here.
    func draftTrust(
        tree: ObjectID, identities: IdentityRegistry, on base: TrustBase
    ) throws(AgentSafeError) -> TrustDraft {
        var registry = identities
        registry.trustVersion = base.nextVersion
        try checkAdminsRemain(registry)
        let path = try identitiesPath(in: tree)
        let header = try leadingComments(of: path, in: tree)
        return try git { () throws(GitError) in
            let withIdentities = try repository.edit(
                tree,
                [
                    path: try repository.writeBlob(IdentitiesDocument.emit(registry, header: header)),
                    AllowedSigners.fileName: try repository.writeBlob(AllowedSigners.emit(registry)),
                ])
            let changes = try repository.changes(from: base.state.tree, to: withIdentities)
            let statement = TrustStatement(
                repository: base.state.repositoryID, version: base.nextVersion, changes: changes)
            let file = "\(TrustStatement.folder(version: base.nextVersion))/\(TrustStatement.fileName)"
            return TrustDraft(
                base: base, version: base.nextVersion, changes: changes, statement: statement,
                tree: try repository.edit(
                    withIdentities, [file: try repository.writeBlob(Array(statement.text.utf8))]),
                identities: registry)
        }
    }

    /// Where the settings of a tree say that the identities lie.
    func identitiesPath(in tree: ObjectID) throws(AgentSafeError) -> String {
        let bytes = try git { () throws(GitError) in try repository.file(Configuration.fileName, in: tree) } ?? []
        do throws(DocumentError) {
            return try ConfigurationDocument.parse(SourceFile(name: Configuration.fileName, bytes: bytes)).identities
        } catch {
            throw AgentSafeError(error)
        }
    }

    /// The comment lines at the top of a file, which survive its rewriting.
    private func leadingComments(of path: String, in tree: ObjectID) throws(AgentSafeError) -> String? {
        let bytes = try git { () throws(GitError) in try repository.file(path, in: tree) } ?? []
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .prefix { $0.hasPrefix("#") }
        if lines.isEmpty { return nil }
        return lines.map { String($0.dropFirst($0.hasPrefix("# ") ? 2 : 1)) }.joined(separator: "\n")
    }

    /// The rules of main look at no clock; a person who locks everybody out by a date is told before.
    private func checkAdminsRemain(_ registry: IdentityRegistry) throws(AgentSafeError) {
        let moment = now
        let able = registry.admins.filter { admin in admin.keys.contains { $0.isValid(at: moment) } }.map(\.id)
        guard able.count < registry.adminThreshold else { return }
        throw AgentSafeError(
            .failed,
            "after this nobody could change anything any more: `admin_threshold` is \(registry.adminThreshold), and "
                + (able.isEmpty ? "no admin has" : "only \(able.joined(separator: ", ")) would have")
                + " a key that is valid now; add an admin or a key, or lower the threshold first")
    }

    /// An admin's signature over a statement, armored.
    func sign(_ statement: TrustStatement, with signer: any Signer) throws(AgentSafeError) -> [UInt8] {
        do {
            return Array(
                try signer.sign(Array(statement.text.utf8), namespace: TrustStatement.namespace).armored.utf8)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
    }

    /// Writes the one commit of a draft. What readers would refuse is not handed out.
    ///
    /// - Parameters:
    ///   - admin: signs the statement along; nil: nobody does yet.
    ///   - signer: signs the commit itself, which decides nothing; nil: nobody does.
    ///   - author: the name that the commit bears.
    func commit(
        _ draft: TrustDraft, admin: Identity?, signer: (any Signer)?, author: String, message: String
    ) throws(AgentSafeError) -> (commit: ObjectID, proposal: TrustProposal) {
        var tree = draft.tree
        if let admin, let signer {
            let signature = try sign(draft.statement, with: signer)
            let file = "\(TrustStatement.folder(version: draft.version))/\(admin.id).sig"
            tree = try git { () throws(GitError) in
                try repository.edit(tree, [file: try repository.writeBlob(signature)])
            }
        }
        let parts = CommitDraft(
            tree: tree, parents: [draft.base.parent], person: try person(author), time: host.now(),
            message: message + "\n")
        let commit: ObjectID
        if let signer {
            commit = try self.commit(parts, signer: signer)
        } else {
            commit = try git { () throws(GitError) in try repository.write(.commit, parts.payload) }
        }
        let made = try readCommit(commit)
        let proposal = try ledger { () throws(LedgerError) in
            try LandingGrammar.trustProposal(made, after: draft.base.state, in: repository)
        }
        return (commit, proposal)
    }
}
