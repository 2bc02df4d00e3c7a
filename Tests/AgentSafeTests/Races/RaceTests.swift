import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

/// Runners race for one change at a time over a bare remote. What happens to them is drawn from a seed: pushes and fetches are
/// late, replies are lost, runners stand still for longer than their lease, and processes are killed. `AGENTSAFE_RACES` is the
/// number of races for each number of runners.
@Suite("Races between runners")
struct RaceTests {
    struct Race: CustomTestStringConvertible {
        let runners: Int
        let sharingOneKey: Bool
        let lane: UInt64

        var testDescription: String {
            "\(runners) runners \(sharingOneKey ? "with one key" : "with keys of their own"), lane \(lane)"
        }

        static let all: [Race] = (0..<4).flatMap { lane in
            [2, 4].map { Race(runners: $0, sharingOneKey: lane % 2 == 1, lane: UInt64(lane)) }
        }
        static let rounds = max(1, (TestEnvironment.number("AGENTSAFE_RACES") ?? 200) / 4)
    }

    @Test(
        "of several runners that race for a change exactly one executes it, and every record is there in the end",
        arguments: Race.all)
    func race(_ race: Race) throws {
        let track = try RaceTrack(
            runners: race.runners, sharingOneKey: race.sharingOneKey, stream: race.lane * 10 + UInt64(race.runners))
        var tally = RaceTally()
        for round in 1...Race.rounds {
            try track.round(round, tally: &tally)
        }
        try track.finish(tally)
    }
}
