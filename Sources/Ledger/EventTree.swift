internal import ChangeModel
internal import Git

/// What an event may do to the ledger's tree.
enum EventTree {
    /// The commit adds exactly the event's files, and moves `state/` exactly as derived. Nothing recorded ever changes.
    static func check(
        _ commit: Commit, _ event: LedgerEvent, previous: ObjectID?, state: LedgerState, repository: Repository
    ) throws(LedgerError) {
        let changes = try reading { () throws(GitError) in try repository.changes(from: previous, to: commit.tree) }
        var expectedFiles = Set(event.files.keys)
        expectedFiles.insert(event.path)
        for path in event.files.keys where !isEventFile(path, of: event) {
            throw .notAuthentic("the event lists a file that is none of its own", file: path)
        }
        for change in changes where !change.path.hasPrefix("state/") {
            guard change.old == nil, let new = change.new else {
                throw .notAuthentic("a recorded file was changed or removed", file: change.path)
            }
            guard expectedFiles.remove(change.path) != nil, new.mode == TreeEntry.fileMode else {
                throw .notAuthentic("the event does not list this file", file: change.path)
            }
            if let digest = event.files[change.path] {
                // The ledger's own copy of a change is the change that the event is about.
                if change.path.hasSuffix("/" + Change.fileName), digest != event.change?.digest {
                    throw .notAuthentic("the copied change is another one", file: change.path)
                }
                let bytes = try reading { () throws(GitError) in try repository.blob(new.id, limit: 16 << 20) }
                guard Digest(of: bytes) == digest else {
                    throw .notAuthentic("the file's digest is not the one that the event lists", file: change.path)
                }
            }
        }
        if let missing = expectedFiles.first { throw .notAuthentic("the event's file is missing", file: missing) }
        let derived = try reading { () throws(GitError) in try state.resultingTree(of: previous, in: repository) }
        let actual = try reading { () throws(GitError) in
            try repository.entry(at: LedgerState.folder, in: commit.tree)
        }
        guard derived == actual?.id else {
            throw .notAuthentic("the state is not the one that follows from the event", file: LedgerState.folder)
        }
    }

    /// Whether a file may be one that the event adds: in its folder, with its height, or a change's two files.
    private static func isEventFile(_ path: String, of event: LedgerEvent) -> Bool {
        guard path.hasPrefix(event.folder + "/") else { return false }
        let name = path.dropFirst(event.folder.count + 1)
        if event.kind == .decision, name == Change.fileName || name == Change.signatureName { return true }
        let suffixes = ["before.json", "after.json", "rollback.yaml"]
        return suffixes.contains { name == LedgerEvent.fileName(event.height, $0) }
    }
}
