import OperatingSystem
import Testing

@Suite("A remote that never answers")
struct SilentRemoteTests {
    /// A server that takes the connection and says nothing.
    private func silence(_ governance: Governance, _ actor: String) throws -> [String: String] {
        let script = governance.directory.file("silent-ssh")
        try Files.writeAtomically(script, Array("#!/bin/sh\nexec sleep 300\n".utf8), mode: 0o755)
        try governance.git(actor, "remote", "set-url", "origin", "ssh://silent.invalid/repository.git")
        return ["GIT_SSH_COMMAND": script, "AGENTSAFE_TIMEOUT": "1"]
    }

    @Test("a run and a proposal are given up at the time limit, with one line")
    func givenUp() throws {
        let governance = try Governance()
        for (actor, words) in [("runner", ["run"] + (try governance.cluster())), ("agent", ["setup"])] {
            let variables = try silence(governance, actor)
            let result = try governance.expect(1, actor, words, adding: variables)
            #expect(result.output.isEmpty)
            #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
            #expect(
                result.errors.hasPrefix(
                    "agentsafe: cannot fetch from `ssh://silent.invalid/repository.git`: no answer within 1 seconds"),
                "\(result)")
        }
        let proposed = try governance.expect(
            1, "agent", Governance.proposal + ["--push"], adding: try silence(governance, "agent"))
        #expect(
            proposed.errors.contains("cannot push to `ssh://silent.invalid/repository.git`: no answer within 1 sec"))
        #expect(proposed.errors.contains("the proposal is on the local branch"), "\(proposed)")
    }

    @Test("the limit is a setting of git's, too; what is no number of seconds is refused")
    func setting() throws {
        let governance = try Governance()
        var variables = try silence(governance, "runner")
        variables["AGENTSAFE_TIMEOUT"] = nil
        try governance.git("runner", "config", "agentsafe.timeout", "2")
        let result = try governance.expect(1, "runner", ["run"], adding: variables)
        #expect(result.errors.contains("no answer within 2 seconds"), "\(result)")
        for wrong in ["0", "-1", "1.5", "soon", "86401", "99999999999999999999"] {
            try governance.refuse(
                2, "runner", ["run"], saying: "`\(wrong)` is no number of seconds from 1 to 86400",
                adding: ["AGENTSAFE_TIMEOUT": wrong])
        }
    }
}
