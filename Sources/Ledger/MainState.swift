public import ChangeModel
public import Documents
public import Git
internal import PolicyEngine

/// Reads a catalogue's files from a tree, so that nothing of the work tree is ever believed.
struct GitTreeSource: CatalogueSource {
    let repository: Repository
    let tree: ObjectID

    func read(_ path: String, limit: Int) throws(CatalogueSourceError) -> [UInt8]? {
        do {
            return try repository.file(path, in: tree, limit: limit)
        } catch {
            throw CatalogueSourceError(error.message)
        }
    }

    func list(_ folder: String) throws(CatalogueSourceError) -> [String]? {
        do {
            guard try repository.entry(at: folder, in: tree)?.isTree == true else { return nil }
            return try repository.folder(folder, in: tree).filter { !$0.isTree }.map(\.name)
        } catch {
            throw CatalogueSourceError(error.message)
        }
    }
}

/// What one commit of `main` says: a function of its tree, so it holds whether or not anyone ever saw the commit before.
public final class MainState {
    public let commit: ObjectID
    public let tree: ObjectID
    public let configuration: Configuration
    public let identities: IdentityRegistry
    let repository: Repository
    /// What was read of the catalogue, shared by the commits that say the same.
    private let shared: SharedCatalogue

    private final class SharedCatalogue {
        var catalogue: Catalogue?
        var engine: PolicyEngine?
        /// Plans by the digests of their changes; nil: there is none.
        var plans: [Digest: Plan?] = [:]
    }

    private static let maximumPlans = 256

    /// Reads configuration and identities; the rest of the catalogue is read when it is first asked for.
    init(repository: Repository, commit: Commit) throws(LedgerError) {
        self.repository = repository
        self.commit = commit.id
        self.tree = commit.tree
        shared = SharedCatalogue()
        func source(_ path: String) throws(LedgerError) -> SourceFile {
            guard let bytes = try reading({ () throws(GitError) in try repository.file(path, in: commit.tree) }) else {
                throw .notAuthentic("the file is missing on main", file: path)
            }
            return SourceFile(name: path, bytes: bytes)
        }
        do {
            configuration = try ConfigurationDocument.parse(try source(Configuration.fileName))
            identities = try IdentitiesDocument.parse(try source(configuration.identities))
        } catch let error as DocumentError {
            throw .notAuthentic(error.summary)
        } catch let error as LedgerError {
            throw error
        } catch {
            throw .notAuthentic("\(error)")
        }
    }

    /// The files of this commit.
    public var source: any CatalogueSource { GitTreeSource(repository: repository, tree: tree) }

    /// Actions, targets, rules, settings and identities as of this commit.
    public func catalogue() throws(DocumentError) -> Catalogue {
        if let catalogue = shared.catalogue { return catalogue }
        let catalogue = try CatalogueLoader.load(from: GitTreeSource(repository: repository, tree: tree))
        shared.catalogue = catalogue
        return catalogue
    }

    /// The engine over the catalogue; making one costs far more than asking it.
    func engine() throws(DocumentError) -> PolicyEngine {
        if let engine = shared.engine { return engine }
        let engine = PolicyEngine(catalogue: try catalogue())
        shared.engine = engine
        return engine
    }

    /// What the engine says would run, of changes that are asked about again and again.
    func plan(for change: SignedChange) throws(DocumentError) -> Plan? {
        if let known = shared.plans[change.digest] { return known }
        let plan = try engine().plan(for: change.change, digest: change.digest)
        if shared.plans.count >= Self.maximumPlans { shared.plans.removeAll() }
        shared.plans[change.digest] = .some(plan)
        return plan
    }

    /// The state of a commit that left everything that gives power as it was.
    init(_ commit: Commit, like parent: MainState) {
        repository = parent.repository
        self.commit = commit.id
        tree = commit.tree
        configuration = parent.configuration
        identities = parent.identities
        shared = parent.shared
    }

    public var repositoryID: String { configuration.repository ?? "" }
}
