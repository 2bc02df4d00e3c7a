internal import ChangeModel
internal import Runner

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

/// Waits until an object that was told to go is gone; one that was made anew under its name counts as gone.
struct DeletionWait {
    let session: ClusterSession
    let address: ResourceAddress
    let uid: String?

    /// - Parameter describe: what it still waits for, from the object.
    /// - Throws: with `mayHaveBeenApplied`, for the deletion is done.
    func run(progress: @escaping (String) -> Void, describe: (JSONValue) -> String) throws(ExecutionError) {
        var time = WaitingTime(session: session, limit: session.convergenceTimeout)
        var say = ProgressLine(progress)
        while true {
            var news: String
            do throws(ExecutionError) {
                guard let object = try session.client.find(address), object.uid == uid else {
                    session.sightings.note(nil, at: address, for: .afterState)
                    return
                }
                news = describe(object)
            } catch  where error.code == .unreachable {
                news = "the API server does not answer, asking again"
            } catch {
                throw ExecutionError(code: error.code, message: error.message, mayHaveBeenApplied: true)
            }
            say("\(address): \(news)")
            guard !time.isOver else {
                throw ExecutionError(
                    code: .notConverged,
                    message:
                        "\(address) was told to go and is still there after \(time.limit) s: \(news); look what holds "
                        + "it, it will go on by itself",
                    mayHaveBeenApplied: true)
            }
            time.sleep()
        }
    }
}
