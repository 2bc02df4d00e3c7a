import ChangeModel
import OperatingSystem
import Testing

@Suite("Threat 13: a ticket that is used again")
struct ThreatReusedTicket {
    @Test("a second claim with it is refused, by the command and by the rules, even when the first came to nothing")
    func twice() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        // The first claim dies before anything is prepared, and its lease ends.
        let ticket = try governance.ticket(scene.id, ["--ttl", "24h"])
        let path = try governance.file("run.jwt", ticket)
        let killed = try governance.spawn(
            "runner", ["run", scene.id.text, "--ticket", path] + governance.cluster(), fault: "request.send:1:kill")
        #expect(killed.status != 0)
        try #require(try governance.state(of: scene.id) == "claimed")
        governance.clock.advance(4000)
        let again = try scene.run(ticket)
        #expect(again.status == 20 && again.output.contains("used for an earlier claim"), "\(again)")
        #expect(try scene.run(try governance.ticket(scene.id)).status == 0)
        try governance.verifyEverywhere(0)
    }

    @Test("of two runners at once with one ticket, one runs the change")
    func atOnce() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        try governance.expect(
            0, "alice",
            [
                "identity", "add", "runner-2", "--kind", "service", "--role", "runner", "--key-file",
                governance.key("stranger") + ".pub", "--push",
            ])
        let ticket = try governance.ticket(scene.id)
        let path = try governance.file("run.jwt", ticket)
        _ = try governance.cluster()
        let first = try BackgroundProgram(
            governance, "runner", ["run", scene.id.text, "--ticket", path] + governance.cluster(),
            fault: "request.send:1:stop")
        try first.waitUntilStopped()
        let second = governance.agentsafe(
            "stranger", ["run", scene.id.text, "--ticket", path] + (try governance.cluster()))
        #expect(second.status == 1 && second.output.contains("claimed"), "\(second)")
        first.signal(18)
        #expect(try first.wait().status == 0)
        #expect(try governance.replicas() == 6)
        try governance.verifyEverywhere(0)
    }

    @Test("of many processes that use one ticket up on one folder, one succeeds; what dies on the way leaves it used")
    func consumedAtOnce() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        let path = try governance.file("ticket.jwt", scene.ticket)
        let script = """
            cd "$1" && shift && program="$1" && shift && folder="$1" && shift
            for number in $(seq -w 20); do
                ("$program" ticket verify "$@" > /dev/null 2>&1; echo $? > "$folder/$number") &
            done
            wait
            cat "$folder"/*
            """
        let folder = try governance.folder("results")
        var environment = governance.environment("bob")
        environment["AGENTSAFE_FAULT_CLOCK"] = String(governance.clockShift)
        let result = try Program.run(
            ["sh", "-c", script, "sh", governance.clone("bob"), try InstalledProgram.path(), folder, path]
                + governance.nonces, environment: environment, timeout: 120)
        let ends = result.outputText.split(separator: "\n").sorted()
        #expect(ends == ["0"] + [Substring](repeating: "20", count: 19), "\(ends)")
        // A process that dies before it could say so has used the ticket up.
        for (number, point) in ["folder.sync:1:kill", "file.stands:1:kill", "file.sync:1:kill"].enumerated() {
            let other = try governance.ticket(scene.id)
            let path = try governance.file("ticket-\(number).jwt", other)
            let killed = try governance.spawn("bob", ["ticket", "verify", path] + governance.nonces, fault: point)
            #expect(killed.status != 0 && killed.output.isEmpty, "\(point): \(killed)")
            let after = try governance.spawn("bob", ["ticket", "verify", path] + governance.nonces)
            #expect(after.status == 20 && after.output.contains("used"), "\(point): \(after)")
        }
        // One that dies before the file is there has not.
        let other = try governance.file("ticket-9.jwt", try governance.ticket(scene.id))
        let early = try governance.spawn(
            "bob", ["ticket", "verify", other] + governance.nonces, fault: "file.create:1:kill")
        #expect(early.status != 0)
        #expect(try governance.spawn("bob", ["ticket", "verify", other] + governance.nonces).status == 0)
    }

    @Test("a disk that is full, or a folder that cannot be used, accepts no ticket")
    func failsClosed() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        let path = try governance.file("ticket.jwt", scene.ticket)
        // What this clone accepts is remembered from now on, and so no disk is needed for that.
        try scene.expect(0, "valid", scene.ticket)
        for point in ["file.create", "file.write", "file.sync", "folder.sync", "folder.create", "lock.open"] {
            let other = try governance.file("other.jwt", try governance.ticket(scene.id))
            let full = try governance.spawn(
                "bob", ["ticket", "verify", other] + governance.nonces, fault: "\(point):1+:error:ENOSPC")
            #expect(full.status == 1 && full.output.isEmpty, "\(point): \(full)")
            #expect(full.errors.contains("must not be"), "\(point): \(full)")
        }
        let blocked = try governance.file("blocked", "")
        for folder in [blocked, "/proc/nonces", "\(blocked)/x"] {
            let result = governance.agentsafe("bob", ["ticket", "verify", path, "--consume", "--nonces", folder])
            #expect(result.status == 1 && result.output.isEmpty, "\(folder): \(result)")
        }
        // What says up to when tickets were forgotten must be readable.
        let folder = try governance.folder("damaged")
        try Files.create("\(folder)/cleared", Array("soon".utf8))
        let result = governance.agentsafe("bob", ["ticket", "verify", path, "--consume", "--nonces", folder])
        #expect(result.status == 1, "\(result)")
    }

    @Test("clearing away old tickets brings none back, whichever way the clock goes")
    func clocks() throws {
        let scene = try TicketScene()
        let governance = scene.governance
        let first = try governance.file("first.jwt", scene.ticket)
        func verify(_ path: String) -> CommandResult {
            governance.agentsafe("bob", ["ticket", "verify", path] + governance.nonces)
        }
        func names() throws -> [String] { try Files.list("\(governance.directory.path)/nonces") }
        #expect(verify(first).status == 0)
        #expect(verify(first).status == 20)
        governance.clock.advance(329)
        #expect(verify(first).output.contains("used"))
        governance.clock.advance(10)
        #expect(verify(first).output.contains("expired"))
        // The next one clears the first away, and the clock is set back.
        let second = try governance.file("second.jwt", try governance.ticket(scene.id))
        #expect(verify(second).status == 0)
        #expect(try names().count == 3)
        governance.clock.advance(-300)
        let back = verify(first)
        #expect(back.status == 20 && back.output.contains("not remembered any more"), "\(back)")
        #expect(verify(second).status == 20)
        // A leap of a year and back, too.
        let third = try governance.file("third.jwt", try governance.ticket(scene.id, ["--ttl", "24h"]))
        let fourth = try governance.file("fourth.jwt", try governance.ticket(scene.id, ["--ttl", "24h"]))
        #expect(verify(third).status == 0)
        governance.clock.advance(366 * 86_400)
        #expect(verify(fourth).output.contains("expired"))
        governance.clock.advance(-366 * 86_400)
        #expect(verify(third).status == 20)
        #expect(verify(fourth).status == 0)
    }
}
