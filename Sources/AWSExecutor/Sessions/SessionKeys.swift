public import ChangeModel
internal import CryptoPrimitives
public import Runner

/// Keys of AWS as a credential: the JSON object that a `credential_process` prints (AWS SDKs and Tools Reference Guide, "Process
/// credential provider"), whoever gave it.
public struct SessionKeys {
    public let secret: SecretValue
    /// The secret key and the session's token.
    public let parts: [SecretValue]
    /// nil: for ever, as far as is known.
    public let expires: Timestamp?

    /// - Returns: nil for anything but keys in that form.
    public init?(_ document: SecretValue) {
        guard let issued = document.withBytes({ IssuedKey.fromProcess(Array($0)) }) else { return nil }
        self.init(issued, document: document)
    }

    init(_ issued: IssuedKey, document: SecretValue? = nil) {
        secret = document ?? SecretValue(issued.processDocument.canonicalBytes)
        parts = [issued.key.secret, issued.key.sessionToken].compactMap { $0.map { SecretValue(Array($0.utf8)) } }
        expires = issued.expires
    }
}

extension AWSExecutor {
    /// Speaks with the credential's keys alone, to every service and to STS.
    public func use(_ credential: Credential) throws(ExecutionError) {
        guard credential.record.type == CredentialRecord.awsType else {
            throw ExecutionError(
                code: .noCredential,
                message:
                    "the executor `\(name)` takes credentials of type `aws`, not `\(credential.record.type)`; correct the action"
            )
        }
        guard let issued = credential.secret.withBytes({ IssuedKey.fromProcess(Array($0)) }) else {
            throw ExecutionError(
                code: .noCredential,
                message:
                    "what the backend `\(credential.record.backend)` gives are no keys of AWS: it takes the JSON object that a "
                    + "`credential_process` prints")
        }
        session.speak(with: issued.key)
    }

    public func forgetCredential() { session.speak(with: nil) }

    /// Assumes a role for a step with the executor's own keys.
    ///
    /// - Throws: `noCredential`, with what to do about it.
    public func keys(of wanted: RoleSession) throws(ExecutionError) -> SessionKeys {
        let role = AssumedRole(
            arn: wanted.role, sessionName: wanted.name, externalID: wanted.externalID, duration: wanted.duration)
        let issued: IssuedKey
        do throws(ServiceError) {
            issued = try SecurityTokenService(client: session.ownClient(wanted.region)).assumeRole(
                role, policy: wanted.policy.text, tags: wanted.tags.map { ($0.key, $0.value) })
        } catch {
            throw ExecutionError(code: .noCredential, message: error.message + Self.advice(error, wanted))
        }
        guard let end = issued.expires, end.seconds > session.host.now() else {
            throw ExecutionError(
                code: .noCredential,
                message: "sts:AssumeRole: the keys have ended already by this machine's clock; set that right")
        }
        return SessionKeys(issued)
    }

    /// What to do, after STS's own words.
    private static func advice(_ error: ServiceError, _ wanted: RoleSession) -> String {
        switch error.code {
        case "AccessDenied":
            let tags =
                wanted.tags.isEmpty ? "" : " and, for the session's tags, `sts:TagSession` (or set `tags: false`)"
            return "; let the role's trust policy allow the runner's keys `sts:AssumeRole`\(tags)"
        case "ValidationError" where error.message.contains("DurationSeconds"):
            return
                "; the action wants its keys for \(wanted.duration) seconds: lower its `credentials.ttl`, or raise the role's "
                + "maximum session duration (3600 where one role assumes another)"
        case "PackedPolicyTooLarge":
            return
                "; policy and tags together are more than STS packs: name fewer or shorter resources, or set `tags: false`"
        case "RegionDisabledException":
            return "; turn STS on in that region, or give the backend another `region`"
        default: return ""
        }
    }
}
