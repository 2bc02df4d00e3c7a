import ChangeModel
import Documents
import Git
import OperatingSystem
import PolicyEngine
import SSHSignature
import Synchronization
import TestSupport

@testable import AgentSafe
@testable import Ledger

/// The protocol as it really is: commits, signatures and events in a repository, judged by the library.
final class WalkWorld {
    let base: WalkBase
    let workspace: Workspace
    private let clock: WalkClock
    fileprivate(set) var view: VerifiedView
    private(set) var mainTip: ObjectID
    private(set) var changes: [Int: RealChange] = [:]
    var ballots: [Int: SignedVote] = [:]
    /// Which landing was an approval.
    private(set) var approvals: [Int: (commit: ObjectID, approval: MergeApproval)] = [:]
    /// Of the walk, so that no two walks use one identifier.
    private let number: UInt64

    struct RealChange {
        var id: ChangeID
        var change: Change
        var files: [String: [UInt8]?]
        var tip: ObjectID
        var key: ModelKey
    }

    final class WalkClock: Sendable {
        private let seconds = Mutex<Int64>(WalkBase.start)
        var now: Int64 { seconds.withLock { $0 } }
        func advance(_ amount: Int64) { seconds.withLock { $0 += amount } }
    }

    struct Surprise: Error, CustomStringConvertible {
        let description: String
    }

    init(_ base: WalkBase, number: UInt64) throws {
        self.base = base
        self.number = number
        let clock = WalkClock()
        self.clock = clock
        mainTip = base.main
        for prefix in ["refs/heads/change/", "refs/heads/vote/"] {
            for reference in try base.repository.references(under: prefix) {
                try base.repository.removeReference(reference.name)
            }
        }
        for (name, tip) in [("main", base.main), ("ledger", base.ledger)] {
            let full = "refs/heads/\(name)"
            try base.repository.setReference(full, to: tip, from: try base.repository.reference(full), message: "walk")
        }
        let host = Host(
            environment: [
                "AGENTSAFE_GENESIS": base.genesis.description, "HOME": base.directory.path,
                "AGENTSAFE_STATE_HOME": "\(base.directory.path)/state", "PATH": "/usr/bin:/bin",
            ], currentDirectory: "\(base.directory.path)/clone", now: { clock.now },
            random: { count in [UInt8](repeating: 7, count: count) }, sleep: { _ in })
        try Files.removeTree("\(base.directory.path)/state")
        workspace = try Workspace(host: host, settings: Settings())
        view = try workspace.view()
    }

    var repository: Repository { base.repository }
    var now: Timestamp { workspace.now }

    func change(_ number: Int) throws -> RealChange {
        guard let change = changes[number] else { throw Surprise(description: "there is no change \(number)") }
        return change
    }

    // MARK: - Writing

    func set(_ branch: String, to tip: ObjectID) throws {
        let name = "refs/heads/\(branch)"
        try repository.setReference(name, to: tip, from: try repository.reference(name), message: "walk")
    }

    func commit(
        _ root: ObjectID, _ files: [String: [UInt8]?], parents: [ObjectID], message: String, signedBy key: ModelKey?
    ) throws -> ObjectID {
        let tree = try repository.edit(root, try files.mapValues { try $0.map { try repository.writeBlob($0) } })
        let draft = CommitDraft(
            tree: tree, parents: parents, person: CommitDraft.person(name: "somebody", email: "somebody@example.com"),
            time: now.seconds, message: message + "\n")
        let raw = try key.map { try draft.sign(with: base.signers[$0]!) } ?? draft.payload
        return try repository.write(.commit, raw)
    }

    /// Moves main there, if readers go along.
    func moveMain(to tip: ObjectID) throws -> WalkResult {
        let old = mainTip
        try set("main", to: tip)
        guard let next = try readAgain() else {
            try set("main", to: old)
            return .refused
        }
        view = next
        mainTip = tip
        for landing in try view.main.landings(after: old, through: tip) {
            guard let approval = landing.approval,
                let number = changes.first(where: { $0.value.id == landing.change.change.id })?.key
            else { continue }
            approvals[number] = (landing.commit, approval)
        }
        return .accepted
    }

    /// What a reader sees now; nil when it is not authentic.
    private func readAgain() throws -> VerifiedView? {
        do {
            return try workspace.view()
        } catch {
            guard error.code == .notAuthentic else { throw error }
            return nil
        }
    }

    /// Appends events, all or none.
    func append(_ drafts: [EventDraft], by key: ModelKey, as name: ModelActor, main: ObjectID) throws -> WalkResult {
        let tip = view.ledger.tip.commit.id
        let writer = LedgerWriter(
            history: view.ledger, signer: base.signers[key]!, identity: name.rawValue,
            person: CommitDraft.person(name: name.rawValue, email: "x@example.com"))
        do {
            try set("ledger", to: try writer.append(drafts, main: main, at: now))
            return .accepted
        } catch let error as LedgerError {
            if case .git = error { throw error }
            if view.ledger.tip.commit.id != tip { view = try workspace.view() }
            return .refused
        }
    }

    // MARK: - Operations

