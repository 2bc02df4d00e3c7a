internal import Git
internal import Ledger

extension Workspace {
    /// Verifies main; where it is foreign, the error says both ways out.
    func mainHistory(
        tip: ObjectID, start: ObjectID, genesis: ObjectID, progress: (Int) -> Void = { _ in }
    ) throws(AgentSafeError) -> MainHistory {
        do throws(LedgerError) {
            return try MainHistory(
                repository: repository, tip: tip, start: start, genesis: genesis, progress: progress)
        } catch {
            guard case .notAuthentic(let failure) = error, let foreign = failure.foreign else {
                throw AgentSafeError(error)
            }
            throw AgentSafeError(
                .notAuthentic, failure.description, details: try waysOut(of: foreign), foreign: foreign)
        }
    }

    /// What to type to leave a foreign main behind.
    func waysOut(of foreign: ForeignMain) throws(AgentSafeError) -> [String] {
        var lines = [
            "to reset it:  \(try resetCommand(foreign))",
            "to adopt it:  \(Self.adoptCommand)",
        ]
        if let attempt = foreign.attempt { lines.append("not adopted:  \(attempt)") }
        return lines
    }

    static let adoptCommand = "agentsafe trust propose --adopt"

    func resetCommand(_ foreign: ForeignMain) throws(AgentSafeError) -> String {
        guard try remoteURL() != nil else {
            return "git update-ref refs/heads/main \(foreign.accepted) \(foreign.tip)"
        }
        return "git push --force-with-lease=main:\(foreign.tip) \(try remoteName()) \(foreign.accepted):refs/heads/main"
    }
}

/// What a trust commit is judged by, and what it is put on.
struct TrustBase {
    /// Main up to its last accepted commit, and the ledger.
    let view: VerifiedView
    /// What follows the last accepted commit and waits to be adopted.
    let foreign: ForeignMain?

    var state: MainState { view.state }
    /// Main's newest commit, foreign or not.
    var parent: ObjectID { foreign?.tip ?? view.main.tip }
    /// The version that the next trust commit makes.
    var nextVersion: Int { state.identities.trustVersion + 1 }
    var branch: String { "trust/\(nextVersion)" }
}

extension Workspace {
    /// Main as far as it can be believed, with what follows it when that is foreign.
    func trustBase() throws(AgentSafeError) -> TrustBase {
        do throws(AgentSafeError) {
            return TrustBase(view: try view(), foreign: nil)
        } catch {
            guard let foreign = error.foreign else { throw error }
            return TrustBase(view: try view(until: foreign.accepted), foreign: foreign)
        }
    }
}
