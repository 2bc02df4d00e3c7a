import TestSupport

/// Draws operations, legal and illegal ones. Half of the time it asks the model for a legal one, so that walks get somewhere.
struct WalkGenerator {
    var random: SeededGenerator
    private var nextChange = 0
    private var nextBallot = 0

    init(stream: UInt64) {
        random = SeededGenerator(stream: stream)
    }

    mutating func next(_ model: ProtocolModel) -> WalkOperation {
        let wantsLegal = random.chance(65)
        var operation = draw(model)
        for _ in 0..<6 {
            var copy = model
            let result = copy.apply(operation)
            if result == .accepted || !wantsLegal && result != .idle { break }
            if case .verdict(let words) = result, !wantsLegal || words != "not_authentic" { break }
            operation = draw(model)
        }
        switch operation {
        case .propose: nextChange += 1
        case .vote: nextBallot += 1
        default: break
        }
        return operation
    }

    private mutating func draw(_ model: ProtocolModel) -> WalkOperation {
        if model.changes.isEmpty { return .propose(proposal(model)) }
        if let stuck = stuck(model), random.chance(15) { return stuck }
        return switch random.below(100) {
        case 0..<11 where nextChange < 4: .propose(proposal(model))
        case 0..<3: .wait(random.pick([1, 299, 301, 601, 901, 7000]))
        case 3..<14: .wait(random.pick([1, 300, 400, 600, 900, 901, 3600, 8000]))
        case 14..<18:
            .edit(
                change: change(model), replicas: 1 + random.below(9),
                form: random.chance(70) ? .whole : .editedAfterSigning,
                onTop: random.chance(40))
        case 18..<21: .gate(change: change(model))
        case 21..<34: .land(change: change(model), landing())
        case 34..<36: .landTogether(change(model), change(model))
        case 36..<37: .documents
        case 37..<40: .vandalise(random.pick(WalkOperation.Vandalism.allCases), change: change(model))
        case 40..<50: trust(model)
        case 50..<67: .vote(ballot(model))
        case 67..<78: run(model)
        default: record(model)
        }
    }

    /// What a dead runner had prepared, and what becomes of it: its lease ends, then a person says what happened.
    private mutating func stuck(_ model: ProtocolModel) -> WalkOperation? {
        let prepared = model.ledger.claims.filter(\.value.isPrepared).sorted { $0.key < $1.key }
        guard let (change, claim) = prepared.first else { return nil }
        if model.clock <= claim.leaseEnd { return .wait(901) }
        let person = random.pick([.alice, .bob, .carol] as [ModelActor])
        return .record(
            .resolution(change, random.pick(ModelOutcome.resolutions)), by: ModelKey(owner: person), as: person,
            naming: .newest)
    }

    private mutating func change(_ model: ProtocolModel) -> Int { random.pick(model.changes.keys.sorted()) }

    private mutating func key(of actor: ModelActor) -> ModelKey {
        ModelKey(owner: actor, number: random.chance(90) ? 0 : 1)
    }

    private mutating func proposal(_ model: ProtocolModel) -> WalkOperation.Proposal {
        let proposer = random.pick(
            [.agent, .agent, .agent, .sam, .sam, .alice, .bob, .rogue, .runner, .stranger] as [ModelActor])
        var proposal = WalkOperation.Proposal(
            number: nextChange, proposer: proposer, key: key(of: random.chance(95) ? proposer : .rogue),
            target: random.pick([.staging, .staging, .stagingWeb, .prod, .prod, .pay]),
            replicas: random.chance(95) ? 1 + random.below(9) : 101,
            form: random.chance(93) ? .whole : random.pick(ModelVersion.Form.allCases),
            branch: random.chance(90) ? .clean : random.pick([.documentsBeside, .policyBeside, .missingSignature]),
            created: random.chance(90) ? 0 : random.pick([-3600, 300, 301]),
            life: random.chance(80) ? 86_400 : random.pick([600, 3600, 7 * 86_400, 7 * 86_400 + 1]))
        let undoable = model.ledger.records.filter { $0.value.pair != nil }.keys.sorted()
        if !undoable.isEmpty, random.chance(60) {
            let undone = random.pick(undoable)
            proposal.rollbackOf = undone
            if random.chance(85), let change = model.changes[undone], let pair = model.ledger.records[undone]?.pair {
                (proposal.target, proposal.replicas) = (change.target, pair)
                (proposal.proposer, proposal.key) = (.agent, ModelKey(owner: .agent))
            }
        }
        return proposal
    }

    private mutating func landing() -> WalkOperation.Landing {
        let signers: [ModelActor] = [.alice, .bob, .carol, .sam, .agent, .stranger]
        return WalkOperation.Landing(
            way: random.pick([.merge, .merge, .merge, .fastForward, .squash, .octopus, .foxtrot]),
            subject: random.chance(60) ? .branch : random.pick(WalkOperation.Landing.Subject.allCases),
            signer: random.chance(80) ? key(of: random.pick(signers)) : nil,
            twist: random.chance(90) ? .none : random.pick(WalkOperation.Landing.Twist.allCases))
    }

