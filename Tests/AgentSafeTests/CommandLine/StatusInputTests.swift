import ChangeModel
import Testing

@Suite("Asking where a change is")
struct StatusInputTests {
    @Test("waiting ends at the time limit, and a change that is not done is no success")
    func timeout() throws {
        let governance = try Governance()
        let allowed = try governance.propose()
        let awaiting = try governance.propose(target: "prod/api-server")
        for (id, status) in [(allowed, Int32(1)), (awaiting, 10)] {
            let start = governance.clock.now
            let result = try governance.expect(
                status, "sam", ["status", id.text, "--wait", "--timeout", "10s", "--output", "json"])
            #expect(try result.json["final"]?.boolValue == false)
            #expect(result.errors.contains("gave up waiting: the change is still"), "\(result)")
            #expect((10...14).contains(governance.clock.now - start))
        }
        try governance.refuse(2, "sam", ["status", allowed.text, "--timeout", "10s"], saying: "add `--wait`")
        try governance.refuse(
            2, "sam", ["status", allowed.text, "--wait", "--timeout", "soon"], saying: "is no duration")
    }

    @Test("waiting ends at once when the state is final, with the state's own exit code")
    func final() throws {
        let governance = try Governance()
        let done = try governance.execute()
        let rejected = try governance.propose(target: "prod/api-server")
        try governance.expect(0, "bob", ["reject", rejected.text, "--yes"])
        let start = governance.clock.now
        for (id, status, state) in [(done, Int32(0), "executed"), (rejected, 20, "rejected")] {
            let result = try governance.expect(status, "sam", ["status", id.text, "--wait", "--output", "json"])
            #expect(try result.json["state"]?.stringValue == state)
        }
        #expect(governance.clock.now == start)
    }

    @Test("every state has its exit code", arguments: [true, false])
    func states(isWithdrawn: Bool) throws {
        let governance = try Governance()
        let id = try governance.propose(target: "prod/api-server")
        try governance.git("sam", "fetch", "-q")
        try governance.expect(10, "sam", ["status", id.text])
        if isWithdrawn {
            try governance.expect(0, "agent", ["withdraw", id.text, "--yes"])
            #expect(try governance.state(of: id) == "withdrawn")
        } else {
            governance.clock.advance(24 * 3600 + 1)
            #expect(try governance.state(of: id) == "expired")
        }
        try governance.expect(20, "sam", ["status", id.text])
    }

    @Test("`show` tells the proposal itself, before and after its execution")
    func show() throws {
        let governance = try Governance()
        let id = try governance.propose()
        for isExecuted in [false, true] {
            if isExecuted {
                try governance.land(id)
                try governance.expect(0, "runner", ["run"] + governance.cluster())
            }
            try governance.git("sam", "fetch", "-q")
            let text = try governance.expect(0, "sam", ["show", id.text]).output
            for words in [
                "proposed by deploy-agent-01", "reason: \(Governance.reason)", "replicas: 6",
                "scale-deployment on staging/api-server",
            ] {
                #expect(text.contains(words), "\(text)")
            }
            let json = try governance.expect(0, "sam", ["show", id.text, "--output", "json"]).json
            #expect(json.at("change", "reason")?.stringValue == Governance.reason)
            #expect(json.at("change", "params", "replicas")?.integerValue == 6)
        }
    }
}
