import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

/// Runners race for one change at a time over a bare remote. What happens to them is drawn from a seed: pushes and fetches are
/// late, replies are lost, runners stand still for longer than their lease, and processes are killed. `AGENTSAFE_RACES` is the
/// number of races for each number of runners; `Tests/run.sh` asks for 200.
@Suite("Races between runners")
struct RaceTests {
    /// What the runners have in common: nothing, one key on several machines, or one user on one machine.
    enum Sharing: String, CaseIterable {
        case nothing, key, home
    }

    struct Race: CustomTestStringConvertible {
        let runners: Int
        let sharing: Sharing
        let lane: UInt64

        var testDescription: String { "\(runners) runners that share \(sharing.rawValue), lane \(lane)" }

        private static let lanes: [Sharing] = [.nothing, .key, .nothing, .home]
        static let all: [Race] = [2, 4].flatMap { runners in
            lanes.enumerated().map { Race(runners: runners, sharing: $0.element, lane: UInt64($0.offset)) }
        }
        static let rounds = max(1, (TestEnvironment.number("AGENTSAFE_RACES") ?? 40) / lanes.count)
    }

    @Test(
        "of several runners that race for a change exactly one executes it, and every record is there in the end",
        arguments: Race.all)
    func race(_ race: Race) throws {
        let track = try RaceTrack(
            runners: race.runners, sharing: race.sharing, stream: race.lane * 10 + UInt64(race.runners))
        var tally = RaceTally()
        for round in 1...Race.rounds {
            try track.round(round, tally: &tally)
        }
        try track.finish(tally)
    }
}
