public import HTTP

/// A cluster in a file knows nobody: a token is held against its form alone, so that a run with credentials can be tried here.
extension EmbeddedCluster: BearerTransport {
    public func use(bearerToken: String?) { isStranger = bearerToken.map { !BearerToken.isValid($0) } ?? false }

    /// What a real server says to a token that it does not know.
    static var unauthorized: HTTPResponse {
        StatusFailure(code: 401, reason: "Unauthorized", message: "Unauthorized").response
    }
}
