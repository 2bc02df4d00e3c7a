public import ChangeModel
public import Git
public import Ledger
public import OperatingSystem
public import SSHSignature

/// What the caller chose by flags. Each has an `AGENTSAFE_*` variable and a `git config agentsafe.*` setting behind it.
public struct Settings: Sendable {
    /// A private or public key file, or git's `key::…` form.
    public var key: String?
    /// The remote's name.
    public var remote: String?
    /// The pinned genesis of main.
    public var genesis: String?
    /// `kubeconfig`, `kubectl`, or `embedded:FILE`.
    public var cluster: String?
    /// The kubeconfig that alone is read.
    public var kubeconfig: String?
    /// A context of the kubeconfig.
    public var context: String?
    /// Whether plain http, unchecked certificates and passwords of a kubeconfig may be used. By flag alone.
    public var allowsInsecureCluster: Bool
    /// A profile of AWS's shared config and credentials files.
    public var profile: String?
    /// The executor to use, among those that main allows.
    public var executor: String?
    /// Without high-water marks, starts from what the remote has instead of from genesis. Claims record it.
    public var trustsRemote: Bool

    public init(
        key: String? = nil, remote: String? = nil, genesis: String? = nil, cluster: String? = nil,
        kubeconfig: String? = nil, context: String? = nil, allowsInsecureCluster: Bool = false,
        profile: String? = nil, executor: String? = nil, trustsRemote: Bool = false
    ) {
        self.key = key
        self.remote = remote
        self.genesis = genesis
        self.cluster = cluster
        self.kubeconfig = kubeconfig
        self.context = context
        self.allowsInsecureCluster = allowsInsecureCluster
        self.profile = profile
        self.executor = executor
        self.trustsRemote = trustsRemote
    }
}

/// A clone of a governance repository, and the meeting place of everything that works on it.
public final class Workspace {
    public let host: Host
    public let settings: Settings
    public let repository: Repository
    /// Words for people about what goes on; the library itself never prints.
    public let notify: (String) -> Void
    let clock: LedgerClock
    var fetchWarning: String?
    /// What the command saw and recorded last, for whoever is told of it; nil where nothing could be recorded.
    var lastView: VerifiedView?
    /// Where this process took the remote at its word; what it sees later must contain it.
    var trustedTips: HighWaterMarks?

    /// - Throws: `AgentSafeError` when there is no repository, or one that cannot be judged.
    public init(host: Host, settings: Settings, notify: @escaping (String) -> Void = { _ in }) throws(AgentSafeError) {
        self.host = host
        self.settings = settings
        self.notify = notify
        clock = LedgerClock(host: host)
        let gitDirectory = host.environment["GIT_DIR"].map { host.absolute($0) }
        repository = try git { () throws(GitError) in
            try Repository(containing: host.currentDirectory, gitDirectory: gitDirectory)
        }
    }

    public var now: Timestamp { Timestamp(seconds: host.now()) }

    /// The flag, else the environment, else git's settings.
    func setting(_ flag: String?, variable: String, configuration: String) throws(AgentSafeError) -> String? {
        if let flag { return flag }
        if let value = host.environment[variable], !value.isEmpty { return value }
        return try git { () throws(GitError) in try repository.configuration(configuration) }
    }

    // MARK: - The remote

    public func remoteName() throws(AgentSafeError) -> String {
        let name =
            try setting(settings.remote, variable: "AGENTSAFE_REMOTE", configuration: "agentsafe.remote") ?? "origin"
        guard Identifier.isName(name) else { throw AgentSafeError(.usage, "`\(name)` is no name of a remote") }
        return name
    }

    /// The remote's address; nil when the repository has no such remote.
    public func remoteURL() throws(AgentSafeError) -> String? {
        let name = try remoteName()
        return try git { () throws(GitError) -> String? in
            if let address = try repository.configuration("remote.\(name).pushurl") { return address }
            return try repository.configuration("remote.\(name).url")
        }
    }

    /// A connection to the one remote that main names. Without a name there, to the remote as it is configured.
    public func connection(_ main: MainState?) throws(AgentSafeError) -> RemoteConnection {
        let name = try remoteName()
        guard let url = try remoteURL() else {
            throw AgentSafeError(
                .failed, "there is no remote `\(name)`; add it with `git remote add \(name) <address>`")
        }
        let shown = RemoteConnection.withoutCredentials(url)
        if let urls = main?.configuration.ledgerURLs, !urls.isEmpty, !urls.contains(shown), !urls.contains(url) {
            throw AgentSafeError(
                .failed,
                "the remote `\(name)` is `\(shown)`, which is none of `ledger.urls` in agentsafe.yaml; a mirror has a "
                    + "ledger of its own, so use the real remote")
        }
        let connection = RemoteConnection(
            directory: repository.commandDirectory, url: url, environment: host.environment, timeout: try timeout())
        if let rewrite = try git({ () throws(GitError) in try connection.rewriting() }) {
            throw AgentSafeError(
                .failed,
                "git's setting `\(rewrite)` would rewrite `\(shown)` to another address; remove it for this repository")
        }
        return connection
    }

