internal import ChangeModel

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

    public init(_ code: Code, _ message: String, at place: ProfilePlace? = nil) {
        self.code = code
        self.message = place.map { "\($0): \(message)" } ?? message
    }

    public var description: String { message }
}

/// A place in a file of profiles. Line and column count from 1; 0 where the trouble has none.
public struct ProfilePlace: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int = 0, column: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String {
        let name = file.forMessage(limit: 300)
        return line > 0 ? "\(name):\(line):\(column)" : name
    }
}
