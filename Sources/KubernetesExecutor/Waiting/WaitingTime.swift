/// The rhythm in which a wait asks again: soon at first, then every two seconds, until its time is up.
struct WaitingTime {
    private let session: ClusterSession
    private let start: Int64
    /// Seconds.
    let limit: Int
    private var slept = 0
    private var pause = Self.firstPause

    private static let firstPause = 50
    private static let longestPause = 2000

    init(session: ClusterSession, limit: Int) {
        self.session = session
        self.limit = limit
        start = session.now()
    }

    /// Sleep counts too, for a clock may be set back.
    var isOver: Bool {
        let (elapsed, overflow) = session.now().subtractingReportingOverflow(start)
        return slept / 1000 >= limit || overflow || elapsed >= Int64(limit)
    }

    /// Seconds.
    var left: Int {
        let (elapsed, overflow) = session.now().subtractingReportingOverflow(start)
        return overflow ? 0 : max(0, limit - max(slept / 1000, Int(clamping: elapsed)))
    }

    /// - Parameter seconds: what the server asked for; nil: the next step of the rhythm.
    mutating func sleep(_ seconds: Int? = nil) {
        let milliseconds = seconds.map { max(1, $0) * 1000 } ?? pause
        session.client.sleep(milliseconds)
        slept += milliseconds
        if seconds == nil { pause = min(pause * 2, Self.longestPause) }
    }
}

/// Says a line of progress once.
struct ProgressLine {
    let say: (String) -> Void
    private(set) var last = ""

    init(_ say: @escaping (String) -> Void) { self.say = say }

    mutating func callAsFunction(_ line: String) {
        if line != last { say(line) }
        last = line
    }
}
