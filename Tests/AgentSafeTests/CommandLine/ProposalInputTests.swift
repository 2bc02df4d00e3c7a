import ChangeModel
import Testing

@Suite("What a proposal may say")
struct ProposalInputTests {
    private static func words(
        action: String = "scale-deployment", target: String = "staging/api-server", _ params: [String] = ["replicas=6"],
        reason: String = Governance.reason
    ) -> [String] {
        ["propose", action, "--target", target, "--reason=\(reason)"] + params.map { "--param=\($0)" }
    }

    @Test("a malformed param is wrong usage")
    func malformedParams() throws {
        let governance = try Governance()
        for (param, words) in [
            ("novalue", "`--param` takes NAME=VALUE, not `novalue`"), ("=6", "is no name for a param"),
            ("a b=6", "`a b` is no name for a param"), ("--force=6", "`--force` is no name for a param"),
            ("\u{1B}[0m=6", "is no name for a param"),
        ] {
            try governance.refuse(2, "agent", Self.words([param]), saying: words)
            try governance.refuse(2, "agent", ["check", "scale-deployment", "--param=\(param)"], saying: words)
        }
        try governance.refuse(
            2, "agent", Self.words(["replicas=6", "replicas=6"]), saying: "param `replicas` is given twice")
    }

    @Test("what the policy denies is not written, and the answer says what was meant")
    func denied() throws {
        let governance = try Governance()
        let before = try Fingerprint([governance.clone("agent"), governance.remote])
        for (arguments, code, words) in [
            (Self.words([]), "param_invalid", "`replicas` is required and missing"),
            (Self.words(["replicas=6", "replica=6"]), "param_invalid", "did you mean `replicas`?"),
            (Self.words(["replicas=six"]), "param_invalid", "`replicas` expected integer, got string"),
            (Self.words(["replicas=6.5"]), "param_invalid", "`replicas` expected integer"),
            (Self.words(["replicas=1000"]), "param_invalid", "`replicas`"),
            (Self.words(["replicas=0x"]), "param_invalid", "`replicas` expected integer"),
            (Self.words(action: "scale-deploymnt"), "unknown_action", "did you mean `scale-deployment`?"),
            (Self.words(action: "Scale;rm -rf"), "unknown_action", "no action `Scale;rm -rf`"),
            (Self.words(target: "staging/api-serve"), "param_invalid", "did you mean `staging/api-server`?"),
            (Self.words(target: "../../etc/passwd"), "param_invalid", "`../../etc/passwd` is not in the inventory"),
            (Self.words(target: "staging/app-config"), "param_invalid", "`deployment` is required and missing"),
            (Self.words(["replicas=6", "namespace=prod"]), "target_binding", "namespace"),
        ] {
            let text = governance.agentsafe("agent", arguments)
            #expect(text.status == 20 && text.errors.isEmpty, "\(arguments): \(text)")
            #expect(text.output.contains(words), "\(arguments): \(text)")
            #expect(text.output.contains("not proposed") && text.output.contains("nothing was written"), "\(text)")
            let json = governance.agentsafe("agent", arguments + ["--output", "json"])
            #expect(json.status == 20)
            #expect(try json.json.at("decision", "code")?.stringValue == code, "\(arguments): \(json)")
            #expect(try json.json["written"]?.boolValue == false)
        }
        #expect(try Fingerprint([governance.clone("agent"), governance.remote]) == before)
    }

    @Test("what no change file can say is wrong usage: control characters, line breaks, steering marks, lengths")
    func unsayable() throws {
        let governance = try Governance()
        for (reason, words) in [
            ("", "the reason is empty"), ("   ", "the reason is empty"), ("a\u{1B}[31mred", "U+001B"),
            ("a\nb", "U+000A"),
            ("a\rb", "U+000D"), ("a\u{202E}b", "U+202E"), ("a\u{2028}b", "U+2028"), ("a\u{85}b", "U+0085"),
            ("a\u{0}b", "U+0000"),
            ("\u{FEFF}a", "U+FEFF"), ("a\u{E000}b", "U+E000"),
            (String(repeating: "a", count: 2001), "longer than 2000 characters"),
            (String(repeating: "a", count: 1_000_000), "longer than 2000 characters"),
        ] {
            let result = try governance.refuse(2, "agent", Self.words(reason: reason), saying: words)
            #expect(result.errors.utf8.count < 300, "\(result)")
        }
        try governance.refuse(
            2, "agent", Self.words() + ["--ticket=a\u{1B}"], saying: "`ticket`: a ticket is 1 to 100 printable")
        let value = [
            "propose", "update-configmap", "--target", "staging/app-config", "--reason", "x", "--param", "key=a",
        ]
        try governance.refuse(
            2, "agent", value + ["--param", "value=a\u{1B}[0m"], saying: "param `value`", "U+001B", "remove it")
    }

    @Test("a longest reason in several scripts is kept as it is")
    func sayable() throws {
        let governance = try Governance()
        for reason in [
            String(repeating: "a", count: 2000), "Größe verdoppelt; 待ち行列", "\"quoted\" \\ # : - {x}", "--force",
            "$(id) `id` {{ x }}",
        ] {
            let result = try governance.expect(0, "agent", Self.words(reason: reason) + ["--output", "json"])
            let id = try #require(try result.json["id"]?.stringValue)
            let show = try governance.expect(0, "agent", ["show", id, "--output", "json"])
            #expect(try show.json.at("change", "reason")?.stringValue == reason)
        }
    }

    @Test("a life of nothing, of no unit, or beyond the repository's limit is wrong usage")
    func lifetimes() throws {
        let governance = try Governance()
        for text in ["0h", "0s", "-1h", "1", "h", "1w", "1.5h", "", "1000000d", "9223372036854775807d", "1h\u{1B}"] {
            try governance.refuse(
                2, "agent", Self.words() + ["--expires=\(text)"], saying: "is no duration; write 90s, 30m, 24h or 7d")
        }
        for text in ["8d", "999999d"] {
            try governance.refuse(
                2, "agent", Self.words() + ["--expires", text], saying: "at most 604800 seconds", "--expires")
        }
        for text in ["1s", "7d"] { try governance.expect(0, "agent", Self.words() + ["--expires", text]) }
    }

    @Test("`--anyway` writes what the policy denies, and the exit code still says so")
    func anyway() throws {
        let governance = try Governance()
        let result = try governance.expect(
            20, "agent", Self.words(["replicas=1000"]) + ["--anyway", "--push", "--output", "json"])
        #expect(try result.json["written"]?.boolValue == true && result.json["pushed"]?.boolValue == true)
        let id = try #require(try result.json["id"]?.stringValue.flatMap { ChangeID($0) })
        #expect(try governance.state(of: id) == "denied")
        try governance.expect(20, "sam", ["gate", "--head", "origin/\(id.branch)"])
    }

    @Test("an unknown caller of `check` is told so, with the name that was meant")
    func strangers() throws {
        let governance = try Governance()
        let words = ["check", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--as"]
        #expect(try governance.expect(0, "sam", words + ["deploy-agent-01"]).errors.isEmpty)
        let stranger = try governance.expect(20, "sam", words + ["deploy-agent-1"])
        #expect(stranger.errors.hasPrefix("note: `deploy-agent-1` is not in identities.yaml"))
        #expect(stranger.errors.hasSuffix("did you mean `deploy-agent-01`?"))
        try governance.expect(0, "sam", words + ["somebody", "--role", "deployer"])
    }
}
