public import ChangeModel
internal import OperatingSystem

/// Why there is no way to a cluster. One line: where, what, and what to do; never a secret, nor what a plugin said.
public struct AccessError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable {
        /// No kubeconfig, no context, no such entry.
        case notFound
        /// A file or an answer that cannot be read as what it should be.
        case malformed
        /// Readable, but not done: unsafe without an explicit flag, or not built.
        case refused
        /// A credential plugin or a token file gave no credential.
        case noCredential
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String, at place: FilePlace? = nil) {
        self.code = code
        self.message = place.map { "\($0): \(message)" } ?? message
    }

    public var description: String { message }
}

extension SystemError {
    /// In one line, whatever the file is called.
    var shown: String { "cannot \(call) `\(subject.forMessage(limit: 200))`: \(reason)" }
}
