internal import HTTP
public import Runner

extension KubernetesExecutor {
    /// The type of the credentials that Kubernetes' actions ask for: a bearer token.
    public static let credentialType = "kubernetes"

    /// Speaks with the token in place of the connection's own user.
    public func use(_ credential: Credential) throws(ExecutionError) {
        guard credential.record.type == Self.credentialType, let token = credential.secret.text,
            BearerToken.isValid(token)
        else {
            throw ExecutionError(
                code: .noCredential,
                message:
                    "what `\(credential.record.backend)` gives is no bearer token; a cluster takes nothing else here")
        }
        // What was seen by others is not taken for what this one may see.
        session.sightings.forget()
        guard let connection = transport as? any BearerTransport, connection.speak(asBearer: token) else {
            throw ExecutionError(
                code: .noCredential,
                message: "the executor `\(name)` cannot change who it speaks as; nothing was sent")
        }
    }

    public func forgetCredential() {
        session.sightings.forget()
        (transport as? any BearerTransport)?.speak(asBearer: nil)
    }
}
