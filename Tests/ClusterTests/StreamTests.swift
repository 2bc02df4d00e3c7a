import ChangeModel
import HTTP
import Kubectl
import KubernetesExecutor
import OperatingSystem
import Runner
import TestSupport
import Testing

/// exec and port-forward through a real kubectl and a real API server; only the container is a process of this machine.
@Suite("streams into pods", .enabled(if: RealCluster.isThere, RealCluster.isMissing))
struct StreamTests {
    private let echo: [String: JSONValue] = ["pod": "web", "command": ["echo", "hello", "$POD", "--", "-n"]]

    private func performer(
        _ cluster: RealCluster, labels: [String: String] = ["exec-commands": "echo *, sh *"], user: String = "admin"
    ) throws -> Performer {
        let performer = try Performer(cluster, as: user, streams: RealCluster.streams(user))
        performer.labels = labels
        return performer
    }

    private func makePod(_ cluster: RealCluster, annotations: [String: JSONValue] = [:]) throws {
        try cluster.makeNode("a")
        try cluster.make([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": "web", "namespace": .string(cluster.namespace), "annotations": .object(annotations),
            ], "spec": cluster.podSpec(),
        ])
        try cluster.wait(for: "the pod") {
            try cluster.get(cluster.path("pods", "web")).at("status", "phase") == "Running"
        }
    }

    @Test("a command runs as it is, and what it prints goes to the caller alone")
    func exec() throws {
        let cluster = try RealCluster()
        try makePod(cluster)
        let done = try performer(cluster).perform("exec-pod", echo)
        #expect(done.checked == ["pod-running", "command-allowlist"] && done.passed, "\(done.prechecks)")
        #expect(done.report.output?["stdout"] == "hello $POD -- -n\n" && done.report.output?["exit_code"] == 0)
        #expect(done.report.output?["truncated"] == false)
        #expect(done.rollback == nil && !done.report.summary.contains("hello"))
    }

    @Test("the container is chosen, and both outputs are told apart")
    func container() throws {
        let cluster = try RealCluster()
        try makePod(cluster)
        let done = try performer(cluster).perform(
            "exec-pod",
            ["pod": "web", "container": "sidecar", "command": ["sh", "-c", "echo $CONTAINER; echo oops >&2"]])
        #expect(done.report.output?["stdout"] == "sidecar\n" && done.report.output?["stderr"] == "oops\n")
    }

    @Test(
        "a command that fails is a failure with its exit code; what it printed is the caller's alone",
        arguments: [1, 3, 42])
    func exitCode(_ code: Int) throws {
        let cluster = try RealCluster()
        try makePod(cluster)
        let error = try performer(cluster).failure(
            "exec-pod",
            ["pod": "web", "command": ["sh", "-c", .string("echo hunter2 | tee /dev/stderr; exit \(code)")]])
        #expect(error?.code == .notConverged && error?.mayHaveBeenApplied == true)
        #expect(error?.message.contains("exit code \(code);") == true && error?.message.contains("hunter2") == false)
        #expect(error?.output?["exit_code"] == .integer(Int64(code)) && error?.output?["stdout"] == "hunter2\n")
        // kubectl says before it which container it took.
        #expect(error?.output?["stderr"]?.stringValue?.hasSuffix("\nhunter2\n") == true)
    }

    @Test("a command that prints without end is cut off, not kept")
    func flood() throws {
        let cluster = try RealCluster()
        try makePod(cluster)
        let done = try performer(cluster).perform(
            "exec-pod", ["pod": "web", "command": ["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"]])
        #expect(done.report.output?["truncated"] == true)
        #expect(done.report.output?["stdout"]?.stringValue?.utf8.count == 1 << 20)
    }

    @Test("who may not exec is refused before anything is sent, and not called unknown")
    func forbidden() throws {
        let cluster = try RealCluster()
        try makePod(cluster)
        let token = try cluster.makeAccount(
            "reader", rules: [["apiGroups": [""], "resources": ["pods"], "verbs": ["get"]]])
        let streams = NoStreams()
        let performer = Performer(cluster, over: try RealCluster.transport(token: token), streams: streams)
        let step = try performer.step("exec-pod", echo)
        let before = try performer.executor.captureState(for: step)
        let error = #expect(throws: ExecutionError.self) {
            try performer.executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
        }
        #expect(error?.code == .refused && error?.mayHaveBeenApplied == false)
        #expect(error?.message.contains("pods/exec") == true && streams.isUntouched)
    }

    @Test("a pod that is not running, or another than the approved one, is left alone")
    func pod() throws {
        let cluster = try RealCluster()
        let performer = try performer(cluster)
        let step = try performer.step("exec-pod", echo)
        #expect(try performer.verdicts(on: step) == [false, false])
        try makePod(cluster)
        #expect(try performer.verdicts(on: step) == [true, true])
        let other = try performer.step("exec-pod", echo.merging(["container": "no-such"]) { $1 })
        #expect(try performer.verdicts(on: other) == [false, true])
        let error = try performer.failure("exec-pod", echo) {
            try cluster.ask("DELETE", cluster.path("pods", "web"))
            try cluster.wait(for: "its end") { try cluster.ask("GET", cluster.path("pods", "web")).status == 404 }
            try makeAnother(cluster)
        }
        #expect(error?.code == .conflict && error?.mayHaveBeenApplied == false)
    }

    private func makeAnother(_ cluster: RealCluster) throws {
        try cluster.make([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": "web", "namespace": .string(cluster.namespace)], "spec": cluster.podSpec(),
        ])
    }

    @Test("without kubectl the actions are not offered")
    func absence() throws {
        let cluster = try RealCluster()
        let performer = try Performer(cluster)
        for action in ["exec-pod", "port-forward"] { #expect(!performer.executor.supports(action: action)) }
        let other = try self.performer(cluster)
        for action in ["exec-pod", "port-forward"] { #expect(other.executor.supports(action: action)) }
    }

    @Test("a forwarded port reaches the pod for as long as the tunnel stands, and is closed afterwards")
    func forward() throws {
        let cluster = try RealCluster()
        try makePod(cluster)
        let server = try RunningProgram(
            ["python3", "-u", "-c", Self.greeter], environment: ["PATH": "/usr/bin:/bin"])
        let remote = try #require(server.nextLine(within: 60).flatMap { UInt16($0) })
        let local = try #require((20000...UInt16(30000)).first { LocalPort.isFree($0) })
        let performer = try performer(cluster)
        var answer = ""
        performer.heard = { line in
            guard line.hasPrefix("forwarding ") else { return }
            let program = "import socket;s=socket.create_connection(('127.0.0.1',\(local)));print(s.recv(100).decode())"
            answer =
                (try? Program.run(["python3", "-c", program], environment: ["PATH": "/usr/bin:/bin"]).outputText) ?? ""
            // The lease ends, and so does the tunnel.
            performer.mayMutate = false
        }
        let done = try performer.perform(
            "port-forward",
            ["pod": "web", "local_port": .integer(Int64(local)), "remote_port": .integer(Int64(remote))])
        #expect(done.checked == ["pod-running", "port-available"] && done.passed, "\(done.prechecks)")
        #expect(answer == "hello from the pod\n")
        #expect(done.report.summary.contains("until the lease ended"))
        #expect(LocalPort.isFree(local))
        server.stop()
    }

    private static let greeter = """
        import socket
        s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print(s.getsockname()[1])
        while True:
            c, _ = s.accept(); c.sendall(b'hello from the pod'); c.close()
        """

    @Test("a port that is taken fails the precheck, and kubectl's refusal is no success")
    func takenPort() throws {
        let cluster = try RealCluster()
        try makePod(cluster)
        let server = try RunningProgram(
            ["python3", "-u", "-c", Self.greeter], environment: ["PATH": "/usr/bin:/bin"])
        let taken = try #require(server.nextLine(within: 60).flatMap { Int64($0) })
        let performer = try performer(cluster)
        let step = try performer.step(
            "port-forward", ["pod": "web", "local_port": .integer(taken), "remote_port": 80])
        #expect(try performer.verdicts(on: step) == [true, false])
        let before = try performer.executor.captureState(for: step)
        let error = #expect(throws: ExecutionError.self) {
            try performer.executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
        }
        #expect(error?.code == .refused && error?.mayHaveBeenApplied == false)
        server.stop()
    }
}

/// Streams that must not be opened.
final class NoStreams: PodStreams {
    private(set) var isUntouched = true

    func run(_ command: PodCommand, seconds: Int) throws(ExecutionError) -> PodCommandEnd {
        isUntouched = false
        throw ExecutionError(code: .unsupported, message: "not here")
    }

    func open(_ forward: PodForward) throws(ExecutionError) -> any PodTunnel {
        isUntouched = false
        throw ExecutionError(code: .unsupported, message: "not here")
    }
}
