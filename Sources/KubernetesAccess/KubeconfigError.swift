internal import ChangeModel
internal import OperatingSystem

/// A place in a kubeconfig. Line and column count from 1; 0 when the trouble has no place in the file.
public struct KubeconfigPlace: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String {
        let name = file.forMessage(limit: 300)
        return line > 0 ? "\(name):\(line):\(column)" : name
    }
}

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

    public init(_ code: Code, _ message: String, at place: KubeconfigPlace? = nil) {
        self.code = code
        self.message = place.map { "\($0): \(message)" } ?? message
    }

    public var description: String { message }
}

extension SystemError {
    /// In one line, whatever the file is called.
    var shown: String { "cannot \(call) `\(subject.forMessage(limit: 200))`: \(reason)" }
}
