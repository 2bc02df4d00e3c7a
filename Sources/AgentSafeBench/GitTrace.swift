internal import ChangeModel
internal import OperatingSystem

/// What git says of its own time (`GIT_TRACE2_EVENT`), so that it can be told apart from the time of the program that called it.
struct GitTrace {
    let path: String

    /// For the environment of the program that calls git.
    var variables: [String: String] { ["GIT_TRACE2_EVENT": path] }

    /// Nanoseconds since the last time this was asked in which at least one git ran that the program had called.
    func take() throws -> UInt64 {
        guard Files.kind(path) != nil else { return 0 }
        let lines = String(decoding: try Files.read(path), as: UTF8.self).split(separator: "\n")
        try Files.remove(path)
        var starts: [String: Double] = [:]
        var spans: [(start: Double, end: Double)] = []
        for line in lines {
            // {"event":"atexit","sid":"20261127T231400.123456Z-H…-P…","time":"2026-11-27T23:14:00.123456Z","t_abs":0.006,…}
            guard let event = try? JSONValue(parsing: String(line)), let sid = event["sid"]?.stringValue,
                let time = event["time"]?.stringValue.flatMap(Self.seconds), !sid.contains("/")
            else { continue }
            switch event["event"]?.stringValue {
            case "start": starts[sid] = time
            case "atexit":
                guard let start = starts.removeValue(forKey: sid) else { continue }
                spans.append((start, time < start ? time + 86_400 : time))
            default: break
            }
        }
        // Two fetches side by side take the longer one's time, not both.
        var (total, covered) = (0.0, 0.0)
        for span in spans.sorted(by: { $0.start < $1.start }) {
            total += max(0, span.end - max(span.start, covered))
            covered = max(covered, span.end)
        }
        return UInt64(total * 1_000_000_000)
    }

    /// Seconds of the day in `2026-11-27T23:14:00.123456Z`.
    private static func seconds(_ time: String) -> Double? {
        let parts = time.dropFirst(11).dropLast().split(separator: ":").compactMap { Double($0) }
        return parts.count == 3 ? parts[0] * 3600 + parts[1] * 60 + parts[2] : nil
    }
}
