import ChangeModel
import Git
import OperatingSystem
import PolicyEngine
import SSHSignature
import Testing

@testable import Ledger

/// Writes events with an actor's key and the library alone: a runner that stops wherever a test wants it to.
final class LedgerDesk {
    let governance: Governance
    let actor: String
    let repository: Repository
    let history: LedgerHistory
    let writer: LedgerWriter
    /// The remote's tip that the work began on.
    private(set) var base: ObjectID

    init(_ governance: Governance, as actor: String = "runner") throws {
        self.governance = governance
        self.actor = actor
        try governance.git(actor, "fetch", "-q", "--prune")
        repository = try Repository(containing: governance.clone(actor))
        base = try #require(try repository.reference("refs/remotes/origin/ledger"))
        history = try LedgerHistory(
            repository: repository, main: try governance.mainHistory(actor), tip: base, start: nil,
            now: governance.clock.timestamp)
        let signer = try SigningKeyLocator(host: governance.host(actor)).signer(for: governance.key(actor))
        writer = LedgerWriter(
            history: history, signer: signer, identity: Governance.identity(actor),
            person: CommitDraft.person(name: actor, email: "\(actor)@example.com"))
    }

    var now: Timestamp { governance.clock.timestamp }
    var main: MainState { get throws { try history.main.tipState() } }

    func change(_ id: ChangeID) throws -> SignedChange {
        let state = try main
        return try #require(try SignedChange.read(id, in: state.tree, of: repository, by: state, evenRevoked: true))
    }

    @discardableResult
    func append(_ drafts: EventDraft...) throws -> ObjectID {
        try recordTrust()
        return try writer.append(drafts, main: history.main.tip, at: now)
    }

    /// The events of trust commits, which go before all others.
    func recordTrust() throws {
        let recorded = try history.state.trustVersion()
        for version in recorded..<(try main.identities.trustVersion) {
            let trust = try #require(history.main.trustCommit(version: version + 1))
            let draft = EventDraft(kind: .trust, change: nil, body: TrustEvent.body(trust), headline: "trust")
            try writer.append([draft], main: history.main.tip, at: now)
        }
    }

    /// Pushes with plain git what was appended.
    func push() throws {
        try governance.git(actor, "push", "-q", "origin", "\(history.tip.commit.id):refs/heads/ledger")
        base = history.tip.commit.id
    }

    func remote(_ connection: RemoteConnection? = nil) -> LedgerRemote {
        LedgerRemote(
            connection: connection
                ?? RemoteConnection(
                    directory: governance.clone(actor), url: governance.remote,
                    environment: governance.environment(actor)),
            repository: repository, remote: "origin", sleep: { _ in })
    }

    // MARK: - Drafts

    func decision(_ id: ChangeID, edit: (inout JSONValue) -> Void = { _ in }) throws -> EventDraft {
        let change = try change(id)
        let judgement = try Judgement(change, main: main, now: max(now, history.tip.event.at))
        var body: JSONValue = [
            "engine": .string(PolicyEngine.version), "decision": judgement.decision.json,
            "plan": judgement.plan.map { .string($0.digest.description) } ?? .null,
            "proposer": .string(change.change.proposer),
        ]
        edit(&body)
        return EventDraft(kind: .decision, change: change, body: body, copiesChange: true, headline: "decided")
    }

    /// A claim as the runner makes it; `edit` spoils it.
    func claim(
        _ id: ChangeID, lease: Int64 = 900, approvedBy approvers: [String] = [],
        edit: (inout JSONValue) -> Void = { _ in }
    ) throws -> EventDraft {
        let change = try change(id)
        let judgement = try Judgement(change, main: main, now: now)
        let plan = try #require(judgement.plan)
        var body: JSONValue = [
            "nonce": .string(Hexadecimal.text(governance.host(actor).random(16))), "instance": .string(actor),
            "lease_end": .string((now + .seconds(lease)).description), "plan": .string(plan.digest.description),
            "locks": .strings(plan.locks.map(\.description)), "engine": .string(PolicyEngine.version),
            "decision": judgement.decision.json, "approved_by": .strings(approvers), "steps": plan.recordedSteps,
        ]
        edit(&body)
        return EventDraft(kind: .claim, change: change, body: body, headline: change.change.summary)
    }

    func prepared(_ id: ChangeID, lease: Int64 = 900, edit: (inout JSONValue) -> Void = { _ in }) throws -> EventDraft {
        var body: JSONValue = [
            "claim": .integer(try height(id)), "lease_end": .string((now + .seconds(lease)).description),
            "executor": "none", "identity": [:], "prechecks": [], "rollback": nil,
        ]
        edit(&body)
        return EventDraft(
            kind: .prepared, change: try change(id), body: body, files: ["before.json": Array("{}\n".utf8)],
            headline: "prepared")
    }

    func execution(_ id: ChangeID, outcome: String = "succeeded") throws -> EventDraft {
        EventDraft(
            kind: .execution, change: try change(id),
            body: ["claim": .integer(try height(id)), "outcome": .string(outcome), "changed": true, "steps": []],
            headline: outcome)
    }

    func aborted(_ id: ChangeID) throws -> EventDraft {
        EventDraft(
            kind: .aborted, change: try change(id), body: ["claim": .integer(try height(id)), "reason": "a test"],
            headline: "aborted")
    }

    /// The height of the open claim; 0 when there is none.
    private func height(_ id: ChangeID) throws -> Int64 { Int64(try history.state.claim(id)?.height ?? 0) }

    // MARK: - What the state says

    struct Standing: Equatable {
        var pending = false
        var claimed = false
        var prepared = false
        var locked = false
        /// Outcome of the last execution on the target.
        var execution: String?
        var recentDecisions = 0
    }

    func standing(_ id: ChangeID) throws -> Standing {
        let state = try history.currentState()
        let claim = try state.claim(id)
        let lock = try #require(try Judgement(change(id), main: main, now: now).plan?.locks.first)
        let recent = try repository.entry(at: "state/recent", in: history.tip.commit.tree)
        return Standing(
            pending: try state.pending(id) != nil, claimed: claim != nil, prepared: claim?.isPrepared ?? false,
            locked: try state.lockHolder(lock) == id,
            execution: try state.read(LedgerState.executionPath(lock))?["outcome"]?.stringValue,
            recentDecisions: try repository.changes(from: nil, to: recent?.id).reduce(0) { count, change in
                let file = try change.new.map { try JSONValue(parsing: try repository.blob($0.id, limit: 1 << 20)) }
                return count + (file?["decisions"]?.arrayValue?.count ?? 0)
            })
    }
}

extension JSONValue {
    /// The value without the member.
    mutating func remove(_ key: String) {
        guard case .object(var members) = self else { return }
        members[key] = nil
        self = .object(members)
    }
}
