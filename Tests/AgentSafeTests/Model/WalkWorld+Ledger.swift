import ChangeModel
import Git
import PolicyEngine
import SSHSignature

@testable import AgentSafe
@testable import Ledger

extension WalkWorld {
    func vote(_ ballot: WalkOperation.Ballot) throws -> WalkResult {
        let found = try signed(ballot.change)
        let plan = try? workspace.judge(found, in: view).plan?.digest
        let owner = view.state.identities.owner(ofKey: base.signers[ballot.key]!.publicKey.text)?.identity
        let kind = owner?.kind ?? .person
        let statement = VoteStatement(
            kind: VerifiedVote.Kind(rawValue: ballot.kind.rawValue)!, change: found.change.id, digest: found.digest,
            plan: (ballot.plan == .current ? plan : nil) ?? Digest(of: [9]), voter: ballot.voter.rawValue,
            at: now + .seconds(ballot.offset),
            repository: ballot.isForThisRepository ? WalkBase.repositoryID : WalkBase.otherRepositoryID,
            rejector: ballot.rejector?.rawValue)
        let signature = try base.signers[ballot.key]!.sign(
            Array(statement.text.utf8), namespace: VoteStatement.namespace(of: statement.kind, by: kind))
        let vote = SignedVote(statement: statement, signature: signature.blob)
        ballots[ballot.number] = vote
        let place: IdentityKind = ballot.isInPlace == (kind == .agent) ? .agent : .person
        let branch = VoteBranch.prefix(found.change.id, of: place) + "\(ballot.voter.rawValue)-\(ballot.number)"
        let tip = try commit(
            view.state.tree, [:], parents: [mainTip], message: VoteBranch.message(vote, summary: "a vote"),
            signedBy: ballot.key)
        try set(branch, to: tip)
        let counted = try VoteBranch.collect(
            found, branches: [(branch, tip)], main: view.state, now: now, in: repository,
            warn: { _ in })
        return counted.isEmpty ? .refused : .accepted
    }

    private func signed(_ number: Int) throws -> SignedChange {
        guard let found = try workspace.find(try change(number).id, in: view) else {
            throw Surprise(description: "change \(number) is not found")
        }
        return found.change
    }

    // MARK: - Events

    func record(
        _ event: WalkOperation.Event, by key: ModelKey, as name: ModelActor, naming: WalkOperation.Naming
    ) throws -> WalkResult {
        let main = naming == .newest ? mainTip : base.main
        guard view.main.position(of: main) != nil else { return .refused }
        guard let draft = try draft(event, main: try view.main.state(of: main)) else { return .refused }
        return try append([draft], by: key, as: name, main: main)
    }

    private var moment: Timestamp { max(now, view.ledger.tip.event.at) }

    /// nil: there is nothing that the event could speak of.
    private func draft(_ event: WalkOperation.Event, main: MainState) throws -> EventDraft? {
        switch event {
        case .trust(let skips):
            let version = try view.ledger.state.trustVersion() + (skips ? 2 : 1)
            let commit = view.main.trustCommit(version: version)?.commit ?? base.main
            let body = TrustEvent.body(TrustEvent(commit: commit, version: version))
            return EventDraft(kind: .trust, change: nil, body: body, headline: "trust")
        case .decision(let number, let lies): return try decision(try signed(number), lies: lies, main: main)
        case .vote(let number):
            guard let vote = ballots[number], let owner = changes.first(where: { $0.value.id == vote.statement.change })
            else { return nil }
            return EventDraft(
                kind: .vote, change: try signed(owner.key), body: RecordedVote.body(vote), headline: "a vote")
        case .mergeVote(let number):
            guard let (commit, approval) = approvals[number] else { return nil }
            return EventDraft(
                kind: .vote, change: try signed(number), body: RecordedVote.body(approval, commit: commit),
                headline: "a merge")
        case .claim(let number, let lease, let lie): return try claim(try signed(number), lease, lie, main: main)
        case .prepared(let number, let lease, let pair, let isOtherClaim):
            return try prepared(try signed(number), lease: lease, pair: pair, isOtherClaim: isOtherClaim)
        case .execution(let number, let succeeds, let isOtherClaim):
            return EventDraft(
                kind: .execution, change: try signed(number),
                body: [
                    "claim": .integer(try height(number) + (isOtherClaim ? 1 : 0)),
                    "outcome": succeeds ? "succeeded" : "failed", "changed": true, "steps": [],
                ], headline: "executed")
        case .aborted(let number):
            return EventDraft(
                kind: .aborted, change: try signed(number),
                body: ["claim": .integer(try height(number)), "reason": "a walk"], headline: "aborted")
        case .resolution(let number, let outcome):
            return EventDraft(
                kind: .resolution, change: try signed(number),
                body: [
                    "claim": .integer(try height(number)), "outcome": .string(outcome.rawValue), "reason": "a walk",
                ], headline: "resolved")
        }
    }

