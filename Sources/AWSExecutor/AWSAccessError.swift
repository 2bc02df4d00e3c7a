public import ChangeModel

/// Why there is no way to AWS. One line: where, what, and what to do; never a secret, nor what a program said.
public struct AWSAccessError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable {
        /// No credentials anywhere, or no such profile.
        case notFound
        /// A file or an answer that cannot be read as what it should be.
        case malformed
        /// Readable, but contradictory, incomplete, or not done here.
        case refused
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String, at place: FilePlace? = nil) {
        self.code = code
        self.message = place.map { "\($0): \(message)" } ?? message
    }

    public var description: String { message }
}
