internal import ChangeModel
internal import Git
internal import Ledger

extension Workspace {
    /// A trust commit that is in order but for signatures: too few of them, or some by keys that are not valid now. Main's
    /// rules look at no clock; the gate does.
    ///
    /// - Returns: nil for a commit that must be judged as any other.
    func openTrust(
        _ commit: Commit, after parent: MainState, base: ObjectID
    ) throws(AgentSafeError) -> GateReport? {
        do throws(LedgerError) {
            return report(
                try LandingGrammar.trustProposal(commit, after: parent, in: repository), base: base, head: commit.id)
        } catch {
            // What it is instead, `LandingGrammar` says.
            if case .notAuthentic = error { return nil }
            throw AgentSafeError(error)
        }
    }

    /// Judges a commit of a branch by main's rules, and a trust commit's keys by the clock besides.
    func follow(
        _ commit: Commit, after parent: MainState, base: ObjectID
    ) throws(AgentSafeError) -> (kind: MainCommitKind, state: MainState) {
        let step = try ledger { () throws(LedgerError) in
            try LandingGrammar.follow(commit, after: parent, in: repository)
        }
        if case .trust = step.kind, try openTrust(commit, after: parent, base: base) != nil {
            throw AgentSafeError(
                .notAuthentic, "commit \(commit.id.short) is signed with keys that are not valid now; sign it anew")
        }
        return step
    }

    private func report(_ proposal: TrustProposal, base: ObjectID, head: ObjectID) -> GateReport? {
        let moment = now
        let valid = proposal.signers.filter { $0.key.isValid(at: moment) }
        for signer in proposal.signers where !signer.key.isValid(at: moment) {
            notify(
                "warning: `\(signer.id)` signed with a key that is not valid now; that signature counts for nothing here"
            )
        }
        let missing = proposal.threshold - valid.count
        guard missing > 0 else { return nil }
        return GateReport(
            base: base, head: head, content: .trust(version: proposal.version, signers: valid.map(\.id)),
            missingAdmins: missing)
    }

    /// Judges a branch on top of a foreign main: an adoption of what is foreign, or nothing that could land.
    ///
    /// - Parameter isMerged: `head` may be a forge's own merge of such a branch.
    func gateAdoption(
        of foreign: ForeignMain, base: ObjectID, head: ObjectID, isMerged: Bool, otherwise error: AgentSafeError
    ) throws(AgentSafeError) -> GateReport {
        guard base == foreign.tip, head != base, try mergeBases(base, head) == [base] else { throw error }
        let commit = try readCommit(head)
        guard commit.parents == [base] || (isMerged && commit.parents.first == base) else {
            throw AgentSafeError(
                .notAuthentic,
                "the branch is not one commit on top of main's newest \(base.short), as an adoption must be; make one with "
                    + "`\(Self.adoptCommand)`", details: error.details)
        }
        let view = try view(until: foreign.accepted)
        let proposal: TrustProposal
        do throws(LedgerError) {
            proposal = try LandingGrammar.trustProposal(commit, after: view.state, in: repository)
        } catch {
            guard case .notAuthentic(var failure) = error else { throw AgentSafeError(error) }
            failure.branch = "branch"
            failure.commit = head
            failure.reason = "it does not adopt what is foreign on main: \(failure.reason)"
            throw AgentSafeError(.notAuthentic, failure.description, details: try waysOut(of: foreign))
        }
        var report =
            report(proposal, base: base, head: head)
            ?? GateReport(
                base: base, head: head,
                content: .trust(version: proposal.version, signers: proposal.signers.map(\.id)))
        if report.missingAdmins == 0 {
            // As everybody will judge main once it has landed.
            _ = try mainHistory(tip: head, start: view.main.tip, genesis: try pinnedGenesis())
        }
        report.adopts = foreign.count
        return report
    }
}
