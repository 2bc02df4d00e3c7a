/// How hard a delivery is tried.
public struct DeliveryPolicy: Sendable {
    /// How often a message is sent at most.
    public var attempts = 4
    /// Milliseconds before the second attempt; doubled for each one after it.
    public var firstPause = 500
    /// Milliseconds that such a pause never exceeds.
    public var longestPause = 10_000
    /// Seconds that are waited for a receiver that asks for it (`Retry-After`); one that asks for more is asked again another
    /// time.
    public var longestRetryAfter = 30
    /// Seconds until one attempt is given up.
    public var timeout = 15
    /// Seconds for all attempts together. No attempt begins after it, and none takes longer than what is left.
    public var total = 60

    public init() {}

    /// For the end of a command that has done what it was asked for: a receiver that is down must not hold it up.
    public static var brief: DeliveryPolicy {
        var policy = DeliveryPolicy()
        policy.attempts = 2
        policy.firstPause = 250
        policy.longestRetryAfter = 1
        policy.timeout = 4
        policy.total = 5
        return policy
    }

    /// Milliseconds, drawn between half of the pause and the whole, so that many senders do not come back at once.
    func pause(after attempt: Int, random: (Int) -> [UInt8]) -> Int {
        let whole = min(longestPause, firstPause << min(attempt - 1, 16))
        let number = random(4).reduce(0) { $0 << 8 | Int($1) }
        return whole - number % (whole / 2 + 1)
    }
}
