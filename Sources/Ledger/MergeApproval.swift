public import ChangeModel
internal import Git
internal import PolicyEngine

/// An approval that a person gave by landing one change with a signed two-parent merge.
public struct MergeApproval: Sendable, Hashable {
    public let voter: String
    /// The key that signed the merge, whose window is judged when the approval is counted.
    public let key: String
    /// The plan as of the merge's first parent: what the person could see when merging.
    public let plan: Digest
}

extension MainHistory {
    /// The approval that a landing is, if it is one: exactly one change, exactly two parents, git's own subject for a merge of
    /// that change's branch, no header that git does not write by itself, and an approver's signature. Everything else lands
    /// and approves nothing: another encoding could show people another subject, and a merged tag another signature.
    func mergeApproval(_ accepted: AcceptedCommit, _ changes: [SignedChange]) throws(LedgerError) -> MergeApproval? {
        let commit = accepted.commit
        guard changes.count == 1, commit.parents.count == 2, commit.extraHeaders.isEmpty,
            Self.namesBranch(commit.subject, of: changes[0].change.id)
        else { return nil }
        let parent = try state(of: commit.parents[0])
        let signatory: Signatory
        do {
            signatory = try parent.identities.signatory(of: commit)
        } catch {
            // Anyone may sign a landing, or nobody: then it is no approval, which is no fault.
            return nil
        }
        guard signatory.identity.kind == .person, signatory.identity.has(role: Role.approver),
            let plan = try? parent.engine().plan(for: changes[0].change, digest: changes[0].digest)
        else { return nil }
        return MergeApproval(voter: signatory.identity.id, key: signatory.key.publicKey, plan: plan.digest)
    }

    /// Whether `subject` is what `git merge` itself writes on main for that branch, local or remote-tracking. A pull
    /// (`… of <address>`) and a merge on another branch (`… into test`) land it and approve nothing.
    static func namesBranch(_ subject: String, of id: ChangeID) -> Bool {
        func rest(_ prefix: String) -> Substring? {
            subject.hasPrefix(prefix) ? subject.dropFirst(prefix.count) : nil
        }
        var tail = rest("Merge branch '\(id.branch)'")
        if tail == nil, let remote = rest("Merge remote-tracking branch '"),
            let quote = remote.firstIndex(of: "'"), remote[..<quote].hasSuffix("/\(id.branch)"),
            Identifier.isName(remote[..<quote].dropLast(id.branch.count + 1))
        {
            tail = remote[remote.index(after: quote)...]
        }
        guard let tail else { return false }
        return tail.isEmpty || tail == " into main"
    }
}
