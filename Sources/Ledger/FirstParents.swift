internal import Git

extension Repository {
    /// The first-parent chain from `tip`, newest first. It ends with `start`, or with the root where `start` is not on it;
    /// it holds at least `tip`.
    func firstParents(from tip: ObjectID, downTo start: ObjectID?) throws(LedgerError) -> [Commit] {
        var chain = [try reading { () throws(GitError) in try commit(tip) }]
        while let last = chain.last, last.id != start, let parent = last.parents.first {
            chain.append(try reading { () throws(GitError) in try commit(parent) })
        }
        return chain
    }
}
