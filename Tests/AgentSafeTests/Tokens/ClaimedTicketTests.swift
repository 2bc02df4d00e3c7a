import ChangeModel
import Testing

@testable import Ledger

@Suite("A claim and its execution ticket")
struct ClaimedTicketTests {
    private func refusal(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("a ticket's digest is recorded once for all claims of a change, in its one form, and nothing else is")
    func once() throws {
        let governance = try Governance()
        let id = try governance.landed()
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id))
        let ticket = JSONValue.string(Digest(of: [1]).description)
        for value in ["x", .null, true, 1, [ticket], .string(String(Digest(of: [1]).hexadecimal))] as [JSONValue] {
            let words = refusal { try desk.append(try desk.claim(id) { $0["ticket"] = value }) }
            #expect(words?.contains("`ticket` is the digest") == true, "\(value): \(words ?? "taken")")
        }
        #expect(
            refusal { try desk.append(try desk.claim(id) { $0["tickets"] = ticket }) }?.contains("not those of a claim")
                == true)
        try desk.append(try desk.claim(id) { $0["ticket"] = ticket })
        try desk.append(try desk.aborted(id))
        let again = refusal { try desk.append(try desk.claim(id) { $0["ticket"] = ticket }) }
        #expect(again?.contains("used for an earlier claim") == true, "\(again ?? "taken")")
        try desk.append(try desk.claim(id) { $0["ticket"] = .string(Digest(of: [2]).description) })
        try desk.append(try desk.aborted(id))
        // Without one, as long as none is demanded.
        try desk.append(try desk.claim(id))
        try desk.push()
        try governance.verifyEverywhere(0)
    }

    @Test("where main demands tickets, a claim without one is no claim for anybody")
    func demanded() throws {
        let governance = try Governance()
        let text = try governance.read("alice", "agentsafe.yaml")
        try governance.write("alice", "agentsafe.yaml", text + "tickets: {require: true}\n")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Demand tickets", "--push"])
        let id = try governance.landed()
        let desk = try LedgerDesk(governance)
        try desk.append(try desk.decision(id))
        let words = refusal { try desk.append(try desk.claim(id)) }
        #expect(words?.contains("nothing runs here without an execution ticket") == true, "\(words ?? "taken")")
        try desk.append(try desk.claim(id) { $0["ticket"] = .string(Digest(of: [1]).description) })
    }
}
