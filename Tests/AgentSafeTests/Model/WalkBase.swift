import ChangeModel
import Documents
import Git
import OperatingSystem
import SSHSignature
import Synchronization
import TestSupport

@testable import AgentSafe
@testable import Ledger

/// A small governance repository without a remote, made by the library alone, from which walks set out. All walks of one lane
/// share it: nothing that one of them wrote is in the next one's way.
final class WalkBase {
    let directory: TemporaryDirectory
    let repository: Repository
    let signers: [ModelKey: Ed25519Signer]
    let genesis: ObjectID
    /// main and ledger where every walk begins.
    let main: ObjectID
    let ledger: ObjectID
    let height: Int

    static let start = TestClock.start
    static let repositoryID = "51t4bdacbn17p35b5604fjp1nc"
    static let otherRepositoryID = "51t4bdacbn17p35b5604fjp1nd"

    init() throws {
        directory = try TemporaryDirectory()
        repository = try Repository.create(at: "\(directory.path)/clone")
        var signers: [ModelKey: Ed25519Signer] = [:]
        for (index, actor) in ModelActor.allCases.enumerated() {
            for number in 0..<2 {
                let seed = [UInt8(index), UInt8(number)] + [UInt8](repeating: 7, count: 30)
                signers[ModelKey(owner: actor, number: number)] = try Ed25519Signer(seed: seed)
            }
        }
        self.signers = signers
        let alice = signers[ModelKey(owner: .alice)]!
        var configuration = Configuration(repository: Self.repositoryID)
        var founders = IdentityRegistry(trustVersion: 1, adminThreshold: 1, identities: [])
        let registry = Self.registry
        founders.identities = [Self.identity(.alice, registry.identities[.alice]!, signers)]
        var files: [String: [UInt8]] = Self.catalogue(ModelPolicy())
        files[Configuration.fileName] = ConfigurationDocument.emit(configuration)
        files[configuration.identities] = IdentitiesDocument.emit(founders)
        files[AllowedSigners.fileName] = AllowedSigners.emit(founders)
        let now = Timestamp(seconds: Self.start)
        let person = CommitDraft.person(name: "alice", email: "alice@example.com")
        let repository = repository
        let tree = try repository.edit(nil, try files.mapValues { try repository.writeBlob($0) })
        let root = CommitDraft(tree: tree, parents: [], person: person, time: now.seconds, message: "Found it\n")
        let genesis = try repository.write(.commit, try root.sign(with: alice))
        self.genesis = genesis
        let first = try LedgerWriter.genesis(
            repositoryID: Self.repositoryID, main: genesis, at: now, by: "alice", person: person, signer: alice,
            repository: repository)
        configuration.ledgerGenesis = Digest(of: try repository.read(first).content)
        let state = try LandingGrammar.checkGenesis(try repository.commit(genesis), in: repository)
        var everybody = IdentityRegistry(trustVersion: 2, adminThreshold: 1, identities: [])
        everybody.identities = ModelActor.allCases.compactMap { actor in
            registry.identities[actor].map { Self.identity(actor, $0, signers) }
        }
        main = try TrustCommit(
            parent: genesis, state: state, registry: everybody,
            files: [Configuration.fileName: ConfigurationDocument.emit(configuration)]
        ).write(signers: [ModelKey(owner: .alice)], in: repository, by: signers, time: now.seconds)
        let history = try LedgerHistory(
            repository: repository,
            main: try MainHistory(repository: repository, tip: main, start: genesis, genesis: genesis), tip: first,
            start: nil, now: now)
        let writer = LedgerWriter(
            history: history, signer: signers[ModelKey(owner: .runner)]!, identity: "runner", person: person)
        let trust = EventDraft(
            kind: .trust, change: nil, body: TrustEvent.body(TrustEvent(commit: main, version: 2)), headline: "trust")
        ledger = try writer.append([trust], main: main, at: now)
        height = history.tip.event.height
    }

    // MARK: - The same in the model

    /// bob's key is not valid yet, carol's will expire.
    static let registry: ModelRegistry = {
        func identity(_ kind: ModelIdentity.Kind, _ roles: Set<ModelRole>, _ actor: ModelActor) -> ModelIdentity {
            var entry = ModelKeyEntry()
            if actor == .bob { entry.validAfter = start + 600 }
            if actor == .carol { entry.validBefore = start + 7200 }
            return ModelIdentity(kind: kind, roles: roles, keys: [ModelKey(owner: actor): entry])
        }
        return ModelRegistry(
            version: 2, threshold: 1,
            identities: [
                .alice: identity(.person, [.admin, .approver], .alice), .bob: identity(.person, [.approver], .bob),
                .carol: identity(.person, [.approver], .carol), .sam: identity(.person, [.sre], .sam),
                .agent: identity(.agent, [.deployer], .agent), .rogue: identity(.agent, [], .rogue),
                .runner: identity(.service, [.runner], .runner), .runner2: identity(.service, [.runner], .runner2),
                .gate: identity(.service, [.gate], .gate),
            ])
    }()

    static let model = ProtocolModel(
        clock: start, main: [ModelMainCommit(registry: registry, policy: ModelPolicy(), landed: [])],
        ledger: ModelLedger(at: start, trustVersion: 2))

