public import ChangeModel
internal import Documents
internal import Git
internal import Ledger
internal import PolicyEngine

/// Which policies are compared, and on what.
public struct ImpactWish: Sendable {
    /// `BASE..HEAD`, names as git takes them; nil or an empty side: the remote's main, and `HEAD`.
    public var range: String?
    /// The newest recorded decisions, at most so many; nil: all.
    public var last: Int?
    /// Recorded decisions from this instant on.
    public var since: Timestamp?
    /// JSON lines as `check --batch` takes them, in place of what the ledger recorded.
    public var requests: [UInt8]?

    public init(range: String? = nil, last: Int? = nil, since: Timestamp? = nil, requests: [UInt8]? = nil) {
        self.range = range
        self.last = last
        self.since = since
        self.requests = requests
    }
}

extension Workspace {
    /// Asks the policies of two commits the same questions, and reports the answers that differ. The callers' roles are those of
    /// each commit's own identities, too.
    ///
    /// Of the head nothing is believed and nothing is run: its files are read out of its tree, within the bounds of every
    /// catalogue. What is asked comes from the verified ledger: every recorded decision, at its own instant and with the past
    /// that it had then.
    public func impact(_ wish: ImpactWish) throws(AgentSafeError) -> ImpactReport {
        let (baseName, headName) = try sides(wish.range)
        let base = try readCommit(try resolve(baseName))
        let head = try readCommit(try resolve(headName))
        var comparison = PolicyComparison(
            before: try engine(of: base, called: baseName), after: try engine(of: head, called: headName))
        if let requests = wish.requests {
            try comparison.ask(requests, now: now)
        } else {
            try askRecorded(wish, &comparison)
        }
        return comparison.report(base: base.id, head: head.id)
    }

    private func sides(_ range: String?) throws(AgentSafeError) -> (base: String, head: String) {
        guard let range else { return (try defaultBase(), "HEAD") }
        let parts = range.split(separator: "..", omittingEmptySubsequences: false)
        guard parts.count == 2, !range.contains("...") else {
            throw AgentSafeError(
                .usage, "`\(range.prefix(100))` is no range; write it like `origin/main..HEAD`, with two dots")
        }
        return (parts[0].isEmpty ? try defaultBase() : String(parts[0]), parts[1].isEmpty ? "HEAD" : String(parts[1]))
    }

    private func engine(of commit: Commit, called name: String) throws(AgentSafeError) -> PolicyEngine {
        do {
            return PolicyEngine(catalogue: try Catalogue(of: commit, in: repository))
        } catch {
            let inner = AgentSafeError(error)
            throw AgentSafeError(
                .failed, "the catalogue of `\(name.prefix(100))` cannot be used: \(inner.message)",
                details: inner.details)
        }
    }

    private func askRecorded(_ wish: ImpactWish, _ comparison: inout PolicyComparison) throws(AgentSafeError) {
        let view = try view()
        let tip = view.ledger.tip.commit.id
        let genesis = try pinnedGenesis()
        let (entries, main) = try ledger { () throws(LedgerError) in
            let scan = try LedgerScan(repository, through: tip) { kind, _, _ in kind == .decision }
            let main = try MainHistory(
                repository: repository, tip: view.main.tip, start: genesis, genesis: genesis)
            return (scan.entries, main)
        }
        let wanted = entries.filter { entry in wish.since.map { entry.event.at >= $0 } ?? true }
        for entry in wanted.suffix(wish.last ?? wanted.count) {
            do throws(LedgerError) {
                let ground = try RecordedGround(entry, main: main, in: repository)
                comparison.ask(ground.change, history: try ground.history(), at: entry.event.at)
            } catch {
                comparison.skipped.append("height \(entry.event.height): \(error.description)")
            }
        }
    }
}

/// Two policies that are asked the same.
private struct PolicyComparison {
    let before: PolicyEngine
    let after: PolicyEngine
    var skipped: [String] = []
    private var compared = 0
    private var flips: [DecisionFlip] = []
    private var told: Set<[String]> = []

    init(before: PolicyEngine, after: PolicyEngine) {
        self.before = before
        self.after = after
    }

    mutating func ask(_ signed: SignedChange, history: VerifiedHistory, at instant: Timestamp) {
        let change = signed.change
        func decide(_ engine: PolicyEngine) -> Decision {
            let asking = ChangeCaller(
                of: change, signedBy: signed.key.publicKey, identities: engine.catalogue.identities,
                repository: change.repository, now: instant)
            return asking.judged(engine.decide(change, by: asking.caller, history: history, now: instant))
        }
        let (old, new) = (decide(before), decide(after))
        compared += 1
        guard let shift = DecisionShift(from: old, to: new) else { return }
        // A change is decided anew when its decision changes; the same flip of the same change is told once.
        guard told.insert([change.id.text, shift.rawValue, old.ruleOrCode, new.ruleOrCode]).inserted else { return }
        flips.append(
            DecisionFlip(
                change: change.id, line: nil, summary: change.summary, caller: change.proposer, at: instant,
                shift: shift, before: old, after: new))
    }

    mutating func ask(_ requests: [UInt8], now: Timestamp) throws(AgentSafeError) {
        var lines = requests.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard !lines.isEmpty else { throw AgentSafeError(.failed, "the file of requests holds not one request") }
        for (index, line) in lines.enumerated() {
            let (old, new): (BatchRequest, BatchRequest)
            do throws(AgentSafeError) {
                old = try BatchRequest(line: Array(line), catalogue: before.catalogue)
                new = try BatchRequest(line: Array(line), catalogue: after.catalogue)
            } catch {
                throw AgentSafeError(.failed, "line \(index + 1) of the requests: \(error.message)")
            }
            let instant = old.now ?? now
            let (first, second) = (
                before.decide(old.decision, now: instant), after.decide(new.decision, now: instant)
            )
            compared += 1
            guard let shift = DecisionShift(from: first, to: second) else { continue }
            let target = old.decision.target.map { " on \($0)" } ?? ""
            flips.append(
                DecisionFlip(
                    change: nil, line: index + 1, summary: old.decision.action + target, caller: old.decision.caller.id,
                    at: instant, shift: shift, before: first, after: second))
        }
    }

    func report(base: ObjectID, head: ObjectID) -> ImpactReport {
        let ordered = DecisionShift.allCases.flatMap { shift in flips.filter { $0.shift == shift } }
        return ImpactReport(base: base, head: head, compared: compared, flips: ordered, skipped: skipped)
    }
}
