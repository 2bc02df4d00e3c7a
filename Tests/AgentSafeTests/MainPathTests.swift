import ChangeModel
import OperatingSystem
import Testing

@Suite("From proposal to rollback")
struct MainPathTests {
    @Test("an allowed change is proposed, landed, executed, recorded, and proved by everybody")
    func allowed() throws {
        let governance = try Governance()
        let id = try governance.propose()
        #expect(try governance.state(of: id) == "proposed")
        try governance.land(id)
        #expect(try governance.state(of: id) == "landed")
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(try governance.state(of: id) == "executed")
        for actor in ["alice", "sam", "stranger"] {
            try governance.git(actor, "fetch", "-q")
            let report = try governance.expect(0, actor, ["verify", "--output", "json"]).json
            #expect(report.at("ledger", "events", "execution")?.integerValue == 1)
        }
    }

    @Test("an allowed change costs five pushes, its proposal and its landing included")
    func fivePushes() throws {
        let governance = try Governance()
        try governance.execute(replicas: 4)
        let log = "\(governance.directory.path)/pushes"
        let hook = "\(governance.remote)/hooks/post-receive"
        try Files.createDirectory("\(governance.remote)/hooks")
        try Files.writeAtomically(hook, Array("#!/bin/sh\necho push >> '\(log)'\n".utf8), mode: 0o755)
        try governance.execute(replicas: 6)
        let pushes = String(decoding: try Files.read(log), as: UTF8.self).split(separator: "\n").count
        #expect(pushes == 5)
    }

    @Test(
        "a change in production waits for an approver, runs after the signed merge, and is rolled back by its recorded pair"
    )
    func approvedAndRolledBack() throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server", ["replicas=5"])
        #expect(try governance.state(of: id) == "awaiting_approval")
        try governance.git("sam", "fetch", "-q")
        try governance.expect(10, "sam", ["gate", "--head", "origin/\(id.branch)"])
        try governance.expect(0, "bob", ["approve", id.text, "--yes"])
        #expect(try governance.state(of: id) == "approved")
        try governance.git("sam", "fetch", "-q")
        try governance.expect(0, "sam", ["gate", "--head", "origin/\(id.branch)"])
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())

        let rollback = try governance.expect(0, "agent", ["rollback", id.text, "--push", "--output", "json"]).json
        let back = try #require(rollback["id"]?.stringValue.flatMap { ChangeID($0) })
        #expect(rollback.at("params", "replicas")?.integerValue == 4)
        #expect(try governance.state(of: back) == "awaiting_approval")
        try governance.expect(0, "bob", ["approve", back.text, "--merge", "--yes"])
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        #expect(try governance.state(of: back) == "executed")
        let story = try governance.git("sam", "log", "--format=%s", "origin/ledger")
        #expect(story.contains("execution \(back): scale-deployment on prod/api-server succeeded"))
        try governance.expect(0, "sam", ["verify"])
    }
}
