/// What AWS signs requests with: a key pair, and with temporary ones a session token.
///
/// Never printed: `description` is the key's identifier alone, which AWS itself writes into its logs.
public struct AccessKey: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// `AKIA…` of users, `ASIA…` of sessions.
    public let id: String
    public let secret: String
    /// nil of a user's own key.
    public let sessionToken: String?

    public init(id: String, secret: String, sessionToken: String? = nil) {
        self.id = id
        self.secret = secret
        self.sessionToken = sessionToken
    }

    public var description: String { id }
    public var debugDescription: String { id }
}
