import OperatingSystem

/// Python's standard library as a second implementation.
enum Python {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs `script` with `lines` on standard input; returns the lines that it prints.
    static func run(_ script: String, _ lines: [String] = []) throws -> [String] {
        let result = try Program.run(
            ["python3", "-c", script], environment: Host.real().environment,
            input: Array((lines.joined(separator: "\n") + "\n").utf8), timeout: 120)
        guard result.status == 0 else { throw Failure(description: result.errorText) }
        return result.outputText.split(separator: "\n").map(String.init)
    }
}
