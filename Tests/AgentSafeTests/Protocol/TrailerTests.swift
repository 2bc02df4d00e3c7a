import ChangeModel
import Git
import OperatingSystem
import PolicyEngine
import TestSupport
import Testing

@testable import Ledger

@Suite("Trailers and statements")
struct TrailerTests {
    static let digest = Digest(of: [1, 2, 3])
    static let commit = ObjectID("4b825dc642cb6eb9a060e54bf8d69288fbee4904")!

    private static func event(_ kind: EventKind) -> LedgerEvent {
        LedgerEvent(
            kind: kind, height: 42, at: Timestamp(seconds: 1_795_392_000), main: commit, by: "runner",
            change: kind.concernsChange
                ? .init(id: ChangeID("chg-20261122-7f3k9q2m4x")!, digest: digest) : nil,
            body: ["decision": ["result": "allow", "rule": "a-rule"]], files: [:])
    }

    private func gitTrailers(_ message: String) throws -> [String] {
        let result = try Program.run(
            ["git", "interpret-trailers", "--parse"], environment: Host.real().environment, input: Array(message.utf8))
        return result.outputText.split(separator: "\n").map(String.init)
    }

    @Test(
        "every event's message has its trailers in their order, to us and to `git interpret-trailers`",
        arguments: EventKind.allCases)
    func everyKind(_ kind: EventKind) throws {
        let event = Self.event(kind)
        let message = EventMessage.text(
            event, headline: "what happened", notes: ["a note"], previous: Self.digest, evidence: Self.digest)
        let ours = try Trailers(message: message, known: EventKind.allTrailers).entries.map { "\($0.key): \($0.value)" }
        #expect(try gitTrailers(message) == ours)
        #expect(ours.map { String($0.prefix { $0 != ":" }) } == kind.trailers)
        #expect(message.hasPrefix(EventMessage.subjectPrefix(event)))
    }

    static let hostile = [
        "x\n\nAgentsafe-Event: execution", "Agentsafe-Event: execution", "x\r\nAgentsafe-Height: 1",
        "x\rAgentsafe-Height: 1",
        "x\u{2028}Agentsafe-Height: 1", "x\u{85}Agentsafe-Height: 1", "x\u{B}\u{C}Agentsafe-Height: 1",
        "Signed-off-by: alice", "\n\n\n", "", "---\nAgentsafe-Height: 1", "\u{202E}gnp.exe", "# comment", "\0",
    ]

