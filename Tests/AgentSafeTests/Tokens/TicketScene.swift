import ChangeModel
import Testing

/// A change that may run, and a genuine ticket for it.
struct TicketScene {
    let governance: Governance
    let id: ChangeID
    let ticket: String

    init() throws {
        governance = try Governance()
        id = try governance.landed()
        ticket = try governance.ticket(id)
        try governance.git("bob", "fetch", "-q")
    }

    /// The code that `ticket verify` gives for a token, and its exit code.
    func verdict(_ token: String, _ options: [String] = [], by actor: String = "bob") throws -> (Int32, String) {
        let path = try governance.file("ticket.jwt", token)
        let result = governance.agentsafe(actor, ["ticket", "verify", path, "--output", "json"] + options)
        let json = try result.json
        return (result.status, json["code"]?.stringValue ?? (json["valid"] == true ? "valid" : "\(result)"))
    }

    func expect(
        _ status: Int32, _ code: String, _ token: String, _ options: [String] = [],
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let found = try verdict(token, options)
        #expect(found == (status, code), sourceLocation: sourceLocation)
    }

    func run(_ token: String, _ id: ChangeID? = nil) throws -> CommandResult {
        let path = try governance.file("run.jwt", token)
        return governance.agentsafe(
            "runner", ["run", (id ?? self.id).text, "--ticket", path] + (try governance.cluster()))
    }
}
