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
        return try trust(changes, in: commit, after: parent, of: repository)
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
            guard case .notAuthentic(let failure) = error else { throw error }
            throw LedgerError.notAuthentic(failure.asForeign.at(branch: "branch", commit: commit.id)).advising(
                "take it off the branch, or have the admins sign it: `agentsafe trust propose`")
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
