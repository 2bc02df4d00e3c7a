public import HTTP

/// A cluster in a file knows nobody: a token is held against its form alone, so that a run with credentials can be tried here.
extension EmbeddedCluster: BearerTransport {
    @discardableResult
    public func speak(asBearer token: String?) -> Bool {
        isStranger = token.map { !BearerToken.isValid($0) } ?? false
        return true
    }

    /// What a real server says to a token that it does not know.
    static var unauthorized: HTTPResponse {
        StatusFailure(code: 401, reason: "Unauthorized", message: "Unauthorized").response
    }
}
