import ChangeModel
import HTTP
import Kubectl
import OperatingSystem
import Runner
import TestSupport
import Testing

@testable import KubernetesExecutor

/// A param that carries an option to a program, or shell syntax: it reaches kubectl as what it is, or not at all. `kubectl` is a
/// script here that writes down what it was called with, so no server is needed.
@Suite("ThreatOptionInCommand")
struct ThreatOptionInCommand {
    private let directory: TemporaryDirectory
    private let streams: KubectlStreams

    init() throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        let kubectl = try directory.write(
            "kubectl", "#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done > \"$TRACE\"\nenv > \"$TRACE.env\"\n",
            mode: 0o755)
        var host = Host.real()
        host.environment = [
            "PATH": "\(directory.path):/usr/bin:/bin", "TRACE": directory.file("trace"), "AGENTSAFE_KEY": "hunter2",
        ]
        let program = KubectlProgram(path: kubectl, kubeconfig: directory.file("config"), context: "--all", host: host)
        streams = KubectlStreams(program: { () throws(ExecutionError) in program! })
    }

    private func words() throws -> [String] {
        try Files.read(directory.file("trace")).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("what an agent may choose is never an option of kubectl's")
    func options() throws {
        let command = ["--token=x", "-n", "kube-system", "$(id)", "`id`", "a;b", "--", "\n"]
        let end = try streams.run(
            PodCommand(namespace: "staging", pod: "web", container: "app", words: command), seconds: 20)
        #expect(end.exitCode == 0)
        #expect(
            try words()
                == [
                    "--kubeconfig=\(directory.file("config"))", "--context=--all", "exec", "--namespace=staging",
                    "pod/web", "--container=app", "--",
                ] + command)
    }

    @Test("settings of agentsafe stay here")
    func environment() throws {
        _ = try streams.run(PodCommand(namespace: "staging", pod: "web", container: nil, words: ["true"]), seconds: 20)
        let environment = String(decoding: try Files.read(directory.file("trace.env")), as: UTF8.self)
        #expect(environment.contains("TRACE=") && !environment.contains("hunter2"))
    }

    @Test(
        "names that are none are refused before kubectl is started",
        arguments: [
            ["pod": "--all"], ["pod": "-n"], ["pod": "web/../x"], ["pod": ""], ["namespace": "--context=prod"],
            ["container": "-c"], ["container": "a b"], ["command": .array([])], ["command": [""]],
            ["command": ["a\u{0}b"]], ["command": [1]], ["command": "ls"],
        ] as [[String: JSONValue]])
    func names(_ wrong: [String: JSONValue]) throws {
        let executor = KubernetesExecutor(
            transport: NoTransport(), evidenceKey: Performer.key, streams: streams, sleep: { _ in }, now: { 0 })
        let right: [String: JSONValue] = ["namespace": "staging", "pod": "web", "command": ["ls"]]
        let step = ExecutionStep(
            action: try #require(try DefaultCatalogue.made.get().actions["exec-pod"]),
            target: Performer.target("k8s-pod"), parameters: right.merging(wrong) { $1 })
        let error = #expect(throws: ExecutionError.self) { try executor.confirmIdentity(of: step) }
        #expect(error?.code == .invalid && Files.kind(directory.file("trace")) == nil)
    }

    @Test(
        "the allow list takes whole commands, and open ends only where it says so",
        arguments: [
            ("", ["ls"], false), ("ls", ["ls"], true), ("ls", ["ls", "-l"], false), ("ls", ["lsof"], false),
            ("ls *", ["ls", "-l", "/"], true), ("ls *", ["ls"], true), ("cat /etc/hosts", ["cat", "/etc/hosts"], true),
            ("cat /etc/hosts", ["cat", "/etc/shadow"], false), ("cat /etc *", ["cat", "/etc/shadow"], false),
            ("ls, uptime", ["uptime"], true), ("*", ["rm", "-rf", "/"], false), ("*", ["*"], true),
            ("cat /etc/hosts", ["cat /etc/hosts"], false), (", ,", [""], false), ("ls *", ["/tmp/ls"], false),
        ] as [(String, [String], Bool)])
    func allowList(_ label: String, _ command: [String], _ isAllowed: Bool) {
        #expect(CommandAllowList(labels: ["exec-commands": label]).allows(command) == isAllowed)
    }
}

/// A server that must not be asked.
private final class NoTransport: HTTPTransport {
    func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        Issue.record("\(request.method) \(request.target)")
        throw HTTPError(code: .cannotConnect, mayHaveBeenApplied: false, message: "not here")
    }
}
