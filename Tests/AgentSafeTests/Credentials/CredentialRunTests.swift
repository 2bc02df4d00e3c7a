import ChangeModel
import CryptoPrimitives
import OperatingSystem
import Testing

@testable import Ledger

@Suite("Credentials of a run")
struct CredentialRunTests {
    static let token = "Tok3n.Canary-Qx71-zeVer"
    private static let scope: JSONValue = [
        "namespace": "staging", "resources": ["deployments", "deployments/scale", "horizontalpodautoscalers", "pods"],
        "verbs": ["get", "list", "patch"],
    ]

    enum Backend: String, CaseIterable {
        case environment, file, exec
    }

    /// Sets up one backend; returns the variables with which the runner finds what it gives.
    private func setUp(_ backend: Backend, in governance: Governance) throws -> [String: String] {
        var lines = ["name: the-backend", "kind: \(backend.rawValue)", "types: [kubernetes]"]
        var variables: [String: String] = [:]
        switch backend {
        case .environment:
            lines.append("variable: KUBE_TOKEN")
            variables["KUBE_TOKEN"] = Self.token
        case .file:
            let path = "\(governance.directory.path)/token-of-staging"
            try Files.create(path, Array("\(Self.token)\n".utf8), mode: 0o600)
            lines.append("path: \"\(governance.directory.path)/token-of-{{ params.namespace }}\"")
        case .exec:
            let script = Governance.printing(Self.token, until: "2027-01-01T00:00:00Z")
            lines.append("command: \"\(try governance.program("plugin", "echo \(Self.token) >&2\n\(script)"))\"")
            lines.append("args: [\"--namespace\", \"{{ params.namespace }}\"]")
        }
        try governance.configureCredentials([lines])
        return variables
    }

    @Test(
        "are taken from each backend, and all that is recorded is where from, for what and until when",
        arguments: Backend.allCases)
    func backend(_ backend: Backend) throws {
        let governance = try Governance()
        let variables = try setUp(backend, in: governance)
        let id = try governance.propose()
        try governance.land(id)
        try governance.git("runner", "fetch", "-q")
        let said = [
            governance.agentsafe(
                "runner", ["credential", "resolve", id.text] + (try governance.cluster()), adding: variables),
            governance.agentsafe(
                "runner", ["credential", "test", id.text] + (try governance.cluster()), adding: variables),
            governance.agentsafe(
                "runner", ["run", "--output", "json"] + (try governance.cluster()), adding: variables),
            governance.agentsafe("sam", ["show", id.text]),
        ]
        for result in said { #expect(result.status == 0, "\(result)") }
        #expect(try governance.state(of: id) == "executed")
        var expected: JSONValue = ["backend": "the-backend", "type": "kubernetes", "scope": Self.scope]
        if backend == .exec { expected["expires"] = "2027-01-01T00:00:00Z" }
        #expect(try governance.recordedCredentials(of: id) == [expected])
        #expect(said[2].errors.contains("credential of type `kubernetes` from `the-backend`"))
        try governance.expectNowhere([Self.token], except: ["token-of-staging", "plugin"], in: said)
        try governance.expectVerified()
    }

    @Test("are asked for after the claim is at the remote, and not at all for what is denied or waits")
    func order() throws {
        let governance = try Governance()
        let asked = "\(governance.directory.path)/asked"
        let plugin = try governance.program(
            "plugin",
            """
            git --git-dir='\(governance.remote)' log -1 --format=%s ledger >> '\(asked)'
            echo "$KUBERNETES_EXEC_INFO $AGENTSAFE_CREDENTIAL_SCOPE" >> '\(asked)'
            \(Governance.printing(Self.token))
            """)
        try governance.configureCredentials([
            ["name: p", "kind: exec", "types: [kubernetes]", "command: \"\(plugin)\""]
        ])
        let waiting = try governance.propose(action: "restart-deployment", target: "prod/api-server", [])
        try governance.land(waiting)
        try governance.expect(10, "runner", ["run"] + governance.cluster())
        #expect(Files.kind(asked) == nil)
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(10, "runner", ["run"] + governance.cluster())
        let lines = String(decoding: try Files.read(asked), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("claim \(id): "))
        #expect(
            lines[1] == "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
                + "\"spec\":{\"interactive\":false}} \(Self.scope.canonicalText)")
    }

    /// What a program may do wrong, and a word of what is said about it.
    static let faults: [(script: String, words: String)] = [
        ("echo '\(token)' >&2; exit 3", "ended with status 3"),
        ("echo '\(token)'", "printed no JSON object"),
        (Governance.printing(token).replacing("/v1\"", with: "/v1alpha1\""), "printed no ExecCredential"),
        (Governance.printing("").replacing("status", with: "spec"), "without `status`"),
        (Governance.printing(""), "without a token"),
        (Governance.printing(token, until: "2020-01-01T00:00:00Z"), "expired at 2020-01-01T00:00:00Z"),
        (Governance.printing(token, until: "soon"), "no time like"),
        (Governance.printing("\(token)\",\"clientKeyData\":\"x"), "client certificate"),
        (Governance.printing("\(token) \(token)"), "no bearer token"),
        ("yes '\(token)' | head -c 200000", "printed more than"),
        ("exec sleep 60", "did not end within 1 seconds"),
    ]

