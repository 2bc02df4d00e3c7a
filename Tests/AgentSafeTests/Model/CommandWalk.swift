import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

/// A walk through the real commands, with git and a bare remote, beside the same model.
final class CommandWalk {
    let governance: Governance
    var model: ProtocolModel
    var random: SeededGenerator
    var ids: [Int: ChangeID] = [:]
    /// What the cluster runs.
    var replicas: [ModelTarget: Int] = [.staging: 2, .stagingWeb: 2, .prod: 2]
    private var ballot = 0
    var steps: [String] = []

    struct Disagreement: Error, CustomStringConvertible {
        let description: String
    }

    /// The walk's catalogue in place of the usual one, and everything that gives power recorded.
    private static let template = Result {
        let governance = try Governance()
        KeptFolders.remember(governance.directory.path)
        try governance.enlist("runner2", as: ["--kind", "service", "--role", "runner"])
        try governance.update("alice")
        let folder = governance.clone("alice")
        for place in ["actions", "policies", "tests"] {
            for name in try Files.list("\(folder)/\(place)") where name != "scale-deployment.yaml" {
                try Files.remove("\(folder)/\(place)/\(name)")
            }
        }
        for (path, bytes) in WalkBase.catalogue(ModelPolicy()) where !path.hasPrefix("actions/") {
            try governance.write("alice", path, String(decoding: bytes, as: UTF8.self))
        }
        try governance.expect(0, "alice", ["trust", "commit", "-m", "The walk's catalogue", "--push"])
        let desk = try LedgerDesk(governance)
        try desk.recordTrust()
        try desk.push()
        let objects: [JSONValue] = [("staging", "api"), ("staging", "web"), ("prod", "api")].map { namespace, name in
            [
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
                "spec": [
                    "replicas": 2, "selector": ["matchLabels": ["app": .string(name)]],
                    "template": [
                        "metadata": ["labels": ["app": .string(name)]],
                        "spec": ["containers": [["name": "main", "image": "registry.example.com/app:1"]]],
                    ],
                ],
            ]
        }
        let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(objects)]
        try Files.create(governance.clusterFile, list.evidenceBytes)
        for actor in Governance.actors { try governance.update(actor) }
        return governance
    }

    init(stream: UInt64) throws {
        governance = try Governance(copying: Self.template.get())
        random = SeededGenerator(stream: stream)
        model = WalkBase.model
        model.clock = governance.clock.now
        model.ledger.at = model.clock
        for actor in ModelActor.allCases {
            model.main[0].registry.identities[actor]?.keys[ModelKey(owner: actor)] = ModelKeyEntry()
        }
    }

    var words: [String] { ["--cluster", "embedded:\(governance.clusterFile)", "--output", "json"] }

    func id(_ number: Int) throws -> ChangeID {
        guard let id = ids[number] else { throw Disagreement(description: "there is no change \(number)") }
        return id
    }

    private func identity(_ actor: ModelActor) -> String { Governance.identity(actor.rawValue) }

    func demand(_ holds: Bool, _ words: @autoclosure () -> String) throws {
        if !holds { throw Disagreement(description: words()) }
    }

    // MARK: - One step

    /// Draws a step, takes it with the commands and with the model, and compares what `status` says of every change.
    func step() throws {
        let changes = model.changes.keys.sorted()
        if changes.isEmpty || changes.count < 3 && random.chance(15) {
            try propose()
        } else {
            let change = random.pick(changes)
            switch random.below(100) {
            case 0..<12: wait()
            case 12..<32: try vote(change)
            case 32..<52: try land(change)
            case 52..<70: try run(change)
            case 70..<77: try preview(change)
            case 77..<83: try crash(change)
            case 83..<88: try resolve(change)
            case 88..<95: try rollBack(change)
            default: try revoke()
            }
        }
        try compare()
    }

    private func compare() throws {
        try governance.git("sam", "fetch", "-q", "--prune")
        for (number, id) in ids.sorted(by: { $0.key < $1.key }) {
            let result = governance.agentsafe("sam", ["status", id.text, "--output", "json"])
            let (state, expected) = ((try? result.json)?["state"]?.stringValue, model.state(of: number)?.rawValue)
            try demand(state == expected, "change \(number) is \(expected ?? "") in the model, and: \(result)")
        }
    }

    private func wait() {
        let seconds = random.pick([1, 60, 900, 901, 3600] as [Int64])
        steps.append("wait \(seconds)")
        governance.clock.advance(seconds)
        _ = model.apply(.wait(seconds))
    }

    private func propose() throws {
        let actor = random.pick([.agent, .agent, .sam, .alice, .rogue] as [ModelActor])
        let target = random.pick([.staging, .stagingWeb, .prod, .prod] as [ModelTarget])
        let count = 1 + random.below(6)
        steps.append("\(actor) proposes \(count) on \(target)")
        let result = governance.agentsafe(
            actor.rawValue,
            [
                "propose", "scale-deployment", "--target", target.rawValue, "--param", "replicas=\(count)", "--reason",
                "x",
                "--push", "--anyway", "--output", "json",
            ])
        try proposed(result, by: actor, target: target, replicas: count, rollbackOf: nil)
    }

    private func proposed(
        _ result: CommandResult, by actor: ModelActor, target: ModelTarget, replicas: Int, rollbackOf: Int?
    ) throws {
        let key = ModelKey(owner: actor)
        guard model.tip.registry.isValid(key, at: model.clock) else {
            return try demand(result.status != 0, "a key that is taken back proposed: \(result)")
        }
        let id = (try? result.json)?["id"]?.stringValue.flatMap { ChangeID($0) }
        guard let id else { throw Disagreement(description: "nothing was proposed: \(result)") }
        let number = ids.count
        ids[number] = id
        let verdict = model.apply(
            .propose(
                .init(
                    number: number, proposer: actor, key: key, target: target, replicas: replicas, form: .whole,
                    branch: .clean, created: 0, life: 86_400, rollbackOf: rollbackOf)))
        let codes: [WalkResult: Int32] = [
            .verdict("allow"): 0, .verdict("require_approval"): 10, .verdict("deny"): 20, .verdict("not_authentic"): 30,
        ]
        let gate = try governance.gate(id)
        try demand(codes[verdict] == gate.status, "the model's gate says \(verdict), and: \(gate)")
    }

    // MARK: - Votes and landing

    private func vote(_ number: Int) throws {
        let kind = random.pick([.approve, .approve, .approve, .reject, .withdraw, .cancel] as [ModelVote.Kind])
        let voter = random.pick([.bob, .bob, .carol, .alice, .sam, .agent] as [ModelActor])
        let merges = kind == .approve && !model.isLanded(number) && random.chance(40)
        steps.append("\(voter) \(kind) \(number)\(merges ? ", merging" : "")")
        var next = model
        let allowed = mayCommandVote(kind, voter, number, merges: merges)
        let ballot = WalkOperation.Ballot(
            number: ballot, kind: kind, voter: voter, key: ModelKey(owner: voter), change: number, plan: .current,
            offset: 0, isInPlace: true, isForThisRepository: true)
        let accepted = next.apply(.vote(ballot)) == .accepted && allowed
        if accepted, merges {
            _ = next.apply(.land(change: number, .init(way: .merge, signer: ModelKey(owner: voter))))
        }
        let result = governance.agentsafe(
            voter.rawValue, [kind.rawValue, try id(number).text, "--yes"] + (merges ? ["--merge"] : []))
        try demand(
            (result.status == 0) == accepted, "the model \(accepted ? "takes" : "refuses") the vote, and: \(result)")
        if accepted {
            model = next
            self.ballot += 1
        }
    }

    /// What the command refuses though a vote by hand would count: to say a thing twice, or to what is over or denied anyhow.
    private func mayCommandVote(_ kind: ModelVote.Kind, _ voter: ModelActor, _ number: Int, merges: Bool) -> Bool {
        guard let change = model.changes[number], model.tip.registry.isValid(ModelKey(owner: voter), at: model.clock),
            model.isLanded(number) || model.isGenuine(change, by: model.tip.registry, evenRevoked: false)
        else { return false }
        let record = model.ledger.records[number]
        if record?.hasExecution == true { return false }
        let answer = model.answer(
            change, by: model.tip, isRollback: model.isRollback(change, in: model.ledger))
        if kind == .approve, answer == .deny { return false }
        let own = model.votes(on: change).filter { $0.voter == voter && $0.rejector == nil }
        let latest = own.max { $0.at < $1.at }
        if kind == .withdraw, voter != change.proposer {
            guard let latest, latest.kind != .withdraw, latest.at < model.clock else { return false }
        }
        return merges || latest?.kind != kind || latest?.plan != model.plan(change, model.tip.policy)
    }

    private func land(_ number: Int) throws {
        var next = model
        let landing = WalkOperation.Landing(way: .merge, subject: .other)
        // What main would not take nobody pushes: it would stand still for all.
        guard !model.isLanded(number), next.apply(.land(change: number, landing)) == .accepted else { return }
        steps.append("land \(number)")
        try governance.mergeUnsigned(try id(number))
        model = next
    }

    private func rollBack(_ number: Int) throws {
        guard let change = model.changes[number], ids.count < 4 else { return }
        steps.append("agent rolls back \(number)")
        let record = model.ledger.records[number]
        let isOver = record?.outcome != nil && record?.outcome != .notApplied && record?.pair != nil
        let newest = model.ledger.last[change.target]?.change
        let isDone = newest.flatMap { model.changes[$0] }.map { newest in
            newest.rollbackOf == number
                && [.succeeded, .applied].contains(model.ledger.records[newest.number]?.outcome)
        }
        let isValid = model.tip.registry.isValid(ModelKey(owner: .agent), at: model.clock)
        let result = governance.agentsafe(
            "agent", ["rollback", try id(number).text, "--push", "--anyway", "--output", "json"])
        guard isOver, isDone != true, isValid, let pair = record?.pair else {
            return try demand(result.status != 0, "there is nothing to roll back in the model, and: \(result)")
        }
        try proposed(result, by: .agent, target: change.target, replicas: pair, rollbackOf: number)
    }

    private func revoke() throws {
        let actor = random.pick([.bob, .carol, .agent, .runner2] as [ModelActor])
        let key = ModelKey(owner: actor)
        let expected = model.apply(
            .trust(.revoke(key), signers: [ModelKey(owner: .alice)], fault: .none, adopts: false))
        steps.append("alice revokes \(actor)")
        let result = governance.agentsafe("alice", ["identity", "revoke", identity(actor), "--push"])
        try demand((result.status == 0) == (expected == .accepted), "the model says \(expected), and: \(result)")
    }

    /// Whoever sees the repository for the first time, and whoever saw all of it, find it authentic.
    func end() throws { try governance.verifyEverywhere(0) }
}
