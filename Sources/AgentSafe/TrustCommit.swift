public import ChangeModel
public import Git
internal import Ledger
internal import SSHSignature

/// A change of what gives power: on main, or on a branch where admins' signatures are still missing.
public struct TrustResult: Sendable {
    public let version: Int
    public let commit: ObjectID
    public let files: [String]
    public let pushed: Bool
    /// Where the change waits for signatures; nil when it is on main.
    public let open: OpenTrustBranch?

    public var json: JSONValue {
        let made: [String: JSONValue] = [
            "trust_version": .integer(Int64(version)), "commit": .string(commit.description), "files": .strings(files),
            "pushed": .bool(pushed),
        ]
        return .object(made.merging(open?.members ?? [:]) { $1 })
    }
}

/// Who signed a trust branch, and who could still.
public struct OpenTrustBranch: Sendable {
    /// `trust/<version>`
    public let name: String
    public let signers: [String]
    /// How many signatures are missing.
    public let missing: Int
    /// The admins who have a valid key and have not signed.
    public let candidates: [String]

    var members: [String: JSONValue] {
        [
            "branch": .string(name), "signers": .strings(signers), "missing": .integer(Int64(missing)),
            "candidates": .strings(candidates),
        ]
    }

    /// `signed by alice; 1 more of bob, carol must sign`
    public var summary: String {
        let signed = signers.isEmpty ? "signed by nobody yet" : "signed by \(signers.joined(separator: ", "))"
        if missing == 0 { return signed + "; enough to land" }
        return signed + "; \(missing) more of \(candidates.joined(separator: ", ")) must sign"
    }
}

extension Workspace {
    /// How far the signatures of a trust branch have come. One by a key that is not valid now does not count here, though
    /// main's rules, which look at no clock, would take it.
    func openBranch(_ name: String, _ proposal: TrustProposal, on base: TrustBase) -> OpenTrustBranch {
        let moment = now
        let signers = proposal.signers.filter { $0.key.isValid(at: moment) }.map(\.id)
        let able = base.state.identities.admins.filter { admin in admin.keys.contains { $0.isValid(at: moment) } }
        return OpenTrustBranch(
            name: name, signers: signers, missing: max(0, proposal.threshold - signers.count),
            candidates: able.map(\.id).filter { !signers.contains($0) })
    }

    /// Changes files that give power, as far as the caller's own signature goes: on main where one admin is enough, on a
    /// trust branch otherwise.
    ///
    /// - Parameters:
    ///   - tree: main's tree with the files changed, but for what follows from the identities.
    ///   - identities: the registry as it shall be.
    ///   - isReady: asked about a commit for main before it is pushed; it throws when this clone could not follow.
    func commitTrust(
        tree: ObjectID, identities: IdentityRegistry, on base: TrustBase, signer: any Signer, message: String,
        push: Bool,
        isReady: (ObjectID) throws(AgentSafeError) -> Void = { (_) throws(AgentSafeError) in }
    ) throws(AgentSafeError) -> TrustResult {
        let caller = try identity(of: signer, in: base.state)
        let isAdmin = caller.kind == .person && caller.has(role: Role.admin)
        guard isAdmin || base.state.identities.adminThreshold > 1 else {
            throw AgentSafeError(
                .denied,
                "`\(caller.id)` is no admin; files that give power need an admin's signature, for which "
                    + "`agentsafe trust propose` asks")
        }
        if base.state.identities.adminThreshold > 1 { try checkIsFree(base.branch) }
        let draft = try draftTrust(tree: tree, identities: identities, on: base)
        let (commit, proposal) = try commit(
            draft, admin: isAdmin ? caller : nil, signer: signer, author: caller.id, message: message)
        guard proposal.missing == 0 else {
            return try publish(draft, commit: commit, proposal: proposal, push: push)
        }
        try isReady(commit)
        if push {
            try self.push(
                [.init(source: commit, reference: "refs/heads/main", expected: base.parent)],
                over: try connection(base.state), failure: "main is unchanged; fetch and try again")
        }
        return TrustResult(
            version: draft.version, commit: commit, files: draft.changes.map(\.path), pushed: push, open: nil)
    }

    /// Takes the work tree's edits of files that give power (policies, actions, inventory, settings, identities, tests) into a
    /// trust commit.
    public func commitTrust(message: String, push: Bool) throws(AgentSafeError) -> TrustResult {
        try fetchIfPossible(.trust)
        let base = TrustBase(view: try view(), foreign: nil)
        let edits = try workTreeEdits(on: base)
        let result = try commitTrust(
            tree: edits.tree, identities: edits.identities, on: base, signer: try signer(), message: message, push: push
        )
        if result.open != nil {
            try takeAway(edits, leaving: base.parent)
            return result
        }
        // The work tree is what was committed, but for the files that follow from the identities: those alone are written.
        try git { () throws(GitError) in
            try repository.setReference(
                "refs/heads/main", to: result.commit, from: base.parent, message: "agentsafe trust commit")
        }
        try bringDerivedFiles(of: result.commit)
        return result
    }
}
