/// What became of a message.
public enum WebhookDelivery: Sendable {
    /// A 2xx came.
    case delivered(WebhookAnswer)
    /// It may go better another time.
    case postponed(WebhookFailure)
    /// It goes no better by itself: somebody has to change something.
    case refused(WebhookFailure)
}

/// A 2xx and what came with it.
public struct WebhookAnswer: Sendable, Hashable {
    public var status: Int
    /// The beginning of the body, at most `WebhookClient.maximumAnswer` bytes.
    public var body: [UInt8]
}

/// Why a message was not delivered, in words that hold nothing of URL, secret, message or answer.
public struct WebhookFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String
    /// The last answer's status; nil where none came.
    public var status: Int?
    /// Seconds that the receiver asks to be left alone.
    public var retryAfter: Int?
    /// How often the message was sent, or tried to be.
    public var attempts: Int
    /// Whether the receiver may hold it all the same.
    public var mayHaveArrived: Bool

    public var description: String { message }
}