    private func height(_ number: Int) throws -> Int64 {
        Int64(try view.ledger.state.claim(try change(number).id)?.height ?? 0)
    }

    private func past(_ change: SignedChange, main: MainState) throws -> RecordedPast {
        try view.ledger.state.past(of: change, main: main, at: moment)
    }

    private func decision(_ change: SignedChange, lies: Bool, main: MainState) throws -> EventDraft {
        let judgement = try Judgement(
            change, main: main, past: try past(change, main: main), now: moment)
        var decision = judgement.decision.json
        if lies, case .object(var members) = decision {
            members["result"] = members["result"] == "allow" ? "deny" : "allow"
            decision = .object(members)
        }
        let record = try view.ledger.record(of: change.change.id)
        return EventDraft(
            kind: .decision, change: change,
            body: [
                "engine": .string(PolicyEngine.version), "decision": decision,
                "plan": judgement.plan.map { .string($0.digest.description) } ?? .null,
                "proposer": .string(change.change.proposer),
            ], copiesChange: !record.events.contains { $0.kind == .decision }, headline: "decided")
    }

    private func claim(
        _ change: SignedChange, _ lease: Int64, _ lie: WalkOperation.Event.Lie, main: MainState
    ) throws -> EventDraft? {
        let record = try view.ledger.record(of: change.change.id)
        let judgement = try Judgement(
            change, main: main, recorded: record.votes, past: try past(change, main: main), now: moment)
        guard let plan = judgement.plan else { return nil }
        let other = Digest(of: [7]).description
        return EventDraft(
            kind: .claim, change: change,
            body: [
                "nonce": .string(String(repeating: "5a", count: 16)), "instance": "walk",
                "lease_end": .string((moment + .seconds(lease)).description),
                "plan": .string(lie == .otherPlan ? other : plan.digest.description),
                "locks": [.string(lie == .otherLock ? other : plan.steps[0].target.lockKey.description)],
                "engine": .string(PolicyEngine.version), "decision": judgement.decision.json,
                "approved_by": .strings(judgement.approvedBy + (lie == .otherApprovers ? ["zoe"] : [])),
                "steps": plan.recordedSteps,
            ], headline: "claimed")
    }

    private func prepared(
        _ change: SignedChange, lease: Int64, pair: Int, isOtherClaim: Bool
    ) throws -> EventDraft {
        let claim = Int64(try view.ledger.state.claim(change.change.id)?.height ?? 0)
        let rollback: JSONValue = [
            "action": "scale-deployment", "target": .string(change.change.steps[0].target),
            "params": ["replicas": .integer(Int64(pair))],
        ]
        return EventDraft(
            kind: .prepared, change: change,
            body: [
                "claim": .integer(claim + (isOtherClaim ? 1 : 0)),
                "lease_end": .string((moment + .seconds(lease)).description), "executor": "walk", "identity": [:],
                "prechecks": [], "rollback": rollback,
            ], files: ["before.json": Array("{}\n".utf8), "rollback.yaml": Array("{}\n".utf8)], headline: "prepared")
    }

    // MARK: - A whole run

    func run(_ number: Int, by key: ModelKey, until stage: WalkOperation.Stage, pair: Int) throws -> WalkResult {
        let change = try signed(number)
        guard case .authorized = try workspace.judge(change, in: view).authorization else { return .refused }
        let owed = try workspace.owedTrustEvents(in: view) + workspace.owedEvents(for: change, in: view)
        let tip = view.ledger.tip.commit.id
        guard try append(owed, by: key, as: key.owner, main: mainTip) == .accepted else { return .refused }
        var events: [WalkOperation.Event] = [.claim(number, lease: 900, lie: .none)]
        if stage != .claim { events.append(.prepared(number, lease: 900, pair: pair, isOtherClaim: false)) }
        if stage == .executed || stage == .failed {
            events.append(.execution(number, succeeds: stage == .executed, isOtherClaim: false))
        }
        for event in events
        where try record(event, by: key, as: key.owner, naming: .newest) != .accepted {
            try forget(since: tip)
            return .refused
        }
        return .accepted
    }
}
