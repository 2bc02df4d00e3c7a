public import ChangeModel
public import Git
internal import Ledger
internal import SSHSignature

/// What an admin is asked to sign, and what else there is to know about it.
public struct TrustRequest: Sendable {
    public let branch: OpenTrustBranch
    public let version: Int
    public let commit: ObjectID
    public let subject: String
    public let author: String
    public let difference: TrustDifference
    /// The threshold as it is, and how many commits of a foreign main are adopted.
    public let threshold: Int
    public let adopts: Int
}

/// What became of signing a trust branch.
public struct TrustSignResult: Sendable {
    public let version: Int
    public let commit: ObjectID
    public let branch: OpenTrustBranch
    public let pushed: Bool
    /// Main's new tip, when the branch landed.
    public let landed: ObjectID?

    public var json: JSONValue {
        let made: [String: JSONValue] = [
            "trust_version": .integer(Int64(version)), "commit": .string(commit.description), "pushed": .bool(pushed),
            "landed": landed.map { .string($0.description) } ?? .null,
        ]
        return .object(made.merging(branch.members) { $1 })
    }
}

extension Workspace {
    /// How often signing is tried again when others signed or landed meanwhile.
    private static let signingAttempts = 12

    /// Signs the statement of a trust branch, after the difference was shown, and lands the branch if asked to and enough
    /// admins signed.
    ///
    /// The branch stays one commit: the signature is added to it. Two admins who sign at once follow one another.
    ///
    /// - Parameters:
    ///   - name: the branch; nil: the only one that waits.
    ///   - confirm: is shown what is asked for, once for each difference; false stops without a trace.
    /// - Returns: nil when `confirm` said no.
    public func signTrust(
        _ name: String?, land: Bool, confirm: (TrustRequest) -> Bool
    ) throws(AgentSafeError) -> TrustSignResult? {
        let signer = try signer()
        var confirmed: TrustStatement?
        var signed: TrustSignResult?
        for _ in 0..<Self.signingAttempts {
            try fetchIfPossible(.trust)
            let base = try trustBase()
            // Somebody else may have landed it with this very signature.
            if let signed, signed.version < base.nextVersion { return signed }
            let admin = try admin(signer, on: base)
            let branch = try trustBranch(name, on: base)
            let proposal = try self.proposal(of: branch, on: base)
            let open = openBranch(branch.name, proposal, on: base)
            if open.signers.contains(admin.id) {
                guard signed != nil || land else {
                    throw AgentSafeError(
                        .failed, "`\(admin.id)` signed `\(branch.name)` already; \(open.summary)")
                }
                guard land, open.missing == 0 else { return result(branch, proposal, on: base, landed: nil) }
                if let landed = try self.land(branch, on: base, signer: signer, by: admin) {
                    return result(branch, proposal, on: base, landed: landed)
                }
                continue
            }
            if confirmed != proposal.statement {
                guard confirm(try request(branch, proposal, on: base)) else { return nil }
                confirmed = proposal.statement
            }
            if let amended = try addSignature(of: admin, to: branch, proposal, on: base, signer: signer) {
                signed = result(amended, try self.proposal(of: amended, on: base), on: base, landed: nil)
            }
        }
        throw AgentSafeError(.failed, "others were faster \(Self.signingAttempts) times; try again later")
    }

    private func admin(_ signer: any Signer, on base: TrustBase) throws(AgentSafeError) -> Identity {
        let admin = try identity(of: signer, in: base.state)
        guard admin.kind == .person, admin.has(role: Role.admin) else {
            throw AgentSafeError(.denied, "`\(admin.id)` is no admin, and only admins' signatures count here")
        }
        return admin
    }

    private func result(
        _ branch: TrustBranch, _ proposal: TrustProposal, on base: TrustBase, landed: ObjectID?
    ) -> TrustSignResult {
        TrustSignResult(
            version: proposal.version, commit: branch.commit.id,
            branch: openBranch(branch.name, proposal, on: base), pushed: branch.remoteTip != nil, landed: landed)
    }

    private func request(
        _ branch: TrustBranch, _ proposal: TrustProposal, on base: TrustBase
    ) throws(AgentSafeError) -> TrustRequest {
        let commit = branch.commit
        // What is shown is what is signed: the statement follows from these very trees.
        let old = base.foreign == nil ? try readCommit(commit.parents[0]).tree : base.state.tree
        return TrustRequest(
            branch: openBranch(branch.name, proposal, on: base), version: proposal.version, commit: commit.id,
            subject: commit.subject, author: String(commit.author.prefix { $0 != "<" && !$0.isNewline }),
            difference: try difference(proposal.changes, from: old, to: commit.tree), threshold: proposal.threshold,
            adopts: base.foreign?.count ?? 0)
    }

