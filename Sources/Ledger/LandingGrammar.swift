public import ChangeModel
internal import Documents
public import Git
internal import SSHSignature

/// What a commit of `main` is, by comparing its tree with its first parent's. No rule here looks at a clock.
public enum MainCommitKind: Sendable {
    case genesis
    /// Whole new change folders, and nothing else.
    case landing([SignedChange])
    /// README, LICENSE and `docs/` only, or nothing at all.
    case free
    /// Signed by enough admins of the first parent.
    case trust(version: Int, signers: [String])

    public var name: String {
        switch self {
        case .genesis: "genesis"
        case .landing: "landing"
        case .free: "free"
        case .trust: "trust"
        }
    }
}

public enum LandingGrammar {
    /// The most changes that one commit may land.
    public static let maximumChanges = 64

    /// Judges `commit` against the state of its first parent.
    ///
    /// - Throws: `.notAuthentic` for a foreign commit, saying why it is none of the others.
    public static func classify(
        _ commit: Commit, after parent: MainState, in repository: Repository
    ) throws(LedgerError) -> MainCommitKind {
        let changes = try reading { () throws(GitError) in
            try repository.changes(from: parent.tree, to: commit.tree)
        }
        if changes.allSatisfy({ isFree($0) }) { return .free }
        if changes.allSatisfy({ $0.path.hasPrefix("changes/") && $0.old == nil }) {
            return .landing(try landing(changes, tree: commit.tree, after: parent, in: repository))
        }
        return try trust(changes, commit: commit, after: parent, in: repository)
    }

    /// As above, for a commit by its name.
    public static func classify(
        _ id: ObjectID, after parent: MainState, in repository: Repository
    ) throws(LedgerError) -> MainCommitKind {
        let commit = try reading { () throws(GitError) in try repository.commit(id) }
        return try classify(commit, after: parent, in: repository)
    }

    /// Judges `commit`, and gives the state that it leaves.
    public static func follow(
        _ commit: Commit, after parent: MainState, in repository: Repository
    ) throws(LedgerError) -> (kind: MainCommitKind, state: MainState) {
        do throws(LedgerError) {
            let kind = try classify(commit, after: parent, in: repository)
            guard case .trust = kind else { return (kind, MainState(commit, like: parent)) }
            return (kind, try MainState(repository: repository, commit: commit))
        } catch {
            throw error.at(branch: "branch", commit: commit.id)
        }
    }

    /// Whether anyone may make this change of a file.
    public static func isFree(_ change: TreeChange) -> Bool {
        let plain = (change.new?.mode ?? TreeEntry.fileMode) == TreeEntry.fileMode
        let path = change.path
        return plain && (["README", "README.md", "LICENSE"].contains(path) || path.hasPrefix("docs/"))
    }

    /// The identifiers of the change folders that a set of added paths makes up; nil when a path is no file of one.
    public static func changeIDs(_ changes: [TreeChange]) -> [ChangeID]? {
        var ids: Set<ChangeID> = []
        for change in changes {
            let segments = change.path.split(separator: "/", omittingEmptySubsequences: false)
            guard segments.count == 7, let id = ChangeID(segments[5]), change.old == nil,
                segments.dropLast().joined(separator: "/") == id.folder,
                segments[6] == Change.fileName || segments[6] == Change.signatureName
            else { return nil }
            ids.insert(id)
        }
        return ids.sorted()
    }

    /// What keeps a difference from being a landing: a file that lies elsewhere, or one in a change folder that was there
    /// before or does not belong there.
    public static func firstStray(_ changes: [TreeChange]) -> TreeChange? {
        changes.first { !$0.path.hasPrefix("changes/") } ?? changes.first { changeIDs([$0]) == nil }
    }

    private static func landing(
        _ changes: [TreeChange], tree: ObjectID, after parent: MainState, in repository: Repository
    ) throws(LedgerError) -> [SignedChange] {
        for change in changes where change.new?.mode != TreeEntry.fileMode {
            throw .notAuthentic("a change folder holds plain files only (mode 100644)", file: change.path)
        }
        guard let ids = changeIDs(changes) else {
            let stray = changes.first { changeIDs([$0]) == nil }
            throw .notAuthentic("the path is not that of a change's file", file: stray?.path)
        }
        guard ids.count <= maximumChanges else {
            throw .notAuthentic("it lands \(ids.count) changes; one commit may land \(maximumChanges)")
        }
        var landed: [SignedChange] = []
        for id in ids {
            let before = try reading { () throws(GitError) in try repository.folder(id.folder, in: parent.tree) }
            guard before.isEmpty else { throw .notAuthentic("the change was on main before", file: id.folder) }
            guard let change = try SignedChange.read(id, in: tree, of: repository, by: parent) else {
                throw .notAuthentic("the change folder is not whole", file: id.folder)
            }
            landed.append(change)
        }
        return landed
    }

    // MARK: - Trust

