import ChangeModel
import Git
import Testing

@testable import Ledger

/// What is verified on all cores, in stretches, against the same verified commit by commit. Histories of tests are too short
/// for the first way to be taken by itself, so here it is asked for.
struct BothWays {
    private static let never = Pace(minimum: .max, stretch: 1)

    /// The outcome in words: tips, and how many events of each kind, or what is wrong and where.
    private static func outcome(_ governance: Governance, _ actor: String, _ pace: Pace) throws -> String {
        let repository = try Repository(containing: governance.clone(actor))
        let genesis = try #require(ObjectID(try governance.git("alice", "config", "agentsafe.genesis")))
        guard let tip = try repository.reference("refs/remotes/origin/main"),
            let ledger = try repository.reference("refs/remotes/origin/ledger")
        else { return "a branch is missing" }
        do {
            let main = try MainHistory(repository: repository, tip: tip, start: genesis, genesis: genesis, pace: pace)
            let history = try LedgerHistory(
                chain: LedgerChain(from: ledger, downTo: nil), repository: repository, main: main,
                now: governance.clock.timestamp, pace: pace)
            let counts = history.verified.map { "\($0.key.rawValue) \($0.value)" }.sorted()
            let kinds = main.commits.map(\.kind.name)
            return "\(main.tip) \(kinds) \(history.tip.commit.id) \(counts)"
        } catch {
            return "\(error)"
        }
    }

    static func expectTheSame(
        _ governance: Governance, seenBy actor: String, sourceLocation: Testing.SourceLocation
    ) throws {
        let plain = try outcome(governance, actor, never)
        for stretch in [1, 4] {
            let quick = try outcome(governance, actor, Pace(minimum: 1, stretch: stretch))
            #expect(quick == plain, "in stretches of \(stretch)", sourceLocation: sourceLocation)
        }
    }
}
