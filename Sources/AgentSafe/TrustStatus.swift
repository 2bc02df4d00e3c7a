public import ChangeModel
public import Git
public import Ledger

/// Who may change what gives power, what waits for signatures, and why main is what it is.
public struct TrustReport: Sendable {
    public let registry: IdentityRegistry
    /// The instant at which keys were looked at.
    public let now: Timestamp
    public let branches: [TrustBranchReport]
    /// Newest first.
    public let commits: [MainCommitReport]
    /// Where main stops being what its admins made it, with the error that every other command gives.
    public let foreign: ForeignReport?

    public struct ForeignReport: Sendable {
        public let main: ForeignMain
        public let error: AgentSafeError
        public let reset: String
        public let adopt: String
    }

    public var json: JSONValue {
        .compact([
            "trust_version": .integer(Int64(registry.trustVersion)),
            "admin_threshold": .integer(Int64(registry.adminThreshold)),
            "admins": .strings(registry.admins.map(\.id)), "identities": registry.json(at: now),
            "branches": .array(branches.map(\.json)), "commits": .array(commits.map(\.json)),
            "foreign": foreign.map { foreign in
                [
                    "first": .string(foreign.main.first.description), "tip": .string(foreign.main.tip.description),
                    "count": .integer(Int64(foreign.main.count)),
                    "accepted": .string(foreign.main.accepted.description), "reason": .string(foreign.error.message),
                    "reset": .string(foreign.reset), "adopt": .string(foreign.adopt),
                ]
            },
        ])
    }
}

/// A branch that waits for signatures.
public struct TrustBranchReport: Sendable {
    public let name: String
    public let commit: ObjectID
    public let version: Int
    public let subject: String
    /// nil when the branch could not land as it is.
    public let signatures: OpenTrustBranch?
    public let problem: String?

    var json: JSONValue {
        let common: [String: JSONValue] = [
            "branch": .string(name), "commit": .string(commit.description), "trust_version": .integer(Int64(version)),
            "subject": .string(subject),
        ]
        let more = signatures?.members ?? ["problem": .string(problem ?? "")]
        return .object(common.merging(more) { $1 })
    }
}

/// Why one commit of main was accepted.
public struct MainCommitReport: Sendable {
    public let accepted: AcceptedCommit
    /// Who approved by merging, where the landing is such an approval.
    public let approvedBy: String?

    public var changes: [ChangeID] {
        if case .landing(let changes) = accepted.kind { return changes.map(\.change.id) }
        return []
    }

    public var signers: [String] {
        if case .trust(_, let signers) = accepted.kind { return signers }
        return []
    }

    var json: JSONValue {
        var version: Int?
        if case .trust(let made, _) = accepted.kind { version = made }
        return .compact([
            "commit": .string(accepted.commit.id.description), "kind": .string(accepted.kind.name),
            "subject": .string(accepted.commit.subject),
            "changes": changes.isEmpty ? nil : .strings(changes.map(\.text)),
            "approved_by": approvedBy.map { .string($0) },
            "trust_version": version.map { .integer(Int64($0)) },
            "signers": version.map { _ in .strings(signers) },
            "skipped": accepted.skipped.isEmpty
                ? nil
                : .array(
                    accepted.skipped.map {
                        ["commit": .string($0.commit.id.description), "reason": .string($0.reason)]
                    }),
        ])
    }
}

extension Workspace {
    /// - Parameter limit: how many commits of main to tell of, newest first.
    public func trustStatus(limit: Int) throws(AgentSafeError) -> TrustReport {
        var foreign: TrustReport.ForeignReport?
        var base: TrustBase
        do throws(AgentSafeError) {
            base = TrustBase(view: try view(), foreign: nil)
        } catch {
            guard let tail = error.foreign else { throw error }
            foreign = .init(
                main: tail, error: error, reset: try resetCommand(tail), adopt: Self.adoptCommand)
            base = TrustBase(view: try view(until: tail.accepted), foreign: tail)
        }
        let branches = try openTrustBranches(on: base).map { (branch) throws(AgentSafeError) in
            report(on: branch, base)
        }
        return TrustReport(
            registry: base.state.identities, now: now, branches: branches,
            commits: try newestCommits(limit, on: base), foreign: foreign)
    }

    private func report(on branch: TrustBranch, _ base: TrustBase) -> TrustBranchReport {
        var (signatures, problem): (OpenTrustBranch?, String?)
        do throws(AgentSafeError) {
            signatures = openBranch(branch.name, try proposal(of: branch, on: base), on: base)
        } catch {
            problem = error.message
        }
        return TrustBranchReport(
            name: branch.name, commit: branch.commit.id, version: base.nextVersion, subject: branch.commit.subject,
            signatures: signatures, problem: problem)
    }

    private func newestCommits(_ limit: Int, on base: TrustBase) throws(AgentSafeError) -> [MainCommitReport] {
        let genesis = try pinnedGenesis()
        var main = base.view.main
        // What was accepted before is not judged again, and then nobody knows any more why it was.
        if main.commits.count <= limit, main.commits.first?.commit.id != genesis {
            main = try mainHistory(tip: main.tip, start: genesis, genesis: genesis)
        }
        let isWhole = main.commits.first?.commit.id == genesis
        let history = main
        return try history.commits.indices.dropFirst(isWhole ? 0 : 1).suffix(limit).reversed().map {
            (index) throws(AgentSafeError) in
            let accepted = history.commits[index]
            guard case .landing = accepted.kind, index > 0 else {
                return MainCommitReport(accepted: accepted, approvedBy: nil)
            }
            let landings = try ledger { () throws(LedgerError) in
                try history.landings(after: history.commits[index - 1].commit.id, through: accepted.commit.id)
            }
            return MainCommitReport(accepted: accepted, approvedBy: landings.first?.approval?.voter)
        }
    }
}
