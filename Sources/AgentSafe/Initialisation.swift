public import ChangeModel
internal import Documents
internal import EmbeddedCatalogue
public import Git
internal import Ledger
public import OperatingSystem
internal import SSHSignature

/// A governance repository that was just made.
public struct InitialisationResult: Sendable {
    public let directory: String
    public let repository: String
    public let admin: String
    public let genesis: ObjectID
    public let pushed: Bool

    public var json: JSONValue {
        [
            "directory": .string(directory), "repository": .string(repository), "admin": .string(admin),
            "genesis": .string(genesis.description), "pushed": .bool(pushed),
        ]
    }
}

public struct Initialisation: Sendable {
    public var directory: String
    public var admin: String
    /// The remote's address; nil: none yet.
    public var remote: String?
    public var push: Bool
    /// Adds the policy for a team of one, in which persons need nobody's approval.
    public var solo: Bool
    /// Writes `rate_limit` and `cumulative_risk`, each with its defaults.
    public var limits: Bool

    public init(
        directory: String, admin: String, remote: String? = nil, push: Bool = false, solo: Bool = false,
        limits: Bool = true
    ) {
        self.solo = solo
        self.limits = limits
        self.directory = directory
        self.admin = admin
        self.remote = remote
        self.push = push
    }
}

extension Workspace {
    /// Makes a governance repository: main's genesis, the ledger's genesis, and the first trust commit, which ties the two.
    public static func initialise(
        _ wish: Initialisation, host: Host, settings: Settings, notify: @escaping (String) -> Void
    ) throws(AgentSafeError) -> InitialisationResult {
        guard Identifier.isName(wish.admin) else {
            throw AgentSafeError(
                .usage, "`\(wish.admin.prefix(60))` is no identifier: letters, digits, `.`, `_` and `-`, not first")
        }
        if wish.push, wish.remote == nil {
            throw AgentSafeError(.usage, "`--push` needs `--remote`: the address to push to")
        }
        if let address = wish.remote, address.hasPrefix("-") || address.isEmpty {
            throw AgentSafeError(.usage, "`\(address.prefix(60))` is no address of a remote")
        }
        let directory = host.absolute(wish.directory)
        try checkIsFree(directory)
        // The key is looked at before anything is made, so that a missing one leaves nothing behind.
        var inside = host
        var settings = settings
        if let key = settings.key, !key.hasPrefix("key::"), !key.hasPrefix("ssh-") { settings.key = host.absolute(key) }
        let signer = try keyForInitialisation(host: host, settings: settings)
        if Files.kind(directory + "/.git") == nil {
            _ = try git { () throws(GitError) in try Repository.create(at: directory) }
        }
        inside.currentDirectory = directory
        inside.environment["GIT_DIR"] = nil
        let workspace = try Workspace(host: inside, settings: settings, notify: notify)
        guard try git({ () throws(GitError) in try workspace.repository.resolve("HEAD") }) == nil else {
            throw AgentSafeError(
                .failed, "the repository at `\(directory)` has commits already; choose an empty folder")
        }
        let genesis = try workspace.makeGenesis(wish, signer: signer)
        try workspace.configureClone(genesis: genesis)
        _ = try workspace.runGit(["symbolic-ref", "HEAD", "refs/heads/main"])
        _ = try workspace.runGit(["read-tree", "-m", "-u", "HEAD"])
        // Before there is a remote, whose branches would count, and which has none yet.
        let view = try workspace.view(full: true)
        if let address = wish.remote {
            _ = try workspace.runGit(["remote", "add", "--", try workspace.remoteName(), address])
        }
        if wish.push {
            let connection = try workspace.connection(nil)
            let (main, ledger) = try git { () throws(GitError) in
                (
                    try workspace.repository.reference("refs/heads/main"),
                    try workspace.repository.reference("refs/heads/ledger")
                )
            }
            if let main, let ledger {
                try workspace.push(
                    [
                        .init(source: main, reference: "refs/heads/main", expected: nil),
                        .init(source: ledger, reference: "refs/heads/ledger", expected: nil),
                    ], over: connection,
                    failure: "the repository is made; push `main` and `ledger` when the remote is empty")
            }
        }
        return InitialisationResult(
            directory: directory, repository: view.state.repositoryID, admin: wish.admin,
            genesis: genesis, pushed: wish.push)
    }

    private static func checkIsFree(_ directory: String) throws(AgentSafeError) {
        guard let kind = Files.kind(directory, followingLinks: true) else { return }
        guard kind == .directory else {
            throw AgentSafeError(.failed, "`\(directory)` is no folder; choose an empty or a new one")
        }
        let names: [String]
        do { names = try Files.list(directory) } catch { throw AgentSafeError(.failed, "\(error)") }
        if let name = names.first(where: { $0 != ".git" }) {
            throw AgentSafeError(.failed, "`\(directory)` holds files already (`\(name)`); choose an empty folder")
        }
    }

