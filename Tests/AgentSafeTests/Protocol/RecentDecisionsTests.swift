import ChangeModel
import Git
import PolicyEngine
import TestSupport
import Testing

@testable import Ledger

@Suite("What the state remembers of a caller's hour")
struct RecentDecisionsTests {
    /// The longest entry that there is: a whole plan of every risk.
    private static let longest = RecentDecision(
        at: Timestamp(seconds: 1_795_700_000), outcome: .passedLater,
        risks: RiskLevel.allCases.flatMap { Array(repeating: $0, count: Change.maximumSteps) })

    private func state(holding count: Int, of account: String, at instant: Timestamp) throws -> LedgerState {
        let directory = try TemporaryDirectory()
        let repository = try Repository.create(at: directory.path)
        var state = try LedgerState(repository: repository, tree: nil)
        let name = Digest(of: Array(account.utf8)).hexadecimal
        state.put(
            "state/recent/\(instant.hourText)/\(name.prefix(2))/\(name).json",
            [
                "caller": .string(account),
                "decisions": .array(Array(repeating: .string(Self.longest.text), count: count)),
            ])
        return state
    }

    @Test("an hour of one caller takes 10,000 entries and no more; another caller and the next hour have room")
    func bound() throws {
        let now = Self.longest.at
        #expect(try state(holding: 9_999, of: "agent", at: now).hasRoom(for: "agent", at: now))
        let full = try state(holding: 10_000, of: "agent", at: now)
        #expect(try !full.hasRoom(for: "agent", at: now))
        #expect(try full.hasRoom(for: "other", at: now))
        #expect(try full.hasRoom(for: "agent", at: now + .seconds(3600)))
        #expect(try full.recent(of: "agent", at: now).count == 10_000)
    }

    @Test("a full hour of the longest entries is far from the largest file that a reader takes")
    func size() throws {
        let entry: JSONValue = .string(Self.longest.text)
        #expect((entry.canonicalBytes.count + 1) * LedgerState.maximumRecent < 700_000)
        #expect(RecentDecision(Self.longest.text, hour: Timestamp(hourText: Self.longest.at.hourText)!) == Self.longest)
    }
}
