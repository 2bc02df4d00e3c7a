import TestSupport
import Testing

/// Random walks of legal and illegal operations, which the library must judge as the model does. `AGENTSAFE_WALKS` is their
/// number; `AGENTSAFE_WALK` is the number of one walk to go alone.
@Suite("Random walks beside a model of the protocol")
struct RandomWalkTests {
    private static let lanes = 2
    static let walks = TestEnvironment.number("AGENTSAFE_WALKS") ?? 250

    @Test("each operation is accepted by the library exactly when the model accepts it, and so is each state")
    func walks() throws {
        let tally = WalkTally()
        let failures = (0..<Self.lanes).map { lane in
            BackgroundWork("walks \(lane)") { () -> String? in
                do { return try Self.walk(lane: lane, tally) } catch { return "\(error)" }
            }
        }
        for failure in failures.compactMap({ $0.wait(milliseconds: 3_600_000) ?? "a walk hangs" }) {
            Issue.record("\(failure)")
        }
        print("walks: \(tally.words)")
        if Self.walks >= 1000 { #expect(tally.missing(WalkTally.demanded) == []) }
    }

    /// Goes every walk of a lane; tells of the first in which model and library part.
    private static func walk(lane: Int, _ tally: WalkTally) throws -> String? {
        let base = try WalkBase()
        let numbers =
            TestEnvironment.number("AGENTSAFE_WALK").map { $0 % lanes == lane ? [$0] : [] }
            ?? Array(stride(from: lane, to: walks, by: lanes))
        for number in numbers {
            let (walk, disagreement) = try Walk.go(
                UInt64(number), from: base, stream: 100_000 + UInt64(number), tally: tally)
            guard let disagreement else { continue }
            let shrunk = try walk.shrunk(from: base)
            let steps = shrunk.operations.enumerated().map { "  \($0.offset + 1). \($0.element)" }
            return """
                AGENTSAFE_TEST_SEED=\(SeededGenerator.seed) AGENTSAFE_WALK=\(number), \(disagreement)
                shrunk: \(try shrunk.disagreement(from: base)?.description ?? "")
                \(steps.joined(separator: "\n"))
                """
        }
        return nil
    }
}