    private mutating func trust(_ model: ProtocolModel) -> WalkOperation {
        let edit: WalkOperation.TrustEdit =
            switch random.below(10) {
            case 0..<2: .revoke(key(of: random.pick([.alice, .bob, .carol, .agent, .sam, .runner])))
            case 2: .addKey(ModelKey(owner: random.pick([.alice, .bob, .carol, .agent, .runner]), number: 1))
            case 3: .revive(key(of: random.pick([.bob, .agent, .runner])))
            case 4..<6:
                .role(
                    random.pick([.alice, .bob, .carol, .sam, .agent, .rogue, .runner2]),
                    random.pick(ModelRole.allCases), isGiven: random.chance(60))
            case 6: .staging(random.pick(ModelStagingRule.allCases))
            case 7: .action
            case 8: .target(random.pick(ModelTarget.allCases))
            default: .threshold(1 + random.below(2))
            }
        var signers = [ModelKey(owner: .alice)]
        if model.tip.registry.threshold > 1, random.chance(80) {
            signers.append(ModelKey(owner: random.pick([.bob, .carol, .sam])))
        }
        if random.chance(12) {
            signers = random.pick([
                [], [ModelKey(owner: .bob)], [ModelKey(owner: .agent)], [ModelKey(owner: .alice, number: 1)],
            ])
        }
        let fault = random.chance(88) ? WalkOperation.TrustFault.none : random.pick(WalkOperation.TrustFault.allCases)
        return .trust(edit, signers: signers, fault: fault, adopts: random.chance(10))
    }

    private mutating func ballot(_ model: ProtocolModel) -> WalkOperation.Ballot {
        let change = change(model)
        let kind = random.pick(
            [.approve, .approve, .approve, .approve, .approve, .reject, .reject, .withdraw, .withdraw, .cancel]
                as [ModelVote.Kind])
        var voter = random.pick(
            [.alice, .bob, .bob, .carol, .carol, .sam, .agent, .rogue, .gate, .stranger] as [ModelActor])
        if kind == .withdraw, random.chance(40) { voter = model.changes[change]?.proposer ?? voter }
        var rejector: ModelActor?
        let rejected = model.ballots.values.filter { $0.kind == .reject && $0.change == change }.map(\.voter)
        if kind == .withdraw, random.chance(50) {
            rejector = rejected.min { $0.rawValue < $1.rawValue } ?? random.pick([.bob, .carol, .alice])
            if random.chance(70) { voter = .alice }
        }
        return WalkOperation.Ballot(
            number: nextBallot, kind: kind, voter: voter, key: key(of: random.chance(95) ? voter : .agent),
            change: change,
            plan: random.chance(93) ? .current : .none,
            offset: random.chance(85) ? 0 : random.pick([-60, 200, 300, 301]),
            isInPlace: random.chance(95), isForThisRepository: random.chance(97), rejector: rejector)
    }

    private mutating func runner() -> ModelActor {
        random.pick([.runner, .runner, .runner, .runner2, .runner2, .gate, .agent, .alice, .stranger])
    }

    private mutating func run(_ model: ProtocolModel) -> WalkOperation {
        let waiting = model.tip.landed.filter { model.ledger.records[$0]?.outcome == nil }.sorted()
        return .run(
            change: waiting.isEmpty ? change(model) : random.pick(waiting),
            by: ModelKey(owner: random.pick([.runner, .runner2])),
            until: random.pick([.claim, .prepared, .executed, .executed, .executed, .failed]), pair: 1 + random.below(9)
        )
    }

    private mutating func record(_ model: ProtocolModel) -> WalkOperation {
        let claimed = model.ledger.claims.keys.sorted()
        let owesTrust = model.ledger.trustVersion < model.tip.registry.version
        let change = claimed.isEmpty || random.chance(35) ? change(model) : random.pick(claimed)
        var actor = runner()
        if let claim = model.ledger.claims[change], random.chance(50) { actor = claim.by }
        var event: WalkOperation.Event
        switch random.below(owesTrust ? 14 : 11) {
        case 0: event = .decision(change, lies: random.chance(20))
        case 1..<3:
            let numbers = model.ballots.keys.sorted()
            event = numbers.isEmpty ? .decision(change, lies: false) : .vote(random.pick(numbers))
        case 3: event = .mergeVote(change)
        case 4:
            event = .claim(
                change, lease: random.chance(85) ? 900 : random.pick([0, 86_400, 86_401]),
                lie: random.chance(80) ? .none : random.pick(WalkOperation.Event.Lie.allCases))
        case 5:
            event = .prepared(
                change, lease: random.chance(85) ? 900 : random.pick([0, 10, 86_401]), pair: 1 + random.below(9),
                isOtherClaim: random.chance(10))
        case 6..<8: event = .execution(change, succeeds: random.chance(80), isOtherClaim: random.chance(10))
        case 8: event = .aborted(change)
        case 9..<11: event = .resolution(change, random.pick(ModelOutcome.resolutions))
        default: event = .trust(skips: random.chance(15))
        }
        if case .resolution = event { actor = random.pick([.alice, .bob, .bob, .carol, .sam, .runner]) }
        let key = random.chance(96) ? key(of: actor) : ModelKey(owner: .runner2)
        return .record(event, by: key, as: actor, naming: random.chance(94) ? .newest : .oldest)
    }
}
