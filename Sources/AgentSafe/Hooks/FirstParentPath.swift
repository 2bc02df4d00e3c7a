internal import Git

/// The way from a pushed tip down to the commit that the branch is at.
struct FirstParentPath {
    /// The commits that the push brings, by first parents.
    let new: Set<ObjectID>
    /// Whether the way ends at the commit that was asked for; for a branch that is made, at its root.
    let arrives: Bool

    /// The most commits by which one push may move a branch that is there. The first push of a whole history is as long as
    /// its size allows.
    static let maximumLength = 10_000

    init(from tip: ObjectID, to old: ObjectID?, in repository: Repository) throws(AgentSafeError) {
        var new: Set<ObjectID> = []
        var current: ObjectID? = tip
        while let id = current, id != old {
            guard old == nil || new.count < Self.maximumLength else {
                throw AgentSafeError(
                    .notAuthentic,
                    "the push brings more than \(Self.maximumLength) commits, or does not follow from \(Self.short(old)); fetch, "
                        + "and push in parts")
            }
            new.insert(id)
            current = try git { () throws(GitError) in try repository.commit(id) }.parents.first
        }
        self.new = new
        arrives = current == old
    }

    private static func short(_ id: ObjectID?) -> String { id?.short ?? "nothing" }

    /// Why `tip` may not follow `old` on a branch that only ever moves on.
    static func refusal(
        of tip: ObjectID, after old: ObjectID, branch: String, in repository: Repository
    ) throws(AgentSafeError) -> AgentSafeError {
        let bases = try git { () throws(GitError) in try repository.mergeBases(old, tip) }
        let reason =
            if bases == [tip] {
                "it takes \(branch) back to \(tip.short), and \(branch) only ever moves on"
            } else if bases == [old] {
                "\(tip.short) has \(old.short) among its parents, but not as the first one: such a merge makes the other side "
                    + "the history of \(branch); merge into \(branch), with \(branch) checked out"
            } else {
                "\(tip.short) does not contain \(old.short), where \(branch) is; fetch, and build on that"
            }
        return AgentSafeError(.notAuthentic, reason)
    }

    /// Whether `goal` is on the first-parent chain of `tip`.
    static func leads(from tip: ObjectID, to goal: ObjectID, in repository: Repository) throws(AgentSafeError) -> Bool {
        var current: ObjectID? = tip
        while let id = current {
            if id == goal { return true }
            current = try git { () throws(GitError) in try repository.commit(id) }.parents.first
        }
        return false
    }

    /// Where the first-parent chain of `tip` begins.
    static func root(of tip: ObjectID, in repository: Repository) throws(AgentSafeError) -> ObjectID {
        var current = tip
        while let parent = try git({ () throws(GitError) in try repository.commit(current) }).parents.first {
            current = parent
        }
        return current
    }
}
