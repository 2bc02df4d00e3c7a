import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

extension CommandWalk {
    func run(_ number: Int) throws {
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

    /// Asks what a change would do, and has it recorded: what is owed goes with it, and no state becomes another.
    func preview(_ number: Int) throws {
        let actor = random.pick([.runner, .runner, .runner2, .sam] as [ModelActor])
        let key = ModelKey(owner: actor)
        guard let state = model.state(of: number), state != .unreadable else { return }
        steps.append("\(actor) previews \(number)")
        let result = governance.agentsafe(actor.rawValue, ["run", try id(number).text, "--preview"] + words)
        guard model.tip.registry.isValid(key, at: model.clock) else {
            return try demand(result.status == 1, "a key that is taken back previewed: \(result)")
        }
        guard actor == .runner || actor == .runner2 else {
            return try demand(result.status == 20, "whoever is no runner previewed: \(result)")
        }
        let height = (try? result.json)?["previews"]?.arrayValue?.first?["height"]?.integerValue
        switch state {
        case .proposed, .awaitingApproval, .approved, .landed:
            try demand(height != nil, "the model would record a preview, and: \(result)")
            model.refuse(number, by: key)
        case .executed, .failed, .claimed, .unknown:
            try demand(result.status == 1 && height == nil, "there is nothing to preview, and: \(result)")
        default: try demand(result.status == 20 && height == nil, "it is denied, and: \(result)")
        }
    }

    /// A runner claims an allowed change, prepares it perhaps, and is never seen again.
    func crash(_ number: Int) throws {
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
            var draft = try desk.prepared(id) {
                $0["rollback"] = [
                    "action": "scale-deployment", "target": .string(target.rawValue),
                    "params": [
                        "replicas": .integer(Int64(pair)), "namespace": .string(place[0]),
                        "deployment": .string(place[1]),
                    ],
                ]
            }
            draft.files["rollback.yaml"] = Array("{}\n".utf8)
            try desk.append(draft)
        }
        try desk.push()
        let died = model.apply(
            .run(change: number, by: ModelKey(owner: .runner), until: isPrepared ? .prepared : .claim, pair: pair))
        try demand(died == .accepted, "the model says \(died) to a runner that died")
    }

    func resolve(_ number: Int) throws {
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
}