    /// Everything that gives power: M distinct admins of the first parent must have signed exactly this difference.
    private static func trust(
        _ changes: [TreeChange], commit: Commit, after parent: MainState, in repository: Repository
    ) throws(LedgerError) -> MainCommitKind {
        if changes.contains(where: { $0.path.hasPrefix("changes/") }) {
            throw foreign(
                "it changes files of landed changes, or lands changes together with other files",
                firstStray(changes)?.path)
        }
        let state: MainState
        do {
            state = try MainState(repository: repository, commit: commit)
        } catch {
            throw foreign("it leaves main unreadable: \(error)", nil)
        }
        let version = parent.identities.trustVersion + 1
        let first = changes.first { !$0.path.hasPrefix("trust/") }?.path
        guard state.identities.trustVersion == version else {
            throw foreign(
                "it changes a file that gives power without raising trust_version from \(version - 1) to \(version)",
                first)
        }
        try checkSuccession(from: parent, to: state, in: repository)
        let folder = TrustStatement.folder(version: version)
        for change in changes where change.path.hasPrefix("trust/") {
            guard change.old == nil, change.path.hasPrefix(folder + "/"), change.new?.mode == TreeEntry.fileMode else {
                throw foreign("it touches statements of another trust version", change.path)
            }
        }
        let statement = TrustStatement(repository: parent.repositoryID, version: version, changes: changes)
        let entries = try reading { () throws(GitError) in try repository.folder(folder, in: commit.tree) }
        guard let text = entries.first(where: { $0.name == TrustStatement.fileName }),
            try reading({ () throws(GitError) in try repository.blob(text.id) }) == Array(statement.text.utf8)
        else {
            throw foreign(
                "the admins' statement is missing, or is about another difference",
                "\(folder)/\(TrustStatement.fileName)")
        }
        let signers = try trustSigners(entries, of: statement, folder: folder, by: parent, in: repository)
        let threshold = parent.identities.adminThreshold
        guard signers.count >= threshold else {
            throw foreign("\(signers.count) of the \(threshold) admins needed signed it", folder)
        }
        return .trust(version: version, signers: signers)
    }

    private static func foreign(_ reason: String, _ file: String?) -> LedgerError {
        .notAuthentic(
            "a foreign commit: \(reason)", file: file,
            advice: "reset the remote's main to the last accepted commit, or have the admins sign the difference")
    }

    private static func trustSigners(
        _ entries: [TreeEntry], of statement: TrustStatement, folder: String, by parent: MainState,
        in repository: Repository
    ) throws(LedgerError) -> [String] {
        var signers: Set<String> = []
        for entry in entries where entry.name != TrustStatement.fileName {
            let path = "\(folder)/\(entry.name)"
            let bytes = try reading { () throws(GitError) in try repository.blob(entry.id, limit: 64 << 10) }
            let signature: SSHSignature
            do {
                signature = try SSHSignature(armored: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw foreign("a statement's signature cannot be read: \(error)", path)
            }
            let signatory = try parent.identities.signatory(
                of: signature, over: Array(statement.text.utf8), namespace: TrustStatement.namespace)
            guard signatory.identity.kind == .person, signatory.identity.has(role: Role.admin),
                entry.name == "\(signatory.identity.id).sig"
            else {
                throw foreign(
                    "`\(signatory.identity.id)` signed it, who is no admin or not the one the file names", path)
            }
            signers.insert(signatory.identity.id)
        }
        return signers.sorted()
    }

    /// What no majority of admins may do.
    private static func checkSuccession(
        from parent: MainState, to state: MainState, in repository: Repository
    ) throws(LedgerError) {
        guard state.configuration.repository == parent.configuration.repository else {
            throw foreign("it changes the repository's identity", Configuration.fileName)
        }
        if let genesis = parent.configuration.ledgerGenesis {
            guard state.configuration.ledgerGenesis == genesis else {
                throw foreign("it changes `ledger.genesis`, which is set once for ever", Configuration.fileName)
            }
        } else if state.configuration.ledgerGenesis == nil {
            throw foreign("the first trust commit must set `ledger.genesis`", Configuration.fileName)
        }
        for identity in parent.identities.identities {
            for key in identity.keys {
                guard let owner = state.identities.owner(ofKey: key.publicKey), owner.identity.id == identity.id else {
                    throw foreign(
                        "it removes a key of `\(identity.id)`; keys stay listed and are revoked by `revoked` and `valid_before`",
                        state.configuration.identities)
                }
                guard !key.revoked || owner.key.revoked else {
                    throw foreign("it brings a revoked key of `\(identity.id)` back", state.configuration.identities)
                }
            }
        }
        try checkAllowedSigners(state, in: repository)
    }

    /// `allowed_signers` is derived, so that stock git and ssh-keygen see what the verifier sees.
    static func checkAllowedSigners(_ state: MainState, in repository: Repository) throws(LedgerError) {
        let file = try reading { () throws(GitError) in try repository.file(AllowedSigners.fileName, in: state.tree) }
        guard file == AllowedSigners.emit(state.identities) else {
            throw foreign("the file is not the one that follows from the identities", AllowedSigners.fileName)
        }
    }

    // MARK: - Genesis

    /// The root commit: signed by an admin that it declares, with threshold and trust version 1.
    public static func checkGenesis(_ commit: Commit, in repository: Repository) throws(LedgerError) -> MainState {
        guard commit.parents.isEmpty else {
            throw .notAuthentic(
                "the genesis commit has a parent",
                advice: "pin main's first commit: check `git config agentsafe.genesis`")
        }
        let state = try MainState(repository: repository, commit: commit)
        guard let id = state.configuration.repository, !id.isEmpty else {
            throw .notAuthentic("the genesis commit names no `repository`", file: Configuration.fileName)
        }
        guard state.identities.trustVersion == 1, state.identities.adminThreshold == 1 else {
            throw .notAuthentic(
                "trust_version and admin_threshold are 1 at genesis", file: state.configuration.identities)
        }
        let signatory = try state.identities.signatory(of: commit)
        guard signatory.identity.kind == .person, signatory.identity.has(role: Role.admin) else {
            throw .notAuthentic("the genesis commit is signed by `\(signatory.identity.id)`, who is no admin")
        }
        try checkAllowedSigners(state, in: repository)
        return state
    }
}