    /// Makes the branch's one commit anew with one signature more, on the same parent.
    ///
    /// - Returns: nil when somebody else moved the branch meanwhile.
    private func addSignature(
        of admin: Identity, to branch: TrustBranch, _ proposal: TrustProposal, on base: TrustBase, signer: any Signer
    ) throws(AgentSafeError) -> TrustBranch? {
        let old = branch.commit
        let signature = try sign(proposal.statement, with: signer)
        let file = "\(TrustStatement.folder(version: proposal.version))/\(admin.id).sig"
        let tree = try git { () throws(GitError) in
            try repository.edit(old.tree, [file: try repository.writeBlob(signature)])
        }
        let new = try amend(
            old, tree: tree, parent: old.parents[0], signer: signer, by: admin, identities: proposal.identities)
        let amended = TrustBranch(
            name: branch.name, commit: try readCommit(new), remoteTip: try remoteURL() == nil ? nil : new)
        // What readers would refuse is not handed out.
        _ = try self.proposal(of: amended, on: base)
        return try move(branch, to: new, on: base) ? amended : nil
    }

    /// The commit with another tree or parent. Who wrote it stays its author.
    ///
    /// A key that the commit itself takes back signs the statement, and not the commit: to stock git the signature would come
    /// after the key's end.
    private func amend(
        _ old: Commit, tree: ObjectID, parent: ObjectID, signer: any Signer, by admin: Identity,
        identities: IdentityRegistry
    ) throws(AgentSafeError) -> ObjectID {
        var draft = CommitDraft(
            tree: tree, parents: [parent], person: try person(admin.id), time: host.now(), message: old.message)
        draft.author = old.author
        guard identities.owner(ofKey: signer.publicKey.text)?.key.isValid(at: now) == true else {
            return try git { () throws(GitError) in try repository.write(.commit, draft.payload) }
        }
        return try commit(draft, signer: signer)
    }

    /// Moves the trust branch, at the remote where there is one.
    ///
    /// - Returns: false when somebody else moved it meanwhile.
    private func move(_ branch: TrustBranch, to new: ObjectID, on base: TrustBase) throws(AgentSafeError) -> Bool {
        let reference = "refs/heads/\(branch.name)"
        let hasRemote = try remoteURL() != nil
        if hasRemote, try !pushMoving(reference, to: new, from: branch.remoteTip, on: base) { return false }
        let (local, head) = try git { () throws(GitError) in
            (try repository.reference(reference), try repository.headBranch())
        }
        // A local branch that says something else, or is checked out, is its owner's business.
        guard local == branch.commit.id, head != reference else {
            if hasRemote { return true }
            throw AgentSafeError(.failed, "`\(branch.name)` is checked out; run `git switch main` and try again")
        }
        try git { () throws(GitError) in
            try repository.setReference(
                reference, to: new, from: branch.commit.id, message: "agentsafe trust sign")
        }
        return true
    }

    /// Pushes one branch under a lease.
    ///
    /// - Returns: false when the remote's branch was moved by somebody else meanwhile.
    private func pushMoving(
        _ reference: String, to new: ObjectID, from old: ObjectID?, on base: TrustBase
    ) throws(AgentSafeError) -> Bool {
        let name = String(reference.dropFirst("refs/heads/".count))
        do throws(AgentSafeError) {
            try push(
                [.init(source: new, reference: reference, expected: old)], over: try connection(base.state),
                failure: "`\(name)` is as it was; try again")
            return true
        } catch {
            try fetchIfPossible(.trust)
            guard try branch(name) == old else { return false }
            throw error
        }
    }

    /// Fast-forwards main to a branch that enough admins signed; where main moved on since, to the same difference on top of
    /// it.
    ///
    /// - Returns: main's new tip; nil when main was moved by somebody else meanwhile.
    private func land(
        _ branch: TrustBranch, on base: TrustBase, signer: any Signer, by admin: Identity
    ) throws(AgentSafeError) -> ObjectID? {
        let commit = branch.commit
        var new = commit.id
        if commit.parents != [base.parent] {
            let before = try readCommit(commit.parents[0]).tree
            let tree =
                base.foreign == nil
                ? try git { () throws(GitError) in
                    try repository.apply(try repository.changes(from: before, to: commit.tree), to: base.state.tree)
                } : commit.tree
            new = try amend(
                commit, tree: tree, parent: base.parent, signer: signer, by: admin, identities: base.state.identities)
        }
        // Everybody will judge main so.
        _ = try mainHistory(tip: new, start: base.view.main.tip, genesis: try pinnedGenesis())
        guard try remoteURL() != nil else {
            try checkLocalMain(canMoveTo: new)
            try advanceLocalMain(to: new)
            return new
        }
        guard try pushMoving("refs/heads/main", to: new, from: base.parent, on: base) else { return nil }
        do throws(AgentSafeError) {
            try checkLocalMain(canMoveTo: new)
            try advanceLocalMain(to: new)
        } catch {
            notify("warning: the local branch `main` stays behind: \(error.message)")
        }
        return new
    }
}
