public import ChangeModel
internal import Documents
public import Git
internal import Ledger
internal import OperatingSystem
internal import SSHSignature

/// A trust commit that was made.
public struct TrustResult: Sendable {
    public let version: Int
    public let commit: ObjectID
    public let files: [String]
    public let pushed: Bool

    public var json: JSONValue {
        [
            "trust_version": .integer(Int64(version)), "commit": .string(commit.description), "files": .strings(files),
            "pushed": .bool(pushed),
        ]
    }
}

extension Workspace {
    /// Changes files that give power, by a commit that carries this admin's statement over exactly the difference.
    ///
    /// - Parameters:
    ///   - tree: main's tree with the files changed, but for what follows from the identities.
    ///   - identities: the registry as it shall be; its trust version is raised here.
    ///   - isReady: asked about the commit before it is pushed; it throws when this clone could not follow.
    func commitTrust(
        tree: ObjectID, identities: IdentityRegistry, view: VerifiedView, signer: any Signer, message: String,
        push: Bool,
        isReady: (ObjectID) throws(AgentSafeError) -> Void = { (_) throws(AgentSafeError) in }
    ) throws(AgentSafeError) -> TrustResult {
        let admin = try identity(of: signer, in: view.state)
        guard admin.kind == .person, admin.has(role: Role.admin) else {
            throw AgentSafeError(.denied, "`\(admin.id)` is no admin; files that give power need an admin's signature")
        }
        let threshold = view.state.identities.adminThreshold
        guard threshold == 1 else {
            throw AgentSafeError(
                .failed,
                "\(threshold) admins must sign this change, and this command can sign for one; collect the statements in "
                    + "`trust/\(view.state.identities.trustVersion + 1)/` by hand")
        }
        var registry = identities
        registry.trustVersion = view.state.identities.trustVersion + 1
        let path = view.state.configuration.identities
        let header = try leadingComments(of: path, in: view.state.tree)
        let withIdentities = try git { () throws(GitError) in
            try repository.edit(
                tree,
                [
                    path: try repository.writeBlob(IdentitiesDocument.emit(registry, header: header)),
                    AllowedSigners.fileName: try repository.writeBlob(AllowedSigners.emit(registry)),
                ])
        }
        let changes = try git { () throws(GitError) in
            try repository.changes(from: view.state.tree, to: withIdentities)
        }
        let statement = TrustStatement(
            repository: view.state.repositoryID, version: registry.trustVersion, changes: changes)
        let signature: [UInt8]
        do {
            signature = Array(
                try signer.sign(Array(statement.text.utf8), namespace: TrustStatement.namespace).armored.utf8)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        let folder = TrustStatement.folder(version: registry.trustVersion)
        let final = try git { () throws(GitError) in
            try repository.edit(
                withIdentities,
                [
                    "\(folder)/\(TrustStatement.fileName)": try repository.writeBlob(Array(statement.text.utf8)),
                    "\(folder)/\(admin.id).sig": try repository.writeBlob(signature),
                ])
        }
        let commit = try commit(
            CommitDraft(
                tree: final, parents: [view.main.tip], person: try person(admin.id), time: host.now(),
                message: message + "\n"),
            signer: signer)
        // What readers would refuse is not handed out.
        try ledger { () throws(LedgerError) in
            _ = try LandingGrammar.classify(commit, after: view.state, in: repository)
        }
        try isReady(commit)
        if push {
            try self.push(
                [.init(source: commit, reference: "refs/heads/main", expected: view.main.tip)],
                over: try connection(view.state), failure: "main is unchanged; fetch and try again")
        }
        return TrustResult(
            version: registry.trustVersion, commit: commit, files: changes.map(\.path), pushed: push)
    }

    /// The comment lines at the top of a file, which survive its rewriting.
    private func leadingComments(of path: String, in tree: ObjectID) throws(AgentSafeError) -> String? {
        let bytes = try git { () throws(GitError) in try repository.file(path, in: tree) } ?? []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix { $0.hasPrefix("#") }
        if lines.isEmpty { return nil }
        return lines.map { String($0.dropFirst($0.hasPrefix("# ") ? 2 : 1)) }.joined(separator: "\n")
    }

    /// Takes the work tree's edits of files that give power (policies, actions, inventory, settings, identities, tests) into a
    /// trust commit.
    public func commitTrust(message: String, push: Bool) throws(AgentSafeError) -> TrustResult {
        try fetchIfPossible()
        let view = try view()
        guard repository.workTree != nil else {
            throw AgentSafeError(.failed, "a bare repository has no work tree to take edits from; work in a clone")
        }
        let head = try git { () throws(GitError) in try repository.resolve("HEAD") }
        guard head == view.main.tip,
            try git({ () throws(GitError) in try repository.headBranch() }) == "refs/heads/main"
        else {
            throw AgentSafeError(
                .failed,
                "the work tree is not at main's newest commit \(view.main.tip.short); run `git switch main && git pull --ff-only`"
            )
        }
        let index = repository.gitDirectory + "agentsafe-index"
        let variables = ["GIT_INDEX_FILE": index]
        defer { try? Files.remove(index) }
        _ = try runGit(["read-tree", view.state.tree.description], environment: variables)
        _ = try runGit(["add", "--all", "--", ":/"], environment: variables)
        let text = try runGit(["write-tree"], environment: variables)
        guard let tree = ObjectID(text.filter { !$0.isNewline }) else {
            throw AgentSafeError(.failed, "git wrote no tree")
        }
        let changes = try git { () throws(GitError) in try repository.changes(from: view.state.tree, to: tree) }
        guard !changes.isEmpty else { throw AgentSafeError(.failed, "the work tree has no edits to sign") }
        if let change = changes.first(where: { $0.path.hasPrefix("changes/") || $0.path.hasPrefix("trust/") }) {
            throw AgentSafeError(
                .failed, "`\(change.path)` is recorded and may not be edited; restore it with `git restore`")
        }
        let edited: IdentityRegistry
        do {
            // The whole catalogue must hold before anybody signs it.
            edited = try IdentitiesDocument.parse(
                SourceFile(
                    name: view.state.configuration.identities,
                    bytes: try repository.file(view.state.configuration.identities, in: tree) ?? []))
            _ = try CatalogueLoader.load(from: FolderSource(root: repository.commandDirectory))
        } catch let error as DocumentError {
            throw AgentSafeError(error)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        let result = try commitTrust(
            tree: tree, identities: edited, view: view, signer: try signer(), message: message, push: push)
        // The work tree is what was committed, but for the files that follow from the identities: those alone are written.
        try git { () throws(GitError) in
            try repository.setReference(
                "refs/heads/main", to: result.commit, from: view.main.tip, message: "agentsafe trust commit")
        }
        _ = try runGit(["read-tree", result.commit.description])
        _ = try runGit(["checkout", "--", view.state.configuration.identities, AllowedSigners.fileName, "trust"])
        return result
    }

    /// Adds an identity, or a key to an identity that is there.
    public func addIdentity(_ identity: Identity, push: Bool) throws(AgentSafeError) -> TrustResult {
        try fetchIfPossible()
        let view = try view()
        var registry = view.state.identities
        for key in identity.keys {
            if let owner = registry.owner(ofKey: key.publicKey) {
                throw AgentSafeError(
                    .failed, "that key belongs to `\(owner.identity.id)` already, and a key belongs to one identity")
            }
        }
        if let position = registry.identities.firstIndex(where: { $0.id == identity.id }) {
            guard registry.identities[position].kind == identity.kind else {
                throw AgentSafeError(
                    .failed,
                    "`\(identity.id)` exists as \(registry.identities[position].kind.rawValue); choose another id")
            }
            registry.identities[position].keys += identity.keys
            let known = registry.identities[position]
            registry.identities[position].roles += identity.roles.filter { !known.roles.contains($0) }
            registry.identities[position].groups += identity.groups.filter { !known.groups.contains($0) }
        } else {
            registry.identities.append(identity)
        }
        let result = try commitTrust(
            tree: view.state.tree, identities: registry, view: view, signer: try signer(),
            message: "Add \(identity.kind.rawValue) \(identity.id)", push: push,
            isReady: { (commit) throws(AgentSafeError) in try checkLocalMain(canMoveTo: commit) })
        try advanceLocalMain(to: result.commit)
        return result
    }
}
