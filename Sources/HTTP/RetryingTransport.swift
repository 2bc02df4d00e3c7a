/// When a request is sent again.
public struct RetryPolicy: Sendable {
    /// How often a request is sent at most.
    public var attempts = 4
    /// Milliseconds before the second attempt; doubled for each one after it.
    public var firstPause = 200
    /// Milliseconds that a pause never exceeds.
    public var longestPause = 5000
    /// Seconds; a server that asks for more (`Retry-After`) is told of as it is.
    public var longestRetryAfter = 30
    /// The answers after which a read is sent again.
    public var statuses: Set<Int> = [429, 502, 503, 504]
    /// Whether a mutation is sent again after a 429 that comes before anything was looked at (RFC 6585, section 4).
    public var repeatsOverloadedMutations = true

    public init() {}

    /// For a client that waits for a busy server by itself: reads only, and no 429.
    public static var underWaitingClient: RetryPolicy {
        var policy = RetryPolicy()
        policy.statuses.remove(429)
        policy.repeatsOverloadedMutations = false
        return policy
    }
}

/// Sends again what may be sent again: reads after a broken connection or a passing failure, with growing pauses that are
/// not the same for everybody (jitter). A mutation that may have been applied is never sent again.
public final class RetryingTransport: HTTPTransport {
    private let next: any HTTPTransport
    private let policy: RetryPolicy
    private let sleep: (_ milliseconds: Int) -> Void
    private let random: (_ count: Int) -> [UInt8]

    /// - Parameter random: random bytes; they decide about pauses alone.
    public init(
        _ next: any HTTPTransport, policy: RetryPolicy = RetryPolicy(), sleep: @escaping (_ milliseconds: Int) -> Void,
        random: @escaping (_ count: Int) -> [UInt8]
    ) {
        self.next = next
        self.policy = policy
        self.sleep = sleep
        self.random = random
    }

    public func send(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        var attempt = 1
        while true {
            let wait: Int
            do throws(HTTPError) {
                let response = try next.send(request)
                guard attempt < policy.attempts, let pause = pause(after: response, to: request, attempt) else {
                    return response
                }
                wait = pause
            } catch {
                guard attempt < policy.attempts, mayRepeat(request, after: error) else { throw error }
                wait = backoff(attempt)
            }
            sleep(wait)
            attempt += 1
        }
    }

    private func isRead(_ request: HTTPRequest) -> Bool { request.method == "GET" || request.method == "HEAD" }

    private func mayRepeat(_ request: HTTPRequest, after error: HTTPError) -> Bool {
        switch error.code {
        // Trust, size and form are the same the next time; whoever cancelled wants no more.
        case .untrusted, .tooLarge, .malformed, .cancelled: false
        case .cannotConnect, .timedOut, .interrupted: isRead(request)
        }
    }

    /// Milliseconds; nil when the answer is to be taken as it is.
    private func pause(after response: HTTPResponse, to request: HTTPRequest, _ attempt: Int) -> Int? {
        let isOverload = response.status == 429 && Self.isOverload(response)
        guard
            policy.statuses.contains(response.status) && isRead(request)
                || policy.repeatsOverloadedMutations && isOverload
        else { return nil }
        guard let asked = response.header("Retry-After") else { return backoff(attempt) }
        // A date (RFC 9110, section 10.2.3) is not worth a clock here.
        guard let seconds = Int(asked), seconds >= 0 else { return backoff(attempt) }
        guard seconds <= policy.longestRetryAfter else { return nil }
        return seconds * 1000 + jitter(below: 250)
    }

    /// An API server has three kinds of 429. One that forbids an eviction is an answer, with a body that says so;
    /// overload comes as plain text with a time to wait, before anybody looked at the request.
    private static func isOverload(_ response: HTTPResponse) -> Bool {
        response.header("Retry-After") != nil
            && response.header("Content-Type")?.lowercased().hasPrefix("application/json") != true
    }

    /// Between half of the pause and the whole.
    private func backoff(_ attempt: Int) -> Int {
        let whole = min(policy.longestPause, policy.firstPause << min(attempt - 1, 16))
        return whole / 2 + jitter(below: whole - whole / 2)
    }

    private func jitter(below limit: Int) -> Int {
        guard limit > 0 else { return 0 }
        let number = random(4).reduce(0) { $0 << 8 | Int($1) }
        return number % limit
    }
}

extension RetryingTransport: BearerTransport {
    @discardableResult
    public func speak(asBearer token: String?) -> Bool {
        (next as? any BearerTransport)?.speak(asBearer: token) ?? false
    }
}

extension RetryingTransport: HTTPStreamingTransport {
    /// A stream is sent once: whoever follows it knows best where to go on.
    public func stream(
        _ request: HTTPRequest, idleTimeout: Int, receive: @escaping (ArraySlice<UInt8>) -> StreamStep
    ) throws(HTTPError) -> HTTPResponse {
        guard let next = next as? any HTTPStreamingTransport else {
            throw HTTPError(
                code: .malformed, mayHaveBeenApplied: false, message: "this connection has no streams; nothing was sent"
            )
        }
        return try next.stream(request, idleTimeout: idleTimeout, receive: receive)
    }
}
