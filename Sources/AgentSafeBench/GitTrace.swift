internal import OperatingSystem

/// What git says of its own time (`GIT_TRACE2_PERF`), so that it can be told apart from the time of the program that called it.
struct GitTrace {
    let path: String

    /// For the environment of the program that calls git.
    var variables: [String: String] { ["GIT_TRACE2_PERF": path] }

    /// Nanoseconds of all calls of git since the last time this was asked.
    func take() throws -> UInt64 {
        guard Files.kind(path) != nil else { return 0 }
        let lines = String(decoding: try Files.read(path), as: UTF8.self).split(separator: "\n")
        try Files.remove(path)
        let seconds = lines.reduce(0.0) { total, line in
            // `… | d0 | main | atexit | | 0.009994 | …`
            let fields = line.split(separator: "|").map { $0.split(separator: " ").joined() }
            guard fields.count > 5, fields[1] == "d0", fields[3] == "atexit" else { return total }
            return total + (Double(fields[5]) ?? 0)
        }
        return UInt64(seconds * 1_000_000_000)
    }
}
