public import ChangeModel
internal import Git
public import Ledger

/// Which recorded decisions are decided again.
public enum ReplayWish: Sendable, Hashable {
    case change(ChangeID)
    case height(Int)
    case all
}

/// What came of deciding again.
public struct ReplayReport: Sendable {
    public enum Result: String, Sendable {
        case same
        /// The same version of the engine gives another decision, or none.
        case differs
        /// Another version of the engine decided, which this one cannot confirm.
        case otherEngine = "other_engine"
        /// What was replayed is the same, but the ledger as a whole is not authentic.
        case notAuthentic = "not_authentic"
    }

    /// In the order of the ledger.
    public let replays: [DecisionReplay]
    /// Commits of the ledger without an event that could be read.
    public let unreadable: [String]
    /// Why main or ledger is refused as a whole; nil: both are authentic.
    public let refusal: String?

    public var result: Result {
        let failed = replays.filter { $0.outcome != .same }
        if failed.contains(where: { !$0.isOtherEngine }) { return .differs }
        if !failed.isEmpty { return .otherEngine }
        guard refusal != nil else { return .same }
        // A ledger that holds what another engine decided is refused for that reason alone.
        return replays.contains(where: \.isOtherEngine) ? .otherEngine : .notAuthentic
    }

    public var json: JSONValue {
        [
            "result": .string(result.rawValue), "authentic": .bool(refusal == nil),
            "refusal": refusal.map { .string($0) } ?? .null, "unreadable": .strings(unreadable),
            "replays": .array(replays.map(\.json)),
        ]
    }
}

extension Workspace {
    /// Decides recorded decisions again, each from the commits that it names. Touches no network.
    ///
    /// A ledger that verification refuses is read all the same, without trust, so that somebody sees what differs.
    public func replay(_ wish: ReplayWish) throws(AgentSafeError) -> ReplayReport {
        var refusal: String?
        do throws(AgentSafeError) {
            _ = try view()
        } catch {
            guard error.code == .notAuthentic else { throw error }
            refusal = error.message
        }
        guard let tip = try branch("ledger") else {
            throw AgentSafeError(.failed, "there is no branch `ledger`; run `git fetch`")
        }
        let main = try verifiedMain()
        let scan = try ledger { () throws(LedgerError) in
            try LedgerScan(repository, through: tip) { kind, change, height in
                guard DecisionReplay.kinds.contains(kind) else { return false }
                return switch wish {
                case .change(let id): change == id
                case .height(let wanted): height == wanted
                case .all: true
                }
            }
        }
        let unreadable = scan.unreadable.map { "ledger commit \($0.commit.short): \($0.reason)" }
        // Of what cannot be read, nobody knows whether it was meant.
        guard !scan.entries.isEmpty || wish == .all else {
            let what =
                switch wish {
                case .change(let id): "there is no recorded decision on `\(id)`"
                case .height(let height): "at height \(height) the ledger records no decision"
                case .all: ""
                }
            throw AgentSafeError(
                refusal == nil ? .failed : .notAuthentic,
                what
                    + (refusal.map { ", and the ledger is not authentic: \($0)" }
                        ?? "; `agentsafe log` shows what it has"),
                details: unreadable)
        }
        return ReplayReport(
            replays: scan.entries.map { DecisionReplay($0, main: main, in: repository) }, unreadable: unreadable,
            refusal: refusal)
    }

    /// main from its genesis, where it can be verified; nil where it cannot.
    private func verifiedMain() throws(AgentSafeError) -> MainHistory? {
        guard let tip = try branch("main") else { return nil }
        let genesis = try pinnedGenesis()
        return try? MainHistory(repository: repository, tip: tip, start: genesis, genesis: genesis)
    }
}
