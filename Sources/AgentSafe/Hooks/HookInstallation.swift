public import ChangeModel
public import Git
internal import Ledger
internal import OperatingSystem

/// What `hook install` is to do.
public struct HookWish: Sendable {
    /// The bare repository's folder, absolute.
    public var repository: String
    /// Absolute path of the program that the hook starts.
    public var program: String
    /// The pin; nil: the one that the repository has already, or none yet.
    public var genesis: String?
    /// Bytes that the objects of one push may take; nil: as it is set, or the default.
    public var maximumBytes: Int?
    /// Whether another hook that is there is kept under another name and run after ours.
    public var force: Bool

    public init(
        repository: String, program: String, genesis: String? = nil, maximumBytes: Int? = nil, force: Bool = false
    ) {
        self.repository = repository
        self.program = program
        self.genesis = genesis
        self.maximumBytes = maximumBytes
        self.force = force
    }
}

public struct HookResult: Sendable {
    public let hook: String
    public let program: String
    /// nil: the first push of main is refused until there is one.
    public let genesis: ObjectID?
    public let maximumBytes: Int
    /// Where a hook that was there before lies now.
    public let chained: String?
    /// The tips that were verified; nil for a branch that is not there yet.
    public let main: ObjectID?
    public let ledger: ObjectID?

    public var json: JSONValue {
        [
            "hook": .string(hook), "program": .string(program),
            "genesis": genesis.map { .string($0.description) } ?? .null,
            "max_push_bytes": .integer(Int64(maximumBytes)), "chained": chained.map { .string($0) } ?? .null,
            "main": main.map { .string($0.description) } ?? .null,
            "ledger": ledger.map { .string($0.description) } ?? .null,
        ]
    }
}

extension ReceiveHook {
    /// The text of the hook, for servers that want it elsewhere than in the repository.
    public static func script(program: String) -> String { HookScript.text(program: program) }

    /// Installs the hook in a bare repository, verifies what the repository holds already, and pins its genesis.
    public static func install(_ wish: HookWish, now: Timestamp) throws(AgentSafeError) -> HookResult {
        let repository = try git { () throws(GitError) in
            try Repository(containing: wish.repository, gitDirectory: wish.repository)
        }
        guard repository.workTree == nil else {
            throw AgentSafeError(
                .usage,
                "`\(wish.repository)` has a work tree, and the hook guards bare repositories; name the repository that others push to"
            )
        }
        try checkHooksPath(repository)
        let genesis = try genesis(wish, repository)
        let (main, ledger) = try git { () throws(GitError) in
            (try repository.reference("refs/heads/main"), try repository.reference("refs/heads/ledger"))
        }
        let marks = try verify(repository, genesis: genesis, main: main, ledger: ledger, now: now)
        let folder = repository.gitDirectory + "hooks"
        let chained = try makeRoom(in: folder, force: wish.force)
        let limit = try configure(repository, genesis: genesis, maximumBytes: wish.maximumBytes)
        if let marks, let genesis { try marks.write(repository, genesis: genesis) }
        do {
            try Files.createDirectory(folder)
            // A link would be followed when it is written through, and replaced when it is renamed over.
            try Files.writeAtomically(
                "\(folder)/\(HookScript.name)", Array(HookScript.text(program: wish.program).utf8), mode: 0o755)
            try Files.setPermissions("\(folder)/\(HookScript.name)", 0o755)
        } catch {
            throw AgentSafeError(.failed, "the hook cannot be written: \(error)")
        }
        return HookResult(
            hook: "\(folder)/\(HookScript.name)", program: wish.program, genesis: genesis, maximumBytes: limit,
            chained: chained, main: main, ledger: ledger)
    }

    private static func checkHooksPath(_ repository: Repository) throws(AgentSafeError) {
        guard let elsewhere = try git({ () throws(GitError) in try repository.configuration("core.hooksPath") }) else {
            return
        }
        throw AgentSafeError(
            .failed,
            "git looks for hooks in `\(elsewhere)` (core.hooksPath), not in the repository; unset it, or put what "
                + "`agentsafe hook install --print` prints there as `\(HookScript.name)`, and set the pin yourself")
    }