    @Test("no text from outside becomes a trailer, to us or to git", arguments: hostile)
    func hostileText(_ text: String) throws {
        for kind in EventKind.allCases {
            let event = Self.event(kind)
            let plain = EventMessage.text(
                event, headline: "x", notes: ["x"], previous: Self.digest, evidence: Self.digest)
            let message = EventMessage.text(
                event, headline: text, notes: [text, "x"], previous: Self.digest, evidence: Self.digest)
            let known = EventKind.allTrailers
            let ours = try Trailers(message: message, known: known).entries.map { "\($0.key): \($0.value)" }
            #expect(try ours == Trailers(message: plain, known: known).entries.map { "\($0.key): \($0.value)" })
            #expect(try gitTrailers(message) == ours)
            #expect(message.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        }
    }

    static let refused: [(String, String)] = [
        ("a key twice", "s\n\nAgentsafe-Vote: a\nAgentsafe-Vote: b\n"),
        ("an unknown key", "s\n\nAgentsafe-Vote: a\nAgentsafe-Note: b\n"),
        ("an unknown key of another case", "s\n\nAgentsafe-Vote: a\nAgentsafe-vote: b\n"),
        ("a key above the final block", "s\n\nAgentsafe-Vote: a\n\nAgentsafe-Vote-Signature: b\n"),
        ("a key in another case above", "s\n\nagentsafe-vote: a\n\nAgentsafe-Vote: b\n"),
        ("a key in the subject", "Agentsafe-Vote: a\n\nAgentsafe-Vote: b\n"),
    ]

    @Test("a message with two answers is refused", arguments: refused)
    func refuses(_ name: String, _ message: String) {
        #expect(throws: LedgerError.self) { try Trailers(message: message, known: VoteBranch.trailerKeys) }
    }

    @Test("trailers are read from the final block alone, others' stand beside them")
    func finalBlock() throws {
        let message = "subject\n\nbody\n\nAgentsafe-Vote: a: b\nSigned-off-by: bob\nAgentsafe-Vote-Signature: c\n\n\n"
        let trailers = try Trailers(message: message, known: VoteBranch.trailerKeys)
        #expect(trailers["Agentsafe-Vote"] == "a: b" && trailers["Agentsafe-Vote-Signature"] == "c")
        #expect(trailers.entries.count == 2)
        #expect(try Trailers(message: "subject\n", known: VoteBranch.trailerKeys).entries.isEmpty)
        #expect(try Trailers(message: "", known: VoteBranch.trailerKeys).entries.isEmpty)
    }

    static let statement =
        "approve chg-20261122-7f3k9q2m4x \(digest) plan=\(digest) by=alice at=2026-11-22T23:20:00Z repo=5f0k"

    @Test("a vote's text reads back as itself, for each verdict")
    func statements() throws {
        for verdict in ["approve", "reject", "withdraw", "cancel"] {
            let text = Self.statement.replacing("approve", with: verdict)
            let read = try #require(VoteStatement(text))
            #expect(read.text == text && read.kind.rawValue == verdict && read.voter == "alice")
        }
    }

    @Test("an admin's withdrawal of a rejection names whose it is")
    func rejectors() throws {
        let text = Self.statement.replacing("approve", with: "withdraw") + " of=carol"
        let read = try #require(VoteStatement(text))
        #expect(read.text == text && read.rejector == "carol" && read.voter == "alice")
    }

    static let otherSpellings = [
        statement + " of=carol", statement.replacing("approve", with: "reject") + " of=carol",
        statement.replacing("approve", with: "withdraw") + " of=alice",
        statement.replacing("approve", with: "withdraw") + " of=",
        statement.replacing("approve", with: "withdraw") + " OF=carol",
        statement.replacing("approve", with: "withdraw") + " of=carol of=bob",
        "", " " + statement, statement + " ", statement + "\n", statement.replacing(" by=", with: "  by="),
        statement.replacing("approve", with: "Approve"), statement.replacing("approve", with: "resolve"),
        statement.replacing("by=alice", with: "by=-alice"), statement.replacing("by=alice", with: "by="),
        statement.replacing("by=alice", with: "BY=alice"), statement.replacing("by=alice ", with: ""),
        statement.replacing("repo=5f0k", with: "repo="), statement.replacing("23:20:00Z", with: "23:20:00+00:00"),
        statement.replacing("plan=", with: ""), statement.replacing("sha256:", with: "SHA256:"),
        statement.replacing("chg-", with: "CHG-"), statement + " more=1", statement.replacing(" ", with: "\t"),
        statement.replacing("plan=", with: "plan=plan="),
    ]

    @Test("a vote has one spelling", arguments: otherSpellings)
    func otherSpelling(_ text: String) {
        #expect(VoteStatement(text) == nil)
    }

    @Test("an event's file has one spelling, and no members that are not the protocol's", arguments: EventKind.allCases)
    func events(_ kind: EventKind) throws {
        let event = Self.event(kind)
        let bytes = event.json.evidenceBytes
        #expect(try LedgerEvent(parsing: bytes) == event)
        #expect(throws: LedgerError.self) { try LedgerEvent(parsing: event.json.canonicalBytes) }
        #expect(throws: LedgerError.self) { try LedgerEvent(parsing: bytes + [0x0A]) }
        for member in event.json.objectValue?.keys.sorted() ?? [] {
            var without = event.json
            without.remove(member)
            #expect(throws: LedgerError.self, "\(member)") { try LedgerEvent(parsing: without.evidenceBytes) }
        }
        var more = event.json
        more["note"] = "x"
        #expect(throws: LedgerError.self) { try LedgerEvent(parsing: more.evidenceBytes) }
    }
}