    /// A branch as the remote has it, or the local one where there is no remote.
    func branch(_ name: String) throws(AgentSafeError) -> ObjectID? {
        let remote = try remoteName()
        return try git { () throws(GitError) in
            if let tip = try repository.reference("refs/remotes/\(remote)/\(name)") { return tip }
            return try repository.configuration("remote.\(remote).url") == nil
                ? repository.reference("refs/heads/\(name)") : nil
        }
    }

    // MARK: - Trust

    /// The pinned root of main. Without a pin nothing is believed.
    public func pinnedGenesis() throws(AgentSafeError) -> ObjectID {
        guard let text = try pinnedGenesisText() else {
            throw AgentSafeError(
                .notAuthentic,
                "this clone pins no genesis, so nothing in it can be trusted; ask an admin for the genesis commit and run "
                    + "`agentsafe setup --genesis <commit>`")
        }
        guard let genesis = ObjectID(text) else {
            throw AgentSafeError(
                .usage,
                "the pinned genesis `\(text.prefix(60))` is no commit name of 40 hexadecimal digits; ask an admin for the "
                    + "right one and run `agentsafe setup --genesis <commit>`")
        }
        return genesis
    }

    func pinnedGenesisText() throws(AgentSafeError) -> String? {
        try setting(settings.genesis, variable: "AGENTSAFE_GENESIS", configuration: "agentsafe.genesis")
    }

    /// The folder for high-water marks, outside of every clone.
    func stateFolder() throws(AgentSafeError) -> String { try Self.stateFolder(of: host) }

    static func stateFolder(of host: Host) throws(AgentSafeError) -> String {
        for name in ["AGENTSAFE_STATE_HOME", "XDG_STATE_HOME"] {
            if let folder = host.environment[name], !folder.isEmpty { return host.absolute(folder) }
        }
        guard let home = host.home else {
            throw AgentSafeError(
                .failed,
                "neither AGENTSAFE_STATE_HOME, XDG_STATE_HOME nor HOME is set, so the accepted tips have no place; "
                    + "set one of them")
        }
        return home + "/.local/state"
    }

    // MARK: - Keys

    /// The caller's key: `--key`, `AGENTSAFE_KEY`, git's `user.signingkey`.
    public func signer() throws(AgentSafeError) -> any Signer {
        guard let name = try setting(settings.key, variable: "AGENTSAFE_KEY", configuration: "user.signingkey") else {
            throw AgentSafeError(
                .failed,
                "no signing key; pass `--key ~/.ssh/id_ed25519`, set AGENTSAFE_KEY, or run "
                    + "`git config user.signingkey ~/.ssh/id_ed25519.pub`")
        }
        do {
            return try SigningKeyLocator(host: host).signer(for: name)
        } catch {
            let advice = "; check `--key`, AGENTSAFE_KEY and `git config user.signingkey`"
            throw AgentSafeError(.failed, "\(error)" + (error.code == .notFound ? advice : ""))
        }
    }

    /// The identity whose key `signer` holds, by main.
    func identity(of signer: any Signer, in main: MainState) throws(AgentSafeError) -> Identity {
        guard let (identity, key) = main.identities.owner(ofKey: signer.publicKey.text) else {
            throw AgentSafeError(
                .failed,
                "your key \(signer.publicKey.fingerprint) belongs to no identity on main; ask an admin to run "
                    + "`agentsafe identity add`, or choose another key with `--key`")
        }
        guard key.isValid(at: now) else {
            throw AgentSafeError(
                .failed,
                "your key \(signer.publicKey.fingerprint) is revoked or not valid now; use another with `--key`")
        }
        return identity
    }

    /// `Name <email>` for the commits of an identity.
    func person(_ identity: String) throws(AgentSafeError) -> String {
        let email = try git { () throws(GitError) in try repository.configuration("user.email") }
        return CommitDraft.person(name: identity, email: email ?? "\(identity)@agentsafe.invalid")
    }

    /// Writes a signed commit into the object database.
    func commit(_ draft: CommitDraft, signer: any Signer) throws(AgentSafeError) -> ObjectID {
        let raw = try ledger { () throws(LedgerError) in try draft.sign(with: signer) }
        return try git { () throws(GitError) in try repository.write(.commit, raw) }
    }
}
