public import Runner

/// What opens a stream into a Pod. The API upgrades the connection to a protocol of its own for that (SPDY/3.1, or WebSocket
/// with `v5.channel.k8s.io`), which plain requests and answers are not; `kubectl` speaks both.
///
/// Whoever implements this gets names that Kubernetes' grammar allows, and nothing else that could be mistaken for an option.
public protocol PodStreams: AnyObject {
    /// Runs a command in a container and waits for its end. Nothing is fed to it.
    ///
    /// - Parameter seconds: after so many it is given up; the command may go on in the container.
    /// - Throws: with `mayHaveBeenApplied` wherever it is not certain that the command was never started.
    func run(_ command: PodCommand, seconds: Int) throws(ExecutionError) -> PodCommandEnd

    /// Listens on a port of this machine's loopback and passes every connection on to the Pod.
    ///
    /// - Returns: once it listens.
    func open(_ forward: PodForward) throws(ExecutionError) -> any PodTunnel
}

/// A program and its arguments, for one container of a Pod.
public struct PodCommand: Sendable, Hashable {
    public let namespace: String
    public let pod: String
    /// nil: the Pod's only one, or the one that its annotation calls the default.
    public let container: String?
    /// Program first; no shell interprets them.
    public let words: [String]
}

/// How a command ended, and what it printed.
public struct PodCommandEnd: Sendable, Hashable {
    public let exitCode: Int
    public let output: [UInt8]
    public let errors: [UInt8]
    /// Whether it printed more than is kept.
    public let isTruncated: Bool

    public init(exitCode: Int, output: [UInt8], errors: [UInt8], isTruncated: Bool) {
        self.exitCode = exitCode
        self.output = output
        self.errors = errors
        self.isTruncated = isTruncated
    }
}

/// A port of this machine and a port of a Pod.
public struct PodForward: Sendable, Hashable {
    public let namespace: String
    public let pod: String
    public let localPort: UInt16
    public let remotePort: UInt16
}

/// An open way from a local port to a Pod. It closes with the last reference, and on every way out of this process.
public protocol PodTunnel: AnyObject {
    /// Whether it still listens.
    var isOpen: Bool { get }
    /// Waits for so long, or until it breaks.
    func wait(milliseconds: Int)
    func close()
}
