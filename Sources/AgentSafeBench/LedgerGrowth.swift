internal import ChangeModel
internal import Documents
internal import Git
internal import Ledger
internal import OperatingSystem
internal import PolicyEngine
internal import SSHSignature

/// Lets a governance repository grow as years of work would: proposals that land, decisions, votes, claims and executions,
/// by the library that makes the real ones, each signed with its actor's key and judged by the protocol's rules.
///
/// Of ten changes, seven are allowed and executed, one is executed after two approvals, one waits for approvals until it
/// expires, and one is claimed and given back. They are a quarter of an hour apart, and end now.
final class LedgerGrowth {
    /// What the history holds in the end.
    struct Result {
        var changes = 0
        var events = 0
        var votes = 0
        var references = 0
        /// Bytes of the packed objects that came with the growth.
        var bytes = 0
    }

    private let fixture: GovernanceFixture
    private let repository: Repository
    private var signers: [String: any Signer] = [:]
    private var generator: Generator
    private var references: [(name: String, id: ObjectID)] = []
    private(set) var result = Result()

    private static let spacing: Int64 = 900
    private static let targets = [
        "dev/api-server", "staging/api-server", "dev/api-server", "staging/api-server", "dev/api-server",
        "staging/api-server", "dev/api-server", "prod/api-server", "prod/api-server", "staging/api-server",
    ]

