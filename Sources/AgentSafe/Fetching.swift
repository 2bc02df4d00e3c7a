public import ChangeModel
internal import Git
internal import OperatingSystem

/// What a command asks the remote for. Agents may push what they like to `change/**`: nobody has to download that to run, to
/// vote on or to record something else.
public enum FetchScope: Sendable {
    /// Every branch: for people's clones.
    case everything
    /// main and the ledger.
    case main
    /// main, the ledger, and admins' proposals.
    case trust
    /// main, the ledger, and the votes on every change.
    case votes
    /// main, the ledger, the votes on every change, and the proposal that is judged, where there is one.
    case gate(ChangeID?)
    /// main, the ledger, one proposal and the votes on it.
    case change(ChangeID)

    var branches: [String] {
        switch self {
        case .everything: ["*"]
        case .main: ["main", "ledger"]
        case .trust: ["main", "ledger"]
        case .votes, .gate: ["main", "ledger", "vote/*"]
        case .change(let id): ["main", "ledger", "vote/\(id)/*"]
        }
    }

    /// Where agents write, or anybody. Whatever lies there, and however much, keeps nobody from the rest.
    var agentBranches: [String] {
        switch self {
        case .everything, .main: []
        case .trust: ["trust/*"]
        case .votes, .gate(nil): ["change/withdrawn/*"]
        case .gate(let id?): ["change/\(id)*", "change/withdrawn/*"]
        // A pattern: the branch may be gone.
        case .change(let id): ["change/\(id)*", "change/withdrawn/\(id)/*"]
        }
    }
}

extension Workspace {
    /// Seconds that agents' branches may take.
    private static let patience = 30

    /// Brings the remote's branches up to date.
    public func fetch(_ scope: FetchScope = .everything) throws(AgentSafeError) {
        let name = try remoteName()
        let connection = try connection(nil)
        // Side by side: over a network most of a fetch is waiting. Where git may ask somebody for a password it asks once at a time.
        var agents = Program.hasTerminal() ? nil : try startFetchingAgentBranches(scope)
        let lock: String?
        do throws(AgentSafeError) {
            lock = try git { () throws(GitError) in try connection.fetch(scope.branches, into: name) }
        } catch {
            // Of a remote that does not answer, one word is enough.
            _ = agents?.value()
            throw error
        }
        if let lock {
            notify(
                "warning: `\(lock)` is there, so branches that are gone at the remote are still shown; if no git is at work here, "
                    + "remove that file")
        }
        // Whatever keeps what agents push from coming is said, and is no error.
        if agents == nil { agents = try startFetchingAgentBranches(scope) }
        if let error = agents?.value() {
            notify("warning: what agents pushed could not be fetched, and is seen as it was before: \(error.message)")
        }
    }

    private func startFetchingAgentBranches(
        _ scope: FetchScope
    ) throws(AgentSafeError) -> Threads.Started<GitError?>? {
        let branches = scope.agentBranches
        guard !branches.isEmpty else { return nil }
        let (name, connection) = (try remoteName(), try connection(nil))
        let patient = RemoteConnection(
            directory: connection.directory, url: connection.url, environment: host.environment,
            timeout: min(connection.timeout, Self.patience))
        return Threads.start {
            do throws(GitError) {
                try patient.fetch(branches, into: name, tidies: false)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Fetches where there is a remote; without a network the last fetched state is used, with a word.
    func fetchIfPossible(_ scope: FetchScope = .everything) throws(AgentSafeError) {
        guard try remoteURL() != nil else { return }
        do {
            try fetch(scope)
            fetchWarning = nil
        } catch {
            // Said once, however often a waiting command fetches.
            if fetchWarning != error.message {
                notify("warning: \(error.message); going on with what was fetched last")
            }
            fetchWarning = error.message
        }
    }
}