    private static func keyForInitialisation(host: Host, settings: Settings) throws(AgentSafeError) -> any Signer {
        let name = settings.key ?? host.environment["AGENTSAFE_KEY"]
        let fallback =
            name == nil
            ? try? Program.run(
                ["git", "config", "--global", "user.signingkey"], environment: host.environment, timeout: 10
            ).outputText.filter { !$0.isNewline } : nil
        guard let key = name ?? fallback, !key.isEmpty else {
            throw AgentSafeError(
                .failed, "no signing key; make one with `ssh-keygen -t ed25519` and pass `--key ~/.ssh/id_ed25519`")
        }
        do {
            return try SigningKeyLocator(host: host).signer(for: key)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
    }

    /// The three first commits. Returns main's genesis.
    private func makeGenesis(_ wish: Initialisation, signer: any Signer) throws(AgentSafeError) -> ObjectID {
        var configuration = Configuration(repository: CrockfordBase32.text(host.random(16), count: 26))
        if wish.limits { (configuration.rateLimit, configuration.cumulativeRisk) = (RateLimit(), CumulativeRisk()) }
        configuration.ledgerURLs = wish.remote.map { [RemoteConnection.withoutCredentials($0)] } ?? []
        let identities = IdentityRegistry(
            trustVersion: 1, adminThreshold: 1,
            identities: [
                Identity(
                    id: wish.admin, kind: .person, roles: [Role.admin, Role.approver],
                    keys: [IdentityKey(publicKey: signer.publicKey.text)])
            ])
        var files: [String: [UInt8]] = [:]
        for file in EmbeddedCatalogue.files(under: "templates/governance/") {
            files[String(file.path.dropFirst("templates/governance/".count))] = file.bytes
        }
        for folder in ["actions/", "policies/"] {
            for file in EmbeddedCatalogue.files(under: folder) { files[file.path] = file.bytes }
        }
        if wish.solo {
            for file in EmbeddedCatalogue.files(under: "templates/solo/") {
                files[String(file.path.dropFirst("templates/solo/".count))] = file.bytes
            }
        }
        files[Configuration.fileName] = ConfigurationDocument.emit(configuration)
        files[configuration.identities] = IdentitiesDocument.emit(identities, header: nil)
        files[AllowedSigners.fileName] = AllowedSigners.emit(identities)
        let contents = files
        let tree = try git { () throws(GitError) in
            var blobs: [String: ObjectID?] = [:]
            for (path, bytes) in contents { blobs[path] = .some(try repository.writeBlob(bytes)) }
            return try repository.edit(nil, blobs)
        }
        let person = try person(wish.admin)
        let genesis = try commit(
            CommitDraft(
                tree: tree, parents: [], person: person, time: host.now(),
                message: "Found the governance repository\n"), signer: signer)
        let repositoryID = configuration.repository ?? ""
        let ledgerGenesis = try ledger { () throws(LedgerError) in
            try LedgerWriter.genesis(
                repositoryID: repositoryID, main: genesis, at: now, by: wish.admin, person: person, signer: signer,
                repository: repository)
        }
        configuration.ledgerGenesis = Digest(
            of: try git { () throws(GitError) in try repository.read(ledgerGenesis) }.content)
        let emitted = ConfigurationDocument.emit(configuration)
        try git { () throws(GitError) in
            try repository.setReference("refs/heads/main", to: genesis, from: nil, message: "agentsafe init")
            try repository.setReference("refs/heads/ledger", to: ledgerGenesis, from: nil, message: "agentsafe init")
        }
        let tied = try git { () throws(GitError) in
            try repository.edit(tree, [Configuration.fileName: try repository.writeBlob(emitted)])
        }
        let trust = try firstTrustCommit(
            tree: tied, genesis: genesis, identities: identities, admin: wish.admin, signer: signer, person: person)
        try git { () throws(GitError) in
            try repository.setReference("refs/heads/main", to: trust, from: genesis, message: "agentsafe init")
        }
        return genesis
    }

    private func firstTrustCommit(
        tree: ObjectID, genesis: ObjectID, identities: IdentityRegistry, admin: String, signer: any Signer,
        person: String
    ) throws(AgentSafeError) -> ObjectID {
        let commit = try readCommit(genesis)
        let state = try ledger { () throws(LedgerError) in try LandingGrammar.checkGenesis(commit, in: repository) }
        var registry = identities
        registry.trustVersion = 2
        let (edited, statement, folder) = try git { () throws(GitError) in
            let edited = try repository.edit(
                tree,
                [
                    state.configuration.identities: try repository.writeBlob(
                        IdentitiesDocument.emit(registry, header: nil))
                ])
            let changes = try repository.changes(from: state.tree, to: edited)
            return (
                edited, TrustStatement(repository: state.repositoryID, version: 2, changes: changes),
                TrustStatement.folder(version: 2)
            )
        }
        let signature: [UInt8]
        do {
            signature = Array(
                try signer.sign(Array(statement.text.utf8), namespace: TrustStatement.namespace).armored.utf8)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        let final = try git { () throws(GitError) in
            try repository.edit(
                edited,
                [
                    "\(folder)/\(TrustStatement.fileName)": try repository.writeBlob(Array(statement.text.utf8)),
                    "\(folder)/\(admin).sig": try repository.writeBlob(signature),
                ])
        }
        return try self.commit(
            CommitDraft(
                tree: final, parents: [genesis], person: person, time: host.now(), message: "Tie the ledger to main\n"),
            signer: signer)
    }

    /// Writes what a clone needs: the pin, and the settings by which stock git verifies our signatures.
    func configureClone(genesis: ObjectID) throws(AgentSafeError) {
        let folder = repository.workTree ?? repository.gitDirectory
        let key = try setting(settings.key, variable: "AGENTSAFE_KEY", configuration: "user.signingkey")
        let localKey = try git { () throws(GitError) in try repository.configuration("user.signingkey") }
        try git { () throws(GitError) in
            try repository.setConfiguration("agentsafe.genesis", genesis.description)
            try repository.setConfiguration("gpg.format", "ssh")
            try repository.setConfiguration("gpg.ssh.allowedSignersFile", folder + AllowedSigners.fileName)
            if localKey == nil, let key {
                try repository.setConfiguration("user.signingkey", key.hasPrefix("key::") ? key : host.absolute(key))
            }
        }
    }
}