    func apply(_ operation: WalkOperation) throws -> WalkResult {
        switch operation {
        case .wait(let seconds):
            clock.advance(seconds)
            return .accepted
        case .propose(let proposal): return try propose(proposal)
        case .edit(let number, let replicas, let form, let onTop):
            return try edit(number, replicas: replicas, form: form, onTop: onTop)
        case .gate(let number): return try gate(number)
        case .land(let number, let landing): return try land(number, landing)
        case .landTogether(let one, let other):
            let files = try change(one).files.merging(try change(other).files) { $1 }
            return try moveMain(
                to: try commit(view.state.tree, files, parents: [mainTip], message: "Both", signedBy: nil))
        case .documents:
            let files: [String: [UInt8]?] = ["docs/notes.md": Array("\(view.main.commits.count) \(mainTip)\n".utf8)]
            return try moveMain(
                to: try commit(view.state.tree, files, parents: [mainTip], message: "Notes", signedBy: nil))
        case .vandalise(let vandalism, let number): return try vandalise(vandalism, number)
        case .trust(let edit, let signers, let fault, let adopts):
            return try trust(edit, signers: signers, fault: fault, adopts: adopts)
        case .vote(let ballot): return try vote(ballot)
        case .record(let event, let key, let name, let naming):
            return try record(event, by: key, as: name, naming: naming)
        case .run(let number, let key, let stage, let pair):
            return try run(number, by: key, until: stage, pair: pair)
        }
    }

    private func propose(_ proposal: WalkOperation.Proposal) throws -> WalkResult {
        let bits = (number &* 64 &+ UInt64(proposal.number)) << 6
        let random = withUnsafeBytes(of: bits.bigEndian) { Array($0.suffix(7)) }
        let change = Change(
            repository: WalkBase.repositoryID, id: ChangeID(now: now, random: random),
            proposer: proposal.proposer.rawValue,
            step: ChangeStep(
                action: "scale-deployment", target: proposal.target.rawValue,
                parameters: ["replicas": .integer(Int64(proposal.replicas))]),
            reason: "A walk", created: now + .seconds(proposal.created),
            expires: now + .seconds(proposal.created + proposal.life),
            rollbackOf: try proposal.rollbackOf.map { try self.change($0).id })
        var files = try files(of: change, form: proposal.form, key: proposal.key)
        switch proposal.branch {
        case .missingSignature: files["\(change.id.folder)/\(Change.signatureName)"] = .some(nil)
        case .documentsBeside: files["docs/\(change.id).md"] = Array("More.\n".utf8)
        case .policyBeside: files["policies/\(change.id).yaml"] = Array("rules: []\n".utf8)
        case .clean, .editedOnTop: break
        }
        let tip = try commit(
            view.state.tree, files, parents: [mainTip], message: "propose \(change.id)", signedBy: proposal.key)
        try set(change.id.branch, to: tip)
        changes[proposal.number] = RealChange(id: change.id, change: change, files: files, tip: tip, key: proposal.key)
        return try gate(proposal.number)
    }

    /// File and signature, in one of the forms in which they come.
    private func files(of change: Change, form: ModelVersion.Form, key: ModelKey) throws -> [String: [UInt8]?] {
        var change = change
        switch form {
        case .whole, .editedAfterSigning: break
        case .otherRepository: change.repository = WalkBase.otherRepositoryID
        case .otherProposer: change.proposer = change.proposer == "carol" ? "bob" : "carol"
        }
        var bytes = try ChangeDocument.emit(change)
        let signature = try base.signers[key]!.sign(bytes, namespace: Change.signatureNamespace)
        if form == .editedAfterSigning {
            change.steps[0].parameters["replicas"] = 99
            bytes = try ChangeDocument.emit(change)
        }
        return [
            "\(change.id.folder)/\(Change.fileName)": bytes,
            "\(change.id.folder)/\(Change.signatureName)": Array(signature.armored.utf8),
        ]
    }

    private func edit(_ number: Int, replicas: Int, form: ModelVersion.Form, onTop: Bool) throws -> WalkResult {
        var real = try change(number)
        // Each version has bytes of its own.
        real.change.reason += "."
        real.change.steps[0].parameters["replicas"] = .integer(Int64(replicas))
        real.files = try files(of: real.change, form: form, key: real.key)
        let root = onTop ? try repository.commit(real.tip).tree : view.state.tree
        real.tip = try commit(
            root, real.files, parents: [onTop ? real.tip : mainTip], message: "propose it again", signedBy: real.key)
        try set(real.id.branch, to: real.tip)
        changes[number] = real
        return try gate(number)
    }

    private func gate(_ number: Int) throws -> WalkResult {
        do {
            let report = try workspace.gate(base: nil, head: "refs/heads/\(try change(number).id.branch)")
            return .verdict(report.result)
        } catch let error as AgentSafeError where error.code == .notAuthentic {
            return .verdict("not_authentic")
        }
    }

    /// What `status` says.
    func state(of number: Int) throws -> String {
        do {
            return try workspace.status(of: try change(number).id, in: view).state.rawValue
        } catch let error as AgentSafeError where error.code == .notAuthentic {
            return ModelState.unreadable.rawValue
        }
    }

    var height: Int { view.ledger.tip.event.height - base.height }

    /// Everything from the very beginning, as somebody does who sees the repository for the first time.
    /// Verifies everything, and decides anew whatever was recorded.
    func verifyAll() throws {
        _ = try workspace.view(full: true)
        let report = try workspace.replay(.all)
        guard report.result == .same else { throw ReplayDiffers(description: "\(report.json)") }
    }

    struct ReplayDiffers: Error, CustomStringConvertible {
        let description: String
    }
}

extension WalkWorld {
    /// A run that got nowhere leaves nothing at the remote.
    func forget(since tip: ObjectID) throws {
        try set("ledger", to: tip)
        view = try workspace.view()
    }
}
