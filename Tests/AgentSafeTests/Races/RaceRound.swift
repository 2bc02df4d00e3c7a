import ChangeModel
import Git
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

/// What was seen in the races of one track.
struct RaceTally {
    var changes: [ChangeID] = []
    /// Claims, preparations and executions that runners said they had recorded, by change, runner and event.
    var told: [String: Int] = [:]
    var applied: Int64 = 0
    var unknown = 0
    var takenOver = 0
    var killed = 0
    var zombies = 0
}

extension RaceTrack {
    /// One race, to its end: the change is executed, or a person has said what became of it.
    func round(_ round: Int, tally: inout RaceTally) throws {
        let id = try nextChange()
        let before = try currentGeneration()
        let runs = try machines.map { machine in
            try start(machine, id, plan: FaultPlan(&generator, end: drawEnd()), round: round)
        }
        for run in runs { try waitForStandstill(run, round) }
        if generator.chance(50) { try release(runs, round) }
        try settle(id, before: before, tally: &tally, round)
        try release(runs, round)
        for run in runs {
            let result = try #require(run.work.value)
            count(result, of: id, by: run.machine.actor, in: &tally)
            if result.status == 128 + 9 { tally.killed += 1 }
            if Files.kind("\(run.faults)/parked") != nil { tally.zombies += 1 }
            let known: Set<Int32> = [0, 1, 137]
            #expect(known.contains(result.status), "round \(round), \(run.machine.name), \(run.plan.words): \(result)")
        }
        // Whoever woke up late has changed nothing any more.
        let record = try record(of: id)
        let applied = Self.isApplied(record) ? 1 : 0
        #expect(try currentGeneration() == before + Int64(applied), "round \(round), \(id): \(Self.words(record))")
        #expect(record.events.filter { $0.kind == .execution }.count <= 1)
        if record.last(.aborted) != nil { tally.takenOver += 1 }
        if record.last(.resolution) != nil { tally.unknown += 1 }
        tally.applied += Int64(applied)
        tally.changes.append(id)
        for run in runs { try Files.removeTree(run.faults) }
    }

    private func drawEnd() -> FaultPlan.End {
        switch generator.below(100) {
        case 0..<8: .parks
        case 8..<14: .isKilled
        default: .survives
        }
    }

    private func waitForStandstill(_ run: RaceRun, _ round: Int) throws {
        for _ in 0..<12_000 {
            if run.work.wait(milliseconds: 5) != nil || run.isParked { return }
        }
        throw RaceFailure(description: "round \(round): \(run.machine.name) hangs, \(run.plan.words)")
    }

    private func release(_ runs: [RaceRun], _ round: Int) throws {
        for run in runs { try run.release() }
        for run in runs where run.work.wait(milliseconds: 60_000) == nil {
            throw RaceFailure(description: "round \(round): \(run.machine.name) never ends, \(run.plan.words)")
        }
    }

    struct RaceFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs the change without faults until it is executed. A claim whose holder is gone ends with its lease; what was
    /// prepared and is silent a person resolves, by looking at the target.
    private func settle(_ id: ChangeID, before: Int64, tally: inout RaceTally, _ round: Int) throws {
        for _ in 0..<10 {
            if try isOver(id) { return }
            let result = marshal.agentsafe(["run", id.text] + words)
            count(result, of: id, by: marshal.actor, in: &tally)
            switch status(result, of: id) {
            case "executed": return
            case let words where words.contains("executed already"): return
            case "claimed": governance.clock.advance(901)
            // Somebody who was late claimed it between our look and our claim.
            case "locked": continue
            case "unknown":
                let outcome = try currentGeneration() == before ? "not_applied" : "applied"
                try governance.expect(
                    0, "bob",
                    ["resolve", id.text, "--outcome", outcome, "--reason", "I looked at its replicas", "--yes"])
                return
            default: throw RaceFailure(description: "round \(round), \(id): \(result)")
            }
        }
        throw RaceFailure(description: "round \(round): \(id) does not come to an end")
    }

    private func isOver(_ id: ChangeID) throws -> Bool {
        try record(of: id).events.contains { $0.kind == .execution || $0.kind == .resolution }
    }

    /// What the runner said it had recorded must be found in the ledger in the end.
    private func count(_ result: CommandResult, of id: ChangeID, by actor: String, in tally: inout RaceTally) {
        let lines = result.errors.split(separator: "\n")
        for (words, event) in [("claimed until", "claim"), ("prepared: before-state", "prepared")] {
            let told = lines.filter { $0.contains("\(id): \(words)") }.count
            tally.told["\(id) \(actor) \(event)", default: 0] += told
        }
        if status(result, of: id) == "executed" { tally.told["\(id) \(actor) execution", default: 0] += 1 }
    }

    func record(of id: ChangeID) throws -> ChangeRecord {
        let repository = try Repository(containing: governance.remote)
        let tip = try #require(try repository.reference("refs/heads/ledger"))
        return try ChangeRecord(id, in: try repository.commit(tip).tree, of: repository)
    }

    /// Whether the target was changed, by the runner's word or by a person's.
    private static func isApplied(_ record: ChangeRecord) -> Bool {
        ["succeeded", "applied"].contains((record.last(.execution) ?? record.last(.resolution))?.outcome)
    }

    private static func words(_ record: ChangeRecord) -> String {
        record.events.map { "\($0.kind.rawValue) by \($0.by)" }.joined(separator: ", ")
    }

    // MARK: - The end

    /// Everything that must hold when all races are over and every machine has been up once more.
    func finish(_ tally: RaceTally) throws {
        let last = try #require(tally.changes.last)
        for machine in machines + [marshal] {
            let result = machine.agentsafe(["run", last.text] + words)
            #expect(result.errors.contains("executed already"), "\(machine.name): \(result)")
            #expect(try machine.outbox() == "", "\(machine.name): \(result)")
        }
        for machine in machines.suffix(1) {
            let verify = machine.agentsafe(["verify"])
            #expect(verify.status == 0, "\(machine.name): \(verify)")
        }
        try governance.verifyEverywhere(0)
        #expect(try currentGeneration() == generation + tally.applied)
        try expectRecords(tally)
        try expectNothingOpen()
        print(
            "races: \(tally.changes.count) with \(machines.count) runners, \(tally.takenOver) claims given back, "
                + "\(tally.unknown) resolved, \(tally.killed) runners killed, \(tally.zombies) stood still")
    }

    private func expectRecords(_ tally: RaceTally) throws {
        var found: [String: Int] = [:]
        for id in tally.changes {
            let record = try record(of: id)
            for event in record.events { found["\(id) \(event.by) \(event.kind.rawValue)", default: 0] += 1 }
            let ends = record.events.filter { $0.kind == .execution || $0.kind == .resolution }
            #expect(ends.count == 1, "\(id): \(Self.words(record))")
        }
        for (what, count) in tally.told {
            #expect(found[what, default: 0] >= count, "a runner recorded it, and it is not there: \(what)")
        }
        let heights = try governance.run([
            "git", "-C", governance.remote, "log", "--format=%(trailers:key=Agentsafe-Height,valueonly,separator=)",
            "--reverse", "ledger",
        ]).split(separator: "\n").map { Int($0) }
        #expect(heights == Array(0..<heights.count))
    }

    private func expectNothingOpen() throws {
        let repository = try Repository(containing: governance.remote)
        let tree = try repository.commit(try #require(try repository.reference("refs/heads/ledger"))).tree
        #expect(try repository.folder("state/claims", in: tree).isEmpty)
        #expect(try repository.folder("state/locks", in: tree).isEmpty)
    }
}
