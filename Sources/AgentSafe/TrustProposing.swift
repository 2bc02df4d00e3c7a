internal import ChangeModel
internal import Git
internal import Ledger

extension Workspace {
    /// Puts the work tree's edits of files that give power on a trust branch, for admins to sign. Anybody may: nothing is
    /// signed by this but the commit itself, and that decides nothing.
    ///
    /// - Parameters:
    ///   - adopting: on top of a foreign main, to adopt what its foreign commits did to files that give power.
    ///   - show: is given what is proposed, before it is pushed.
    public func proposeTrust(
        message: String?, push: Bool, adopting: Bool = false, show: (TrustDifference) -> Void = { _ in }
    ) throws(AgentSafeError) -> TrustResult {
        try fetchIfPossible(.trust)
        let base = adopting ? try trustBase() : TrustBase(view: try view(), foreign: nil)
        if adopting, base.foreign == nil {
            throw AgentSafeError(
                .failed, "every commit of main is accepted, so there is nothing to adopt; leave `--adopt` out")
        }
        try checkIsFree(base.branch)
        let edits = try workTreeEdits(on: base)
        let draft = try draftTrust(tree: edits.tree, identities: edits.identities, on: base)
        let signer = try? signer()
        let (commit, proposal) = try commit(
            draft, admin: nil, signer: signer, author: try author(signer.map(\.publicKey.text), base.state),
            message: message ?? (adopting ? "Adopt what follows \(base.state.commit.short)" : "Change what gives power")
        )
        let tree = try readCommit(commit).tree
        show(try difference(proposal.changes, from: base.state.tree, to: tree))
        let result = try publish(draft, commit: commit, proposal: proposal, push: push)
        try takeAway(edits, leaving: base.parent)
        return result
    }

    /// The name of whoever holds a key; of somebody unknown, what git calls them.
    private func author(_ key: String?, _ main: MainState) throws(AgentSafeError) -> String {
        if let key, let owner = main.identities.owner(ofKey: key) { return owner.identity.id }
        return try git { () throws(GitError) in try repository.configuration("user.name") } ?? "somebody"
    }
}
