/// The SDKs' standard mode of retries (AWS SDKs and Tools Reference Guide, "Retry behavior"): three attempts, pauses that
/// double up to 20 seconds and are drawn at random, and a budget of tokens that failures use up, so that a service in
/// trouble is not asked thrice as often.
final class RetryBudget {
    static let maximumAttempts = 3
    private static let capacity = 500
    private var tokens = RetryBudget.capacity
    private let random: (_ count: Int) -> [UInt8]

    init(random: @escaping (_ count: Int) -> [UInt8]) { self.random = random }

    enum Cause { case throttled, transient, timedOut }

    /// - Parameter attempt: how many were made already.
    /// - Returns: milliseconds to wait before another; nil when there is none.
    func pause(after attempt: Int, _ cause: Cause) -> Int? {
        let cost = cause == .timedOut ? 10 : 5
        guard attempt < Self.maximumAttempts, tokens >= cost else { return nil }
        tokens -= cost
        let longest = min(20_000, 1000 << (attempt - 1))
        return random(4).reduce(0) { $0 << 8 | Int($1) } % (longest + 1)
    }

    /// An answer that was none of that gives a little back, and what its own retry had cost.
    func succeed(after attempts: Int) { tokens = min(Self.capacity, tokens + (attempts > 1 ? 5 : 1)) }

    /// Codes by which services say that they were asked too often.
    static let throttling: Set<String> = [
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException", "TransactionInProgressException", "RequestLimitExceeded",
        "BandwidthLimitExceeded", "LimitExceededException", "RequestThrottled", "SlowDown", "PriorRequestNotComplete",
        "EC2ThrottledException",
    ]
    static let transient: Set<String> = [
        "RequestTimeout", "RequestTimeoutException", "InternalError", "ServiceUnavailable",
    ]
    static let expired: Set<String> = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"]
    static let skewed: Set<String> = [
        "RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
        "RequestInTheFuture",
    ]
}
