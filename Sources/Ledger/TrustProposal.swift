public import ChangeModel
public import Git
internal import SSHSignature

/// A commit that changes what gives power and brings a statement of exactly that, judged by everything but the number of
/// its signatures.
public struct TrustProposal: Sendable {
    /// The trust version that it makes.
    public let version: Int
    /// Every differing file, those below `trust/` included, sorted by path.
    public let changes: [TreeChange]
    public let statement: TrustStatement
    /// The identities as they will be.
    public let identities: IdentityRegistry
    /// The admins of the state before who signed the statement, sorted by name.
    public let signers: [TrustSigner]
    /// How many must sign: the state before says so.
    public let threshold: Int

    /// How many signatures are still missing.
    public var missing: Int { max(0, threshold - signers.count) }
}

/// One admin's signature under a statement.
public struct TrustSigner: Sendable {
    public let id: String
    /// The key that signed. No rule of main looks at its window; the gate and the commands do.
    public let key: IdentityKey
}

extension LandingGrammar {
    /// Judges `commit` as one that changes what gives power, signatures not counted.
    public static func trustProposal(
        _ commit: Commit, after parent: MainState, in repository: Repository
    ) throws(LedgerError) -> TrustProposal {
        let changes = try reading { () throws(GitError) in
            try repository.changes(from: parent.tree, to: commit.tree)
        }
        return try trustProposal(changes, in: commit, after: parent, of: repository)
    }

    /// Judges the one commit of a trust branch as it would land on `main` now.
    ///
    /// Main may have moved on since by landings: what the admins sign is a difference, and it holds as long as main left the
    /// files that it touches alone.
    public static func trustProposal(
        _ commit: Commit, landingOn main: MainState, in repository: Repository
    ) throws(LedgerError) -> TrustProposal {
        guard commit.parents.count == 1 else {
            throw .notAuthentic("a trust branch is one commit with one parent, and it has \(commit.parents.count)")
        }
        let changes = try reading { () throws(GitError) in
            let parent = try repository.commit(commit.parents[0])
            return try repository.changes(from: parent.tree, to: commit.tree)
        }
        for change in changes {
            let there = try reading { () throws(GitError) in try repository.entry(at: change.path, in: main.tree) }
            guard there == change.old else {
                throw .notAuthentic(
                    "main changed the file since", file: change.path, advice: "propose the difference anew")
            }
        }
        return try trustProposal(changes, in: commit, after: main, of: repository)
    }

    static func trustProposal(
        _ changes: [TreeChange], in commit: Commit, after parent: MainState, of repository: Repository
    ) throws(LedgerError) -> TrustProposal {
        if changes.contains(where: { $0.path.hasPrefix("changes/") }) {
            throw .notAuthentic(
                "it changes files of landed changes, or lands changes together with other files",
                file: firstStray(changes)?.path)
        }
        let state: MainState
        do {
            state = try MainState(repository: repository, commit: commit)
        } catch {
            throw .notAuthentic("it leaves main unreadable: \(error)")
        }
        let version = parent.identities.trustVersion + 1
        guard state.identities.trustVersion == version else {
            throw .notAuthentic(
                "it changes a file that gives power without raising trust_version from \(version - 1) to \(version)",
                file: changes.first { !$0.path.hasPrefix("trust/") }?.path)
        }
        try checkSuccession(from: parent, to: state, in: repository)
        let folder = TrustStatement.folder(version: version)
        for change in changes where change.path.hasPrefix("trust/") {
            guard change.old == nil, change.path.hasPrefix(folder + "/"), change.new?.mode == TreeEntry.fileMode else {
                throw .notAuthentic("it touches statements of another trust version", file: change.path)
            }
        }
        let statement = TrustStatement(repository: parent.repositoryID, version: version, changes: changes)
        let entries = try reading { () throws(GitError) in try repository.folder(folder, in: commit.tree) }
        guard try statementText(entries, in: repository) == Array(statement.text.utf8) else {
            throw .notAuthentic(
                "the admins' statement is missing, or is about another difference",
                file: "\(folder)/\(TrustStatement.fileName)")
        }
        let signers = try trustSigners(
            entries, of: Array(statement.text.utf8), folder: folder, by: parent, in: repository)
        return TrustProposal(
            version: version, changes: changes, statement: statement, identities: state.identities, signers: signers,
            threshold: parent.identities.adminThreshold)
    }

    /// The text that the entries of `trust/<version>` hold as the statement; nil when they hold none.
    static func statementText(_ entries: [TreeEntry], in repository: Repository) throws(LedgerError) -> [UInt8]? {
        guard let entry = entries.first(where: { $0.name == TrustStatement.fileName }) else { return nil }
        return try reading { () throws(GitError) in
            try repository.blob(entry.id, limit: TrustStatement.maximumSize)
        }
    }

    /// The admins of `parent` who signed `statement`, each in a file of their name. Another's file among them is refused.
    static func trustSigners(
        _ entries: [TreeEntry], of statement: [UInt8], folder: String, by parent: MainState, in repository: Repository
    ) throws(LedgerError) -> [TrustSigner] {
        var signers: [TrustSigner] = []
        for entry in entries where entry.name != TrustStatement.fileName {
            let path = "\(folder)/\(entry.name)"
            let bytes = try reading { () throws(GitError) in try repository.blob(entry.id, limit: 64 << 10) }
            let signature: SSHSignature
            do {
                signature = try SSHSignature(armored: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw .notAuthentic("a statement's signature cannot be read: \(error)", file: path)
            }
            let signatory: Signatory
            do throws(LedgerError) {
                signatory = try parent.identities.signatory(
                    of: signature, over: statement, namespace: TrustStatement.namespace)
            } catch {
                throw error.about(path)
            }
            guard signatory.identity.kind == .person, signatory.identity.has(role: Role.admin),
                entry.name == "\(signatory.identity.id).sig"
            else {
                throw .notAuthentic(
                    "`\(signatory.identity.id)` signed it, who is no admin or not the one the file names", file: path)
            }
            signers.append(TrustSigner(id: signatory.identity.id, key: signatory.key))
        }
        return signers.sorted { $0.id < $1.id }
    }
}
