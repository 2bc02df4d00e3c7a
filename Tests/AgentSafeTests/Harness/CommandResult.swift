import ChangeModel
import Synchronization

/// What a command printed, and how it ended.
struct CommandResult: CustomStringConvertible {
    let status: Int32
    let output: String
    let errors: String

    /// Standard output as JSON.
    var json: JSONValue {
        get throws { try JSONValue(parsing: output) }
    }

    var description: String { "exit \(status)\n\(output)\n\(errors)" }
}

/// Collects lines from wherever they are printed.
final class LineBuffer: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: String) { lines.withLock { $0.append(line) } }
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
}