    @Test(
        "that a program cannot give end the run before anything is asked of the target, without a word of what it printed"
    )
    func faults() throws {
        let governance = try Governance()
        let plugin = try governance.program("plugin", "exit 1")
        try governance.configureCredentials([
            ["name: p", "kind: exec", "types: [kubernetes]", "command: \"\(plugin)\"", "timeout: 1"]
        ])
        let id = try governance.propose()
        try governance.land(id)
        _ = try governance.cluster()
        let before = try Files.read(governance.clusterFile)
        var said: [CommandResult] = []
        for fault in Self.faults {
            try Files.writeAtomically(plugin, Array("#!/bin/sh\n\(fault.script)\n".utf8), mode: 0o755)
            let result = try governance.expect(1, "runner", ["run"] + governance.cluster())
            #expect(result.output.contains("aborted") && result.output.contains(fault.words), "\(fault): \(result)")
            said.append(result)
        }
        #expect(try Files.read(governance.clusterFile) == before)
        try governance.expectNowhere([Self.token], except: ["plugin"], in: said)
        // What failed blocks nothing.
        try Files.writeAtomically(plugin, Array("#!/bin/sh\n\(Governance.printing(Self.token))\n".utf8), mode: 0o755)
        try governance.expect(0, "runner", ["run"] + governance.cluster())
    }

    @Test("that are missing end a run where main demands them, and where a file could be anybody's")
    func missing() throws {
        let governance = try Governance()
        let path = "\(governance.directory.path)/token"
        try governance.configureCredentials(
            required: true,
            [
                ["name: v", "kind: environment", "types: [kubernetes]", "environments: [dev]", "variable: KUBE_TOKEN"],
                ["name: f", "kind: file", "types: [kubernetes]", "environments: [staging]", "path: \"\(path)\""],
            ])
        let id = try governance.propose()
        let other = try governance.propose(action: "restart-deployment", target: "prod/api-server", [])
        try governance.land(id)
        func run(_ words: String) throws {
            let result = try governance.expect(1, "runner", ["run", id.text] + governance.cluster())
            #expect(result.output.contains("aborted") && result.output.contains(words), "\(result)")
        }
        try run("there is no file")
        try Files.create(path, Array(Self.token.utf8), mode: 0o666)
        try Files.setPermissions(path, 0o666)
        try run("others than its owner can write")
        try Files.setPermissions(path, 0o600)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.git("runner", "fetch", "-q")
        let result = governance.agentsafe("runner", ["credential", "resolve", other.text] + (try governance.cluster()))
        #expect(result.status == 1 && result.output.contains("`credentials.required`"), "\(result)")
    }

    @Test("lie where the machine says only if main lets it say so", arguments: [true, false])
    func local(_ isLocal: Bool) throws {
        let governance = try Governance()
        let lines = ["name: by-machine", "kind: environment", "types: [kubernetes]", "variable: NOWHERE"]
        try governance.configureCredentials([lines + (isLocal ? ["local: true"] : [])])
        let id = try governance.propose()
        try governance.land(id)
        let result = governance.agentsafe(
            "runner", ["run"] + (try governance.cluster()),
            adding: ["AGENTSAFE_CREDENTIAL_BY_MACHINE": "HERE", "HERE": Self.token])
        #expect(result.status == (isLocal ? 0 : 1), "\(result)")
        #expect(result.output.contains("`NOWHERE` is not set") != isLocal)
    }

    @Test("are no place to hide a secret in: a record with anything else in it is refused by every reader")
    func forged() throws {
        let record: JSONValue = ["backend": "b", "type": "kubernetes", "scope": [:], "expires": "2027-01-01T00:00:00Z"]
        func with(_ key: String, _ value: JSONValue?) -> JSONValue {
            var record = record
            record[key] = value
            return record
        }
        let governance = try Governance()
        let id = try governance.propose()
        try governance.land(id)
        let bad: [JSONValue] = [
            [], "x", [with("token", "x")], [with("backend", "a b")], [with("scope", "x")], [with("expires", "soon")],
            [with("scope", ["x": .string(String(repeating: "x", count: 20_000))])], [with("type", nil)], [record, 1],
        ]
        for credentials in bad {
            let desk = try LedgerDesk(governance)
            try desk.append(desk.claim(id))
            #expect(throws: LedgerError.self, "\(credentials)") {
                try desk.append(desk.prepared(id) { $0["credentials"] = credentials })
            }
        }
        let desk = try LedgerDesk(governance)
        try desk.append(desk.claim(id))
        try desk.append(desk.prepared(id) { $0["credentials"] = [record, with("expires", nil)] })
    }
}