    /// SplitMix64: the same history for the same seed, but for keys and times.
    private struct Generator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }

        mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
    }

    /// A repository whose ledger has `events` events, the newest of them just now.
    static func make(
        _ settings: BenchmarkSettings, events: Int, now: Timestamp
    ) throws -> (fixture: GovernanceFixture, grown: Result) {
        // Ten changes make about 38 events; what is left over at the end waits on main, as it would.
        let changes = max(1, events * 10 / 38)
        let start = now - .seconds(Int64(changes) * spacing + 120)
        let fixture = try GovernanceFixture(settings, founded: start)
        let growth = try LedgerGrowth(fixture, settings: settings)
        return (fixture, try growth.grow(to: events, changes: changes, from: start, now: now))
    }

    private init(_ fixture: GovernanceFixture, settings: BenchmarkSettings, seed: UInt64 = 20_261_122) throws {
        self.fixture = fixture
        Repository.forgoDurability()
        repository = try Repository(containing: fixture.clone)
        generator = Generator(state: seed)
        for name in GovernanceFixture.actors {
            signers[name] = try SigningKeyLocator(host: settings.host).signer(for: fixture.key(name))
        }
    }

    private func signer(_ name: String) throws -> any Signer {
        guard let signer = signers[name] else { throw BenchmarkError(description: "no key of `\(name)`") }
        return signer
    }

    /// Grows until the ledger has `events` events, packs clone and remote, and brings the high-water marks up to date.
    private func grow(to events: Int, changes: Int, from start: Timestamp, now: Timestamp) throws -> Result {
        guard
            let genesis = ObjectID(
                try fixture.run(["git", "config", "agentsafe.genesis"]).split(separator: "\n").joined()),
            let mainTip = try repository.reference("refs/remotes/origin/main"),
            let ledgerTip = try repository.reference("refs/remotes/origin/ledger")
        else { throw BenchmarkError(description: "the repository to grow is not a clone of a governance repository") }
        let sizeBefore = try packedBytes()
        let known = try LedgerHistory(
            repository: repository,
            main: MainHistory(repository: repository, tip: mainTip, start: genesis, genesis: genesis),
            tip: ledgerTip, start: nil, now: now)
        let landings = try land(changes, on: mainTip, state: known.main.tipState(), from: start)
        let main = try MainHistory(
            repository: repository, tip: landings.last?.commit ?? mainTip, start: genesis, genesis: genesis)
        let history = try LedgerHistory(repository: repository, main: main, tip: ledgerTip, start: ledgerTip, now: now)
        try recordTrust(history, main: mainTip, at: start)
        for (index, landing) in landings.enumerated() {
            if history.tip.event.height >= events - 1 { break }
            try live(landing, kind: index % 10, history)
            if index % 500 == 499 { try fixture.run(["git", "repack", "-q", "-d", "--window=0"]) }
        }
        try publish(main: main.tip, ledger: history.tip.commit.id)
        result.changes = landings.count
        result.events = history.tip.event.height + 1
        result.references = references.count
        result.bytes = try packedBytes() - sizeBefore
        return result
    }

    // MARK: - main

    private struct Landed {
        let id: ChangeID
        let commit: ObjectID
        let at: Timestamp
    }

    private func land(_ count: Int, on tip: ObjectID, state: MainState, from start: Timestamp) throws -> [Landed] {
        var landed: [Landed] = []
        var parent = try repository.commit(tip)
        let agent = try signer("agent")
        for index in 0..<count {
            let at = start + .seconds(Int64(index) * Self.spacing)
            let id = ChangeID(now: at, random: generator.bytes(7))
            let change = Change(
                repository: state.repositoryID, id: id, proposer: "deploy-agent-01",
                step: ChangeStep(
                    action: "scale-deployment", target: Self.targets[index % 10],
                    parameters: ["replicas": .integer(Int64(generator.next() % 8) + 2)]),
                reason: "Queue depth \(generator.next() % 1000) at \(at)", created: at, expires: at + .seconds(86_400))
            let bytes = try ChangeDocument.emit(change)
            let signature = try agent.sign(bytes, namespace: Change.signatureNamespace).armored
            let tree = try repository.edit(
                parent.tree,
                [
                    "\(id.folder)/\(Change.fileName)": try repository.writeBlob(bytes),
                    "\(id.folder)/\(Change.signatureName)": try repository.writeBlob(Array(signature.utf8)),
                ])
            let draft = CommitDraft(
                tree: tree, parents: [parent.id], person: "deploy-agent-01 <bench@example.com>", time: at.seconds,
                message: "propose \(id): \(change.summary)\n")
            let commit = try repository.write(.commit, try draft.sign(with: agent))
            parent = try repository.commit(commit)
            landed.append(Landed(id: id, commit: commit, at: at))
            if index % 2000 == 1999 { try fixture.run(["git", "repack", "-q", "-d", "--window=0"]) }
        }
        return landed
    }

    // MARK: - ledger

    private func recordTrust(_ history: LedgerHistory, main: ObjectID, at: Timestamp) throws {
        let recorded = try history.state.trustVersion()
        for version in recorded..<(try history.main.tipState().identities.trustVersion) {
            guard let trust = history.main.trustCommit(version: version + 1) else { continue }
            let draft = EventDraft(
                kind: .trust, change: nil, body: TrustEvent.body(trust), headline: "version \(version + 1)")
            try append([draft], history, main: main, at: at)
        }
    }

    private func append(_ drafts: [EventDraft], _ history: LedgerHistory, main: ObjectID, at: Timestamp) throws {
        try LedgerWriter(
            history: history, signer: try signer("runner"), identity: "runner", person: "runner <bench@example.com>"
        ).append(drafts, main: main, at: at)
    }

    /// What becomes of one change, from its landing to its end.
    private func live(_ landed: Landed, kind: Int, _ history: LedgerHistory) throws {
        let main = try history.main.state(of: landed.commit)
        guard let change = try SignedChange.read(landed.id, in: main.tree, of: repository, by: main) else { return }
        let at = landed.at + .seconds(60)
        var votes: [VerifiedVote] = []
        let judgement = try Judgement(change, main: main, now: at)
        var drafts = [EventBodies.decision(change, judgement)]
        guard let plan = judgement.plan else { throw BenchmarkError(description: "a change of the bench has no plan") }
        if kind == 7 {
            for voter in ["bob", "carol"] {
                let identity = main.identities.identity(voter) ?? Identity(id: voter, kind: .person)
                drafts.append(try vote(change, plan: plan, by: identity, at: at, main: main))
                votes.append(VerifiedVote(voter: identity, kind: .approve, plan: plan.digest, at: at))
            }
        }
        let final = try Judgement(change, main: main, branchVotes: votes, now: at)
        guard case .authorized(let authorized) = final.authorization else {
            return try append(drafts, history, main: landed.commit, at: at)
        }
        let lease = at + .seconds(900)
        drafts.append(
            EventBodies.claim(change, authorized, nonce: Hexadecimal.text(generator.bytes(16)), lease: lease))
        try append(drafts, history, main: landed.commit, at: at)
        let claim = Int64(history.tip.event.height)
        if kind == 9 {
            return try append([EventBodies.aborted(change, claim: claim)], history, main: landed.commit, at: at)
        }
        let before = Int64(generator.next() % 8) + 2
        let drawn = Int64(truncatingIfNeeded: generator.next() % 1_000_000)
        try append(
            [
                EventBodies.prepared(change, plan, claim: claim, lease: lease, replicas: before, drawn: drawn),
                EventBodies.execution(change, plan, claim: claim, at: at, replicas: before, drawn: drawn),
            ], history, main: landed.commit, at: at)
    }

    private func vote(
        _ change: SignedChange, plan: Plan, by identity: Identity, at: Timestamp, main: MainState
    ) throws -> EventDraft {
        let voter = identity.id
        let statement = VoteStatement(
            kind: .approve, change: change.change.id, digest: change.digest, plan: plan.digest, voter: voter, at: at,
            repository: main.repositoryID)
        let signature = try signer(voter).sign(Array(statement.text.utf8), namespace: VoteStatement.namespace)
        let signed = SignedVote(statement: statement, signature: signature.blob)
        let draft = CommitDraft(
            tree: main.tree, parents: [main.commit], person: "\(voter) <bench@example.com>", time: at.seconds,
            message: VoteBranch.message(signed, summary: change.change.summary))
        let commit = try repository.write(.commit, try draft.sign(with: try signer(voter)))
        references.append((VoteBranch.name(change.change.id, voter: identity, random: generator.bytes(5)), commit))
        result.votes += 1
        return EventDraft(
            kind: .vote, change: change, body: RecordedVote.body(signed),
            headline: "\(voter) says approve, \(change.change.summary)")
    }

    // MARK: - Publishing

    /// Everything into one pack, at the remote too; vote branches stay, the branches of landed changes are gone.
    private func publish(main: ObjectID, ledger: ObjectID) throws {
        var updates = "update refs/remotes/origin/main \(main)\nupdate refs/remotes/origin/ledger \(ledger)\n"
        updates += "update refs/heads/main \(main)\n"
        for reference in references { updates += "update refs/remotes/origin/\(reference.name) \(reference.id)\n" }
        try fixture.run(["git", "update-ref", "--stdin"], input: updates)
        try fixture.run(["git", "reset", "-q", "--hard"])
        try fixture.run(["git", "gc", "-q", "--prune=now"])
        try fixture.run([
            "git", "push", "-q", fixture.remote, "+refs/remotes/origin/*:refs/heads/*",
        ])
        try fixture.run(["git", "-C", fixture.remote, "gc", "-q", "--prune=now"])
    }

    /// Bytes of the clone's packs, once everything is in one.
    private func packedBytes() throws -> Int {
        try fixture.run(["git", "gc", "-q", "--prune=now"])
        let report = try fixture.run(["git", "count-objects", "-v"])
        let line = report.split(separator: "\n").first { $0.hasPrefix("size-pack: ") }
        guard let kibibytes = line.flatMap({ Int($0.dropFirst("size-pack: ".count)) }) else {
            throw BenchmarkError(description: "`git count-objects -v` named no size of the packs")
        }
        return kibibytes * 1024
    }
}
