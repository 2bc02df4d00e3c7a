import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

/// A walk through the real commands, with git and a bare remote, beside the same model.
final class CommandWalk {
    let governance: Governance
    private(set) var model: ProtocolModel
    var random: SeededGenerator
    private var ids: [Int: ChangeID] = [:]
    /// What the cluster runs.
    private var replicas: [ModelTarget: Int] = [.staging: 2, .stagingWeb: 2, .prod: 2]
    private var ballot = 0
    private(set) var steps: [String] = []

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

    private var words: [String] { ["--cluster", "embedded:\(governance.clusterFile)", "--output", "json"] }

    private func id(_ number: Int) throws -> ChangeID {
        guard let id = ids[number] else { throw Disagreement(description: "there is no change \(number)") }
        return id
    }

    private func identity(_ actor: ModelActor) -> String { Governance.identity(actor.rawValue) }

    private func demand(_ holds: Bool, _ words: @autoclosure () -> String) throws {
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
            case 52..<72: try run(change)
            case 72..<80: try crash(change)
            case 80..<88: try resolve(change)
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

    // MARK: - Runs

    private func run(_ number: Int) throws {
        let actor = random.pick([.runner, .runner, .runner2, .runner2, .sam, .gate] as [ModelActor])
        steps.append("\(actor) runs \(number)")
        let result = governance.agentsafe(actor.rawValue, ["run", try id(number).text] + words)
        let runs = (try? result.json)?["runs"]?.arrayValue
        let status = runs?.first?["status"]?.stringValue ?? "exit \(result.status)"
        let expected = expectRun(number, by: actor)
        try demand(status == expected, "the model says \(expected), and: \(result)")
    }

    /// What a run must say; the model goes along.
    private func expectRun(_ number: Int, by actor: ModelActor) -> String {
        let key = ModelKey(owner: actor)
        guard model.tip.registry.isValid(key, at: model.clock) else { return "exit 1" }
        guard actor == .runner || actor == .runner2 else { return "exit 20" }
        guard let change = model.changes[number], model.isLanded(number),
            model.entered(model.ledger, through: model.position).pending[number] != nil
        else { return "exit 1" }
        if let claim = model.ledger.claims[number] {
            if model.clock <= claim.leaseEnd { return "claimed" }
            if claim.isPrepared { return "unknown" }
            model.recordTrust(by: key)
            _ = model.apply(.record(.aborted(number), by: key, as: actor, naming: .newest))
        }
        switch model.standing(of: change) {
        case .awaiting: return "awaiting_approval"
        case .denied(let state):
            if state == .rejected || state == .withdrawn { model.refuse(number, by: key) }
            return "denied"
        case .authorized: break
        }
        if model.ledger.lockHolder(change.target) != nil { return "locked" }
        let before = replicas[change.target] ?? 0
        guard model.apply(.run(change: number, by: key, until: .executed, pair: before)) == .accepted else {
            return "nothing"
        }
        replicas[change.target] = change.current.replicas
        return "executed"
    }

    /// A runner claims an allowed change, prepares it perhaps, and is never seen again.
    private func crash(_ number: Int) throws {
        guard let change = model.changes[number], model.isLanded(number), model.ledger.claims[number] == nil,
            model.entered(model.ledger, through: model.position).pending[number] != nil,
            model.ledger.lockHolder(change.target) == nil, model.ballots.values.allSatisfy({ $0.change != number }),
            model.answer(change, by: model.tip, isRollback: false) == .allow, change.rollbackOf == nil,
            case .authorized = model.standing(of: change),
            model.tip.registry.isValid(ModelKey(owner: .runner), at: model.clock)
        else { return }
        let isPrepared = random.chance(60)
        steps.append("runner crashes with \(number)\(isPrepared ? ", prepared" : "")")
        let pair = replicas[change.target] ?? 0
        let desk = try LedgerDesk(governance)
        try desk.recordTrust()
        let (id, target) = (try id(number), change.target)
        if model.ledger.records[number]?.decisions.isEmpty != false { try desk.append(try desk.decision(id)) }
        try desk.append(try desk.claim(id))
        if isPrepared {
            let place = target.rawValue.split(separator: "/").map(String.init)
            try desk.append(
                try desk.prepared(id) {
                    $0["rollback"] = [
                        "action": "scale-deployment", "target": .string(target.rawValue),
                        "params": [
                            "replicas": .integer(Int64(pair)), "namespace": .string(place[0]),
                            "deployment": .string(place[1]),
                        ],
                    ]
                })
        }
        try desk.push()
        let died = model.apply(
            .run(change: number, by: ModelKey(owner: .runner), until: isPrepared ? .prepared : .claim, pair: pair))
        try demand(died == .accepted, "the model says \(died) to a runner that died")
    }

    private func resolve(_ number: Int) throws {
        let actor = random.pick([.bob, .alice, .sam, .agent, .runner] as [ModelActor])
        let outcome = random.pick(ModelOutcome.resolutions)
        steps.append("\(actor) resolves \(number) as \(outcome)")
        let owesTrust = model.ledger.trustVersion < model.tip.registry.version
        let expected = model.apply(
            .record(.resolution(number, outcome), by: ModelKey(owner: actor), as: actor, naming: .newest))
        let result = governance.agentsafe(
            actor.rawValue,
            ["resolve", try id(number).text, "--outcome", outcome.rawValue, "--reason", "seen", "--yes"])
        try demand(
            (result.status == 0) == (expected == .accepted && !owesTrust), "the model says \(expected), and: \(result)")
        guard expected == .accepted, let change = model.changes[number] else { return }
        // The person makes the target what they say it is; only then rollback and next run mean what they say.
        if outcome == .applied { try setReplicas(change.current.replicas, of: change.target) }
    }

    private func setReplicas(_ count: Int, of target: ModelTarget) throws {
        replicas[target] = count
        let place = target.rawValue.split(separator: "/").map(String.init)
        let list = try JSONValue(parsing: try Files.read(governance.clusterFile))
        let items = (list["items"]?.arrayValue ?? []).map { item -> JSONValue in
            var item = item
            let isIt =
                item["kind"] == "Deployment" && item.at("metadata", "namespace")?.stringValue == place[0]
                && item.at("metadata", "name")?.stringValue == place[1]
            if isIt, case .object(var spec)? = item["spec"] {
                spec["replicas"] = .integer(Int64(count))
                item["spec"] = .object(spec)
            }
            return item
        }
        var changed = list
        changed["items"] = .array(items)
        try Files.writeAtomically(governance.clusterFile, changed.evidenceBytes)
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
