public import KubernetesExecutor
internal import OperatingSystem
public import Runner

/// Streams into Pods by `kubectl exec` and `kubectl port-forward`.
///
/// Names stand where no option can: namespace and container after `=`, the Pod's name after `pod/`, and the command after `--`.
public final class KubectlStreams: PodStreams {
    private let program: () throws(ExecutionError) -> KubectlProgram

    /// Bytes of each output of a command that are kept.
    static let outputLimit = 1 << 20
    /// Seconds until the tunnel must listen.
    static let openingTime = 30

    /// - Parameter program: asked for each stream, for credentials may have changed.
    public init(program: @escaping () throws(ExecutionError) -> KubectlProgram) { self.program = program }

    public func run(_ command: PodCommand, seconds: Int) throws(ExecutionError) -> PodCommandEnd {
        let program = try program()
        var words = ["exec", "--namespace=\(command.namespace)", "pod/\(command.pod)"]
        if let container = command.container { words.append("--container=\(container)") }
        words += ["--"] + command.words
        let result: ProgramResult
        do throws(SystemError) {
            result = try Program.run(
                program.command(words), environment: program.environment, outputLimit: Self.outputLimit,
                timeout: seconds)
        } catch {
            throw ExecutionError(code: .unsupported, message: "cannot start kubectl: \(error); nothing was sent")
        }
        let what = "the command in pod `\(command.namespace)/\(command.pod)`"
        guard !result.timedOut else {
            throw ExecutionError(
                code: .unreachable,
                message: "\(what) did not end within \(seconds) s and may go on; find out what it did",
                mayHaveBeenApplied: true)
        }
        // kubectl's own failures end with 1, too, and the command's standard error comes through the same pipe.
        guard result.status == 0 || Self.tellsExitCode(result.errors, result.status) else {
            throw ExecutionError(
                code: .unreachable,
                message:
                    "kubectl ended with \(result.status) and does not say how \(what) ended; find out whether it ran",
                mayHaveBeenApplied: true)
        }
        return PodCommandEnd(
            exitCode: Int(result.status), output: result.output, errors: Self.withoutVerdict(result.errors),
            isTruncated: result.output.count == Self.outputLimit || result.errors.count == Self.outputLimit)
    }

    /// kubectl's last line about a command that ended with another code than 0; its exit status is the same.
    private static func verdict(_ status: Int32) -> String { "command terminated with exit code \(status)\n" }

    private static func tellsExitCode(_ errors: [UInt8], _ status: Int32) -> Bool {
        errors.suffix(verdict(status).utf8.count).elementsEqual(verdict(status).utf8)
    }

    private static func withoutVerdict(_ errors: [UInt8]) -> [UInt8] {
        let text = Array("command terminated with exit code ".utf8)
        guard let line = errors.dropLast().lastIndex(of: UInt8(ascii: "\n")) else {
            return errors.starts(with: text) ? [] : errors
        }
        return errors[(line + 1)...].starts(with: text) ? Array(errors[...line]) : errors
    }

    public func open(_ forward: PodForward) throws(ExecutionError) -> any PodTunnel {
        let program = try program()
        let what = "127.0.0.1:\(forward.localPort) to pod `\(forward.namespace)/\(forward.pod)`"
        let running: RunningProgram
        do throws(SystemError) {
            running = try RunningProgram(
                program.command([
                    "port-forward", "--namespace=\(forward.namespace)", "--address=127.0.0.1",
                    "pod/\(forward.pod)", "\(forward.localPort):\(forward.remotePort)",
                ]), environment: program.environment)
        } catch {
            throw ExecutionError(code: .unsupported, message: "cannot start kubectl: \(error); nothing was sent")
        }
        // `Forwarding from 127.0.0.1:8080 -> 80`; what else it prints may quote the server, and is not repeated.
        while let line = running.nextLine(within: Self.openingTime) {
            if line.hasPrefix("Forwarding from 127.0.0.1:\(forward.localPort) ") { return KubectlTunnel(running) }
        }
        let status = running.stop()
        throw ExecutionError(
            code: .refused,
            message:
                "kubectl did not open the way from \(what) (it ended with \(status)); nothing is forwarded, look at "
                + "the pod and at the port")
    }
}

/// A `kubectl port-forward` that runs.
final class KubectlTunnel: PodTunnel {
    private let program: RunningProgram

    init(_ program: RunningProgram) { self.program = program }

    var isOpen: Bool { program.isRunning }
    func wait(milliseconds: Int) { program.wait(milliseconds: milliseconds) }
    func close() { program.stop() }
}
