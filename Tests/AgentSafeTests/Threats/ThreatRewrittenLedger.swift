import ChangeModel
import Testing

@Suite("Threat 11: the ledger is rewritten")
struct ThreatRewrittenLedger {
    // MARK: - Files

    enum Damage: String, CaseIterable {
        case changedLater, removedLater, changedEvent, removedEvent, otherBytes, otherEventBytes, unlistedFile,
            executable

        var words: String {
            switch self {
            case .changedLater, .removedLater, .changedEvent, .removedEvent: "a recorded file was changed or removed"
            case .otherBytes: "the file's digest is not the one that the event lists"
            case .otherEventBytes: "the file is not the one that the commit's trailer names by digest"
            case .unlistedFile, .executable: "the event does not list this file"
            }
        }
    }

    @Test(
        "a file of the record that is not what was recorded is named, even when the runner's own key signs it",
        arguments: Damage.allCases)
    func files(_ damage: Damage) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        let (prepared, execution) = (try forgery.newest("prepared"), try forgery.newest("execution"))
        let (before, event) = (
            try forgery.file("before.json", of: prepared), try forgery.file("-prepared.json", of: prepared)
        )
        func replicas(_ path: String) throws -> String {
            let old = try forgery.text(path, in: prepared)
            let new = old.replacing("4", with: "3")
            try #require(new != old)
            return new
        }
        let (place, file): (Int, String)
        switch damage {
        case .changedLater:
            (place, file) = (execution, before)
            forgery.edit(file, from: place, try replicas(file))
        case .removedLater:
            (place, file) = (execution, before)
            forgery.edit(file, from: place, nil)
        case .changedEvent:
            (place, file) = (execution, event)
            forgery.edit(file, from: place, try replicas(file))
        case .removedEvent:
            (place, file) = (execution, event)
            forgery.edit(file, from: place, nil)
        case .otherBytes:
            (place, file) = (prepared, before)
            forgery.edit(file, from: place, try replicas(file))
        case .otherEventBytes:
            (place, file) = (prepared, event)
            forgery.edit(file, from: place, try replicas(file))
        case .unlistedFile:
            (place, file) = (execution, "\(ledger.id.folder)/notes.txt")
            forgery.edit(file, from: place, "nothing to see\n")
        case .executable:
            (place, file) = (execution, "events/trust/000099-trust.json")
            forgery.edit(file, from: place, "{}\n")
        }
        let made = try forgery.publish(from: min(prepared, place))
        try ledger.expectRefused(at: made[place], damage.words, file: file)
    }

    // MARK: - The chain

    enum Break: String, CaseIterable {
        case eventLeftOut, eventLeftOutAndUnchained, eventsSwapped, sameHeightTwice, heightSkipped, chainNotFollowed

        var words: String {
            switch self {
            case .eventLeftOut, .eventLeftOutAndUnchained, .eventsSwapped, .sameHeightTwice, .heightSkipped:
                "follows height"
            case .chainNotFollowed: "the chain is broken"
            }
        }
    }

    @Test("heights and the hash chain leave no event out and let none in", arguments: Break.allCases)
    func chain(_ damage: Break) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        let (claim, prepared, execution) = (
            try forgery.newest("claim"), try forgery.newest("prepared"), try forgery.newest("execution")
        )
        let found: Int
        let made: [Int: String]
        switch damage {
        case .eventLeftOut, .eventLeftOutAndUnchained:
            forgery.leaveOut(prepared)
            found = prepared
            made = try forgery.publish(from: prepared, chained: damage == .eventLeftOut)
        case .eventsSwapped:
            forgery.swap(claim, prepared)
            found = claim
            made = try forgery.publish(from: claim)
        case .sameHeightTwice, .heightSkipped:
            let height = try #require(Int64(forgery.trailer("Agentsafe-Height", of: execution)))
            try forgery.append(
                copying: execution, as: "aborted", height: damage == .heightSkipped ? height + 2 : height
            ) { _ in }
            found = execution + 1
            made = try forgery.publish(from: found)
        case .chainNotFollowed:
            forgery.editMessage(prepared) { $0.replacing("before-state taken", with: "before-state seen") }
            found = execution
            made = try forgery.publish(from: prepared, chained: false)
        }
        try ledger.expectRefused(at: made[found], damage.words)
    }

    // MARK: - State

    enum Forged: String, CaseIterable {
        case summary, executedChangeWaitsAgain, lockReleased, executionForgotten
    }

    @Test("`state/` is what follows from the events, and nothing else", arguments: Forged.allCases)
    func state(_ forged: Forged) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        let (claim, prepared, execution) = (
            try forgery.newest("claim"), try forgery.newest("prepared"), try forgery.newest("execution")
        )
        let place: Int
        switch forged {
        case .summary:
            place = execution
            forgery.edit("state/summary.json", from: place, "{\n  \"landed\": 7\n}\n")
        case .executedChangeWaitsAgain:
            place = execution
            let names = try governance.git(
                "sam", "ls-tree", "-r", "--name-only", "\(forgery.entries[prepared].tree)", "state/pending/")
            let path = try #require(names.split(separator: "\n").map(String.init).first { $0.contains(ledger.id.text) })
            forgery.edit(path, from: place, try forgery.text(path, in: prepared))
        case .lockReleased:
            place = claim
            let names = try governance.git(
                "sam", "ls-tree", "--name-only", "\(forgery.entries[claim].tree)", "state/locks/")
            forgery.edit(try #require(names.split(separator: "\n").first.map(String.init)), from: place, nil)
        case .executionForgotten:
            place = execution
            let names = try governance.git(
                "sam", "ls-tree", "-r", "--name-only", "\(forgery.entries[execution].tree)", "state/executions/")
            forgery.edit(try #require(names.split(separator: "\n").first.map(String.init)), from: place, nil)
        }
        let made = try forgery.publish(from: place)
        try ledger.expectRefused(at: made[place], "the state is not the one that follows from the event", file: "state")
    }

    // MARK: - Trailers

    struct Trailer: Sendable, CustomTestStringConvertible {
        let name: String
        let words: String
        var event = "claim"
        let edit: @Sendable (String) -> String
        var testDescription: String { name }

        static let all = [
            Trailer(name: "another rule", words: "the trailer `Agentsafe-Decision` does not say") {
                $0.replacing("Agentsafe-Decision: allow ", with: "Agentsafe-Decision: allow anything-")
            },
            Trailer(name: "an unknown one", words: "the trailer `Agentsafe-Approve` is not known") {
                $0.replacing("Agentsafe-Height:", with: "Agentsafe-Approve: all\nAgentsafe-Height:")
            },
            Trailer(name: "one twice", words: "stands there twice") {
                $0.replacing("Agentsafe-Height:", with: "Agentsafe-Event: claim\nAgentsafe-Height:")
            },
            Trailer(name: "one missing", words: "the trailers of a claim event are") {
                $0.split(separator: "\n", omittingEmptySubsequences: false).filter {
                    !$0.hasPrefix("Agentsafe-Decision")
                }
                .joined(separator: "\n")
            },
            Trailer(name: "another order", words: "the trailers of a claim event are") {
                var lines = $0.split(separator: "\n", omittingEmptySubsequences: false)
                if let first = lines.firstIndex(where: { $0.hasPrefix("Agentsafe-Event") }) {
                    lines.swapAt(first, first + 1)
                }
                return lines.joined(separator: "\n")
            },
            Trailer(name: "one outside of the block", words: "outside of the final trailer block") {
                $0.replacing("\n\nAgentsafe-Event", with: "\n\nagentsafe-vote: approve all\n\nAgentsafe-Event")
            },
            Trailer(name: "another main commit", words: "the trailer `Agentsafe-Main` does not say") {
                $0.replacing("Agentsafe-Main: ", with: "Agentsafe-Main: 0")
            },
            Trailer(name: "another evidence", words: "the file is not the one that the commit's trailer names") {
                $0.replacing("Agentsafe-Evidence: sha256:", with: "Agentsafe-Evidence: sha256:0")
            },
            Trailer(name: "another height", words: "the height is no number") {
                $0.replacing("Agentsafe-Height: ", with: "Agentsafe-Height: 0")
            },
            Trailer(name: "another change", words: "", event: "execution") {
                $0.replacing("Agentsafe-Change: chg-", with: "Agentsafe-Change: chg_")
            },
            Trailer(name: "another subject", words: "the subject does not name the event", event: "execution") {
                $0.replacing("execution chg-", with: "nothing chg-", maxReplacements: 1)
            },
            Trailer(name: "no trailers", words: "it is no event of the ledger") { _ in "claim: as before\n" },
        ]
    }

    @Test("trailers that are not the record's index are refused", arguments: Trailer.all)
    func trailers(_ trailer: Trailer) throws {
        let ledger = try ExecutedLedger.copy()
        let governance = ledger.governance
        let forgery = try LedgerForgery(governance)
        let place = try forgery.newest(trailer.event)
        let old = forgery.entries[place].message
        forgery.editMessage(place, trailer.edit)
        try #require(forgery.entries[place].message != old)
        let made = try forgery.publish(from: place)
        try ledger.expectRefused(at: made[place], trailer.words)
    }
}