    static func identity(_ actor: ModelActor, _ model: ModelIdentity, _ signers: [ModelKey: Ed25519Signer]) -> Identity
    {
        Identity(
            id: actor.rawValue, kind: IdentityKind(rawValue: model.kind.rawValue)!,
            roles: model.roles.map(\.rawValue).sorted(),
            keys: model.keys.sorted { $0.key.number < $1.key.number }.map { key, entry in
                IdentityKey(
                    publicKey: signers[key]!.publicKey.text,
                    validAfter: entry.validAfter.map { Timestamp(seconds: $0) },
                    validBefore: entry.validBefore.map { Timestamp(seconds: $0) }, revoked: entry.isRevoked)
            })
    }
}

extension WalkBase {
    /// The catalogue's files that say what the model's table says.
    static func catalogue(_ policy: ModelPolicy) -> [String: [UInt8]] {
        let targets = ModelTarget.allCases.map { target in
            let (environment, name) = (
                target.rawValue.split(separator: "/")[0], target.rawValue.split(separator: "/")[1]
            )
            let sensitivity = target == .prod ? "restricted" : target == .pay ? "critical" : "internal"
            return """
                  - id: \(target.rawValue)
                    type: k8s-deployment
                    environment: \(environment)
                    sensitivity: \(sensitivity)
                    owner: team-\(policy.targets[target] ?? 0)
                    locator:
                      cluster: demo
                      namespace: \(environment)
                      deployment: \(name)

                """
        }
        let staging =
            switch policy.staging {
            case .open: "decision: allow"
            case .approved: "decision: require_approval\n    approvals: {require: [{role: approver, count: 1}]}"
            case .closed: "decision: deny"
            }
        return [
            "inventory.yaml": Array(("targets:\n" + targets.joined()).utf8),
            "policies/rules.yaml": Array(rules.replacing("@STAGING@", with: staging).utf8),
            "actions/scale-deployment.yaml": Array(action.replacing("@EDITION@", with: "\(policy.action)").utf8),
        ]
    }

    private static let rules = """
        rules:
          - name: prod-rollback
            priority: 500
            match:
              targets: {environments: [prod]}
              callers: {roles: [deployer, sre]}
              rollback: true
            decision: allow
            reason: The way back is known.
          - name: critical-risk-needs-two
            priority: 400
            match:
              targets: {environments: [dev, staging, prod]}
              callers: {roles: [deployer, sre, admin]}
              risk_classes: [critical]
            decision: require_approval
            approvals: {require: [{role: approver, count: 2}]}
            reason: Two others look first.
          - name: prod-needs-approval
            priority: 300
            match:
              targets: {environments: [prod]}
              callers: {roles: [deployer, sre, admin]}
            decision: require_approval
            approvals: {require: [{role: approver, count: 1}]}
            reason: Somebody else looks first.
          - name: staging
            priority: 100
            match:
              targets: {environments: [staging]}
              callers: {roles: [deployer, sre, admin]}
              risk_classes: [low, medium]
            @STAGING@
            reason: What the team agreed on.

        """

    private static let action = """
        name: scale-deployment
        version: 1.0.0
        description: Sets how many replicas run. Edition @EDITION@.
        risk_class: medium
        target_types: [k8s-deployment]
        parameters:
          - name: replicas
            type: integer
            required: true
            description: Replicas to run.
            constraints: {min_value: 0, max_value: 100}
        reversible: true
        rollback_action: scale-deployment
        rollback_params:
          replicas: {source: before_state.replicas}
        state_fields:
          - {name: replicas, description: Replicas wanted., type: integer, required: true}

        """
}

/// A commit that changes what gives power, with whatever statements its maker wants in it.
struct TrustCommit {
    var parent: ObjectID
    var state: MainState
    var registry: IdentityRegistry
    /// Files beside the identities.
    var files: [String: [UInt8]]
    var allowedSigners: [UInt8]?
    /// The statement speaks of one file more than the commit changes.
    var statesMore = false

    func write(
        signers keys: [ModelKey], in repository: Repository, by signers: [ModelKey: Ed25519Signer], time: Int64
    ) throws -> ObjectID {
        var edits = files
        edits[state.configuration.identities] = IdentitiesDocument.emit(registry)
        edits[AllowedSigners.fileName] = allowedSigners ?? AllowedSigners.emit(registry)
        let tree = try repository.edit(state.tree, try edits.mapValues { try repository.writeBlob($0) })
        let stated =
            statesMore ? try repository.edit(tree, ["policies/more.yaml": try repository.writeBlob([0x0A])]) : tree
        let version = registry.trustVersion
        let statement = TrustStatement(
            repository: state.repositoryID, version: version,
            changes: try repository.changes(from: state.tree, to: stated))
        let folder = TrustStatement.folder(version: version)
        var statements: [String: ObjectID?] = [
            "\(folder)/\(TrustStatement.fileName)": try repository.writeBlob(Array(statement.text.utf8))
        ]
        for key in keys {
            let signature = try signers[key]!.sign(Array(statement.text.utf8), namespace: TrustStatement.namespace)
            statements["\(folder)/\(key.owner.rawValue).sig"] = try repository.writeBlob(Array(signature.armored.utf8))
        }
        let draft = CommitDraft(
            tree: try repository.edit(tree, statements), parents: [parent],
            person: CommitDraft.person(name: "somebody", email: "somebody@example.com"), time: time,
            message: "Change what gives power\n")
        return try repository.write(.commit, draft.payload)
    }
}
