internal import ChangeModel
internal import Documents
internal import Git
internal import Ledger
internal import OperatingSystem

/// What somebody edited in the work tree, as a tree that could be main's next.
struct WorkTreeEdits {
    /// Main as far as it can be believed, with the edits.
    let tree: ObjectID
    let identities: IdentityRegistry
    /// All that lies in the work tree, as it lies there.
    let written: ObjectID
}

extension Workspace {
    /// The work tree's edits at main's newest commit. On top of a foreign main the foreign edits are among them, and nothing
    /// that foreign commits did to recorded changes or statements.
    func workTreeEdits(on base: TrustBase) throws(AgentSafeError) -> WorkTreeEdits {
        guard repository.workTree != nil else {
            throw AgentSafeError(.failed, "a bare repository has no work tree to take edits from; work in a clone")
        }
        let head = try git { () throws(GitError) in try repository.resolve("HEAD") }
        guard head == base.parent, try git({ () throws(GitError) in try repository.headBranch() }) == "refs/heads/main"
        else {
            throw AgentSafeError(
                .failed,
                "the work tree is not at main's newest commit \(base.parent.short); run `git switch main && git pull --ff-only`"
            )
        }
        let here = try readCommit(base.parent).tree
        let written = try writeWorkTree(over: here)
        if let change = try changes(from: here, to: written).first(where: { Self.isRecord($0.path) }) {
            throw AgentSafeError(
                .failed, "`\(change.path)` is recorded and may not be edited; restore it with `git restore`")
        }
        let edits = try changes(from: base.state.tree, to: written).filter { !Self.isRecord($0.path) }
        guard !edits.isEmpty || base.foreign != nil else {
            throw AgentSafeError(.failed, "the work tree has no edits to sign")
        }
        let tree = try git { () throws(GitError) in try repository.apply(edits, to: base.state.tree) }
        return WorkTreeEdits(tree: tree, identities: try readEdited(tree), written: written)
    }

    private static func isRecord(_ path: String) -> Bool { path.hasPrefix("changes/") || path.hasPrefix("trust/") }

    /// The tree of all that lies in the work tree and git does not ignore.
    private func writeWorkTree(over tree: ObjectID) throws(AgentSafeError) -> ObjectID {
        let index = repository.gitDirectory + "agentsafe-index-" + Hexadecimal.text(host.random(8))
        let variables = ["GIT_INDEX_FILE": index]
        defer { try? Files.remove(index) }
        _ = try runGit(["read-tree", tree.description], environment: variables)
        _ = try runGit(["add", "--all", "--", ":/"], environment: variables)
        let text = try runGit(["write-tree"], environment: variables)
        guard let written = ObjectID(text.filter { !$0.isNewline }) else {
            throw AgentSafeError(.failed, "git wrote no tree")
        }
        return written
    }

    /// The whole catalogue must hold before anybody signs it.
    private func readEdited(_ tree: ObjectID) throws(AgentSafeError) -> IdentityRegistry {
        let path = try identitiesPath(in: tree)
        let bytes = try git { () throws(GitError) in try repository.file(path, in: tree) } ?? []
        do throws(DocumentError) {
            let registry = try IdentitiesDocument.parse(SourceFile(name: path, bytes: bytes))
            _ = try CatalogueLoader.load(from: FolderSource(root: repository.commandDirectory))
            return registry
        } catch {
            throw AgentSafeError(error)
        }
    }

    /// Makes the index what `commit` holds, and writes the files of the work tree that follow from the identities. What was
    /// edited is in the commit.
    func bringDerivedFiles(of commit: ObjectID) throws(AgentSafeError) {
        let identities = try identitiesPath(in: try readCommit(commit).tree)
        _ = try runGit(["read-tree", commit.description])
        _ = try runGit(["checkout", "--", identities, AllowedSigners.fileName, "trust"])
    }

    /// Takes the edits out of the work tree, which goes back to `main`: they are in a commit on a branch. Whatever was edited
    /// meanwhile is left alone, with a word.
    func takeAway(_ edits: WorkTreeEdits, leaving main: ObjectID) throws(AgentSafeError) {
        do throws(AgentSafeError) {
            // In this index only what lies here exactly as it was taken counts as unchanged.
            _ = try runGit(["read-tree", edits.written.description])
            _ = try? runGit(["update-index", "-q", "--refresh"])
            _ = try runGit(["read-tree", "-m", "-u", edits.written.description, main.description])
        } catch {
            _ = try? runGit(["read-tree", main.description])
            notify("warning: your edits are on the branch, and still in the work tree: \(error.message)")
        }
    }
}
