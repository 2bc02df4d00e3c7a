import Synchronization

/// What walks came by: how often each kind of operation was accepted and refused, and which states were reached. A walk that
/// meets nothing proves nothing.
final class WalkTally: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func count(_ operation: WalkOperation, _ result: WalkResult) {
        switch result {
        case .idle: return
        case .accepted: add("\(operation.name) accepted")
        case .refused: add("\(operation.name) refused")
        case .verdict(let words): add("gate \(words)")
        }
    }

    func count(_ state: ModelState?) {
        if let state { add("state \(state.rawValue)") }
    }

    private func add(_ key: String) { counts.withLock { $0[key, default: 0] += 1 } }

    var words: String {
        counts.withLock { $0 }.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    }

    func missing(_ keys: [String]) -> [String] { counts.withLock { counts in keys.filter { counts[$0] == nil } } }

    /// What a thousand walks must have met.
    static let demanded: [String] = {
        let both = [
            "land merge", "land squash", "land fastForward", "land foxtrot", "land octopus", "trust", "adoption",
            "vote approve",
            "vote reject", "vote withdraw", "vote cancel", "vote of", "record trust", "record decision", "record vote",
            "record claim", "record prepared", "record execution", "record aborted", "record resolution", "run",
        ].flatMap { ["\($0) accepted", "\($0) refused"] }
        let states: [ModelState] = [
            .proposed, .approved, .landed, .claimed, .executed, .failed, .unknown, .denied, .rejected, .expired,
            .withdrawn,
            .awaitingApproval, .unreadable,
        ]
        return both + states.map { "state \($0.rawValue)" } + ["record mergeVote accepted"]
            + ["gate allow", "gate require_approval", "gate deny", "gate not_authentic"]
    }()
}

extension WalkOperation {
    /// The kind of operation, in a few words.
    var name: String {
        switch self {
        case .wait: "wait"
        case .propose: "propose"
        case .edit: "edit"
        case .gate: "gate"
        case .land(_, let landing): "land \(landing.way)"
        case .landTogether: "land together"
        case .documents: "documents"
        case .vandalise: "vandalise"
        case .trust(_, _, _, let adopts): adopts ? "adoption" : "trust"
        case .vote(let ballot): ballot.rejector == nil ? "vote \(ballot.kind)" : "vote of"
        case .record(let event, _, _, _): "record \(event.name)"
        case .run: "run"
        }
    }
}

extension WalkOperation.Event {
    var name: String {
        switch self {
        case .trust: "trust"
        case .decision: "decision"
        case .vote: "vote"
        case .mergeVote: "mergeVote"
        case .claim: "claim"
        case .prepared: "prepared"
        case .execution: "execution"
        case .aborted: "aborted"
        case .resolution: "resolution"
        }
    }
}
