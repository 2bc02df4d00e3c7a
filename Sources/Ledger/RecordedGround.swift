internal import ChangeModel
public import Git
public import PolicyEngine

/// What a recorded decision stood on: main at the commit that the event names, the change as the event had it, and the ledger
/// just before it. Read from these commits alone; whether anybody may trust them is another question.
public struct RecordedGround {
    public let main: MainState
    public let change: SignedChange
    /// The state before the event, with what had landed by then.
    let state: LedgerState
    /// The event's time.
    let at: Timestamp

    /// - Parameter main: main as far as it was verified.
    public init(_ entry: LedgerScan.Entry, main: MainHistory?, in repository: Repository) throws(LedgerError) {
        let event = entry.event
        let named: MainState
        if let main, main.position(of: event.main) != nil {
            named = try main.state(of: event.main)
        } else {
            named = try MainState(
                repository: repository,
                commit: try reading { () throws(GitError) in try repository.commit(event.main) })
        }
        guard event.change != nil,
            let change = try EventJudge.change(of: event, commit: entry.commit, by: named, in: repository)
        else { throw .notAuthentic("the event names no change") }
        guard let parent = entry.commit.parents.first else {
            throw .notAuthentic("nothing precedes the event, and a decision is never the first")
        }
        let before = try reading { () throws(GitError) in try repository.commit(parent) }
        var state = try LedgerState(repository: repository, tree: before.tree)
        // What landed in between waits from then on; of a main that nobody verified that cannot be said.
        if let main, let previous = try? AnnouncedEvent.event(of: before, in: repository),
            let landings = try? main.landings(after: previous.main, through: event.main)
        {
            try state.land(landings)
        }
        self.main = named
        self.change = change
        self.state = state
        at = event.at
    }

    /// What the policy could know of the past, votes aside.
    public func history() throws(LedgerError) -> VerifiedHistory {
        try state.past(of: change, main: main, at: at).history()
    }
}
