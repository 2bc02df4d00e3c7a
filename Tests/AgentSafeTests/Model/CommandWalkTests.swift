import TestSupport
import Testing

/// The commands themselves, on repositories with a remote, judged by the same model. `AGENTSAFE_COMMAND_WALKS` is the number
/// of walks.
@Suite("Random walks through the commands")
struct CommandWalkTests {
    static let lanes = 4
    static let walks = TestEnvironment.number("AGENTSAFE_COMMAND_WALKS") ?? 20

    @Test("each command does what the model says, and `status` says what the model says", arguments: 0..<Self.lanes)
    func walks(lane: Int) throws {
        for number in stride(from: lane, to: Self.walks, by: Self.lanes) {
            let walk = try CommandWalk(stream: 200_000 + UInt64(number))
            do {
                for _ in 0..<10 { try walk.step() }
                try walk.end()
            } catch let disagreement as CommandWalk.Disagreement {
                Issue.record(
                    """
                    AGENTSAFE_TEST_SEED=\(SeededGenerator.seed), walk \(number): \(disagreement)
                    \(walk.steps.joined(separator: "; "))
                    """)
                return
            }
        }
    }
}
