import TestSupport
import Testing

/// Random walks of legal and illegal operations, which the library must judge as the model does. `AGENTSAFE_WALKS` is their
/// number; `AGENTSAFE_WALK` is the number of one walk to go alone.
@Suite("Random walks beside a model of the protocol")
struct RandomWalkTests {
    static let lanes = 4
    static let walks = TestEnvironment.number("AGENTSAFE_WALKS") ?? 1000

    @Test("each operation is accepted by the library exactly when the model accepts it", arguments: 0..<Self.lanes)
    func walks(lane: Int) throws {
        let base = try WalkBase()
        let numbers = TestEnvironment.number("AGENTSAFE_WALK").map { $0 % Self.lanes == lane ? [$0] : [] }
            ?? Array(stride(from: lane, to: Self.walks, by: Self.lanes))
        for number in numbers {
            let (walk, disagreement) = try Walk.go(UInt64(number), from: base, stream: 100_000 + UInt64(number))
            guard let disagreement else { continue }
            let shrunk = try walk.shrunk(from: base)
            let steps = shrunk.operations.enumerated().map { "  \($0.offset + 1). \($0.element)" }
            Issue.record(
                """
                AGENTSAFE_TEST_SEED=\(SeededGenerator.seed) AGENTSAFE_WALK=\(number), \(disagreement)
                shrunk: \(try shrunk.disagreement(from: base)?.description ?? "")
                \(steps.joined(separator: "\n"))
                """)
            return
        }
    }
}
