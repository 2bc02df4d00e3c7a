internal import ChangeModel

/// Where the keys come from, decided from files and environment alone; nothing was run or asked yet.
indirect enum CredentialPlan: Hashable, Sendable {
    case environment(AccessKey)
    /// From a profile's own `aws_access_key_id`; `file` says which of the two files.
    case profile(AccessKey, file: ProfileSource)
    case assumeRole(AssumedRole, source: CredentialPlan)
    case webIdentity(WebIdentity)
    case singleSignOn(SingleSignOn)
    /// `credential_process`, in words.
    case process([String], place: FilePlace)
    case container(ContainerEndpoint)
    case instance

    enum ProfileSource: String, Hashable, Sendable { case credentials, configuration }
}

/// `sts:AssumeRole` as a profile describes it.
struct AssumedRole: Hashable, Sendable {
    var arn: String
    var sessionName: String?
    var externalID: String?
    /// Seconds; nil for the service's own hour.
    var duration: Int?
}

/// `sts:AssumeRoleWithWebIdentity`: the token in the file is the only secret.
struct WebIdentity: Hashable, Sendable {
    var tokenFile: String
    var roleARN: String
    var sessionName: String?
}

/// A role in an account, for the token that a person's login left in `~/.aws/sso/cache`.
struct SingleSignOn: Hashable, Sendable {
    var startURL: String
    var region: String
    var accountID: String
    var roleName: String
    /// nil of profiles from before there were sessions.
    var session: String?
}

/// The agent beside a container that hands out its role (`AWS_CONTAINER_CREDENTIALS_*`).
struct ContainerEndpoint: Hashable, Sendable {
    var url: String
    var authorizationFile: String?
    var authorization: String?
}