    private static func genesis(_ wish: HookWish, _ repository: Repository) throws(AgentSafeError) -> ObjectID? {
        let kept = try git { () throws(GitError) in try repository.localConfiguration("agentsafe.genesis") }
        guard let text = wish.genesis ?? kept else {
            guard let main = try git({ () throws(GitError) in try repository.reference("refs/heads/main") }) else {
                return nil
            }
            let root = try FirstParentPath.root(of: main, in: repository)
            throw AgentSafeError(
                .usage,
                "main's history here begins at \(root). Ask an admin, over another channel, whether that is the genesis; if it is, "
                    + "run it again with `--genesis \(root)`")
        }
        guard let genesis = ObjectID(text) else {
            throw AgentSafeError(
                .usage,
                "the genesis `\(text.prefix(60))` is no commit name of 40 hexadecimal digits; ask an admin for it")
        }
        guard kept == nil || kept == text else {
            throw AgentSafeError(
                .failed,
                "the repository pins \(kept ?? "") already; if that is wrong, run `git config agentsafe.genesis \(text)` in it"
            )
        }
        return genesis
    }

    /// What is there must be authentic before it is guarded.
    private static func verify(
        _ repository: Repository, genesis: ObjectID?, main: ObjectID?, ledger: ObjectID?, now: Timestamp
    ) throws(AgentSafeError) -> ServerMarks? {
        guard let genesis, let main else { return nil }
        let history = ServerHistory(repository: repository, genesis: genesis, now: now)
        let mainHistory = try history.mainHistory(through: main, forLedger: true)
        let ledgerHistory = try ledger.map { (tip) throws(AgentSafeError) in
            try history.ledgerHistory(through: tip, main: mainHistory)
        }
        return try history.marks(main: mainHistory, at: main, ledger: ledgerHistory, at: ledger)
    }

    /// Another hook is never lost: it stays, or it is kept under the name by which ours runs it.
    private static func makeRoom(in folder: String, force: Bool) throws(AgentSafeError) -> String? {
        let (hook, chained) = ("\(folder)/\(HookScript.name)", "\(folder)/\(HookScript.chained)")
        guard let kind = Files.kind(hook) else { return nil }
        if kind == .file, let text = try? Files.read(hook), HookScript.isOurs(text) { return nil }
        guard force else {
            throw AgentSafeError(
                .failed,
                "`\(hook)` is another hook; rename it to `\(HookScript.chained)`, which agentsafe's hook runs after its own checks "
                    + "with the same input, or have that done with `--force`")
        }
        guard Files.kind(chained) == nil else {
            throw AgentSafeError(
                .failed,
                "`\(hook)` is another hook, and `\(HookScript.chained)` is there too; join the two into the latter")
        }
        do {
            try Files.move(hook, to: chained)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        return chained
    }

    private static func configure(
        _ repository: Repository, genesis: ObjectID?, maximumBytes: Int?
    ) throws(AgentSafeError) -> Int {
        if let maximumBytes, maximumBytes <= 0 {
            throw AgentSafeError(.usage, "`--max-push-bytes` is a number of bytes above 0")
        }
        var limit = maximumBytes ?? 0
        if maximumBytes == nil { limit = try ReceiveHook.maximumBytes(repository) }
        let text = String(limit)
        try git { () throws(GitError) in
            if let genesis { try repository.setConfiguration("agentsafe.genesis", genesis.description) }
            try repository.setConfiguration("agentsafe.maxPushBytes", text)
            // The hook measures what has arrived; git itself stops what is far too much on its way.
            let own = try repository.localConfiguration("receive.maxInputSize")
            if maximumBytes != nil || own == nil {
                try repository.setConfiguration("receive.maxInputSize", text)
            }
        }
        return limit
    }
}
