public import ChangeModel
public import Documents
public import Git

extension Catalogue {
    /// Reads the catalogue out of a commit's tree: nothing is checked out, and nothing says that anybody may trust it.
    ///
    /// - Throws: what is wrong with its files.
    public init(of commit: Commit, in repository: Repository) throws(DocumentError) {
        self = try CatalogueLoader.load(from: GitTreeSource(repository: repository, tree: commit.tree))
    }
}
