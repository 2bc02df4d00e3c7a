/// The order in which AWS's tools look for keys, as botocore has it: environment, assumed role, web identity, single sign-on,
/// credentials file, `credential_process`, config file, container, instance.
///
/// A profile that was chosen by a flag puts the environment's keys aside; `AWS_PROFILE` does not.
struct CredentialChain {
    let profiles: Profiles
    let environment: [String: String]
    /// By a flag.
    let chosenProfile: String?

    static let containerHost = "http://169.254.170.2"
    /// Roles that one profile may lead to another by.
    static let maximumDepth = 20

    /// A variable that is set to nothing counts as absent, except where botocore says otherwise.
    private func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// By flag or by environment; nil where nobody named one.
    private var namedProfile: String? {
        chosenProfile ?? variable("AWS_DEFAULT_PROFILE") ?? variable("AWS_PROFILE")
    }

    var profileName: String { namedProfile ?? "default" }

    /// - Throws: `AWSAccessError` where something is configured and cannot be used, and where nothing is.
    func plan() throws(AWSAccessError) -> CredentialPlan {
        let name = profileName
        guard namedProfile == nil || profiles.merged[name] != nil else {
            throw AWSAccessError(
                .notFound,
                "there is no profile `\(name.forMessage())` in the shared config and credentials files; see `aws configure list-profiles`"
            )
        }
        if chosenProfile == nil, let found = try fromEnvironment() { return found }
        let profile = profiles.merged[name] ?? [:]
        if Self.assumesRole(profile) {
            var visited = [name]
            return try assumedRole(name, visited: &visited)
        }
        if let found = try fromProfile(name, usesEnvironment: chosenProfile == nil) { return found }
        if let found = container { return found }
        guard asksInstance else {
            throw AWSAccessError(
                .notFound,
                "no AWS credentials: not in the environment, not in profile `\(name.forMessage())`, no container's, and instance "
                    + "metadata is disabled; configure one of them")
        }
        return .instance
    }

    private var asksInstance: Bool { variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" }

    // MARK: - Environment

    private func fromEnvironment() throws(AWSAccessError) -> CredentialPlan? {
        guard let id = variable("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = variable("AWS_SECRET_ACCESS_KEY") else {
            throw AWSAccessError(
                .refused, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both or neither")
        }
        let token = variable("AWS_SECURITY_TOKEN") ?? variable("AWS_SESSION_TOKEN")
        return .environment(AccessKey(id: id, secret: secret, sessionToken: token))
    }

    private var container: CredentialPlan? {
        let relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]
        guard
            let url = relative.map({ Self.containerHost + $0 })
                ?? environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        else { return nil }
        return .container(
            ContainerEndpoint(
                url: url, authorizationFile: environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
                authorization: environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]))
    }

    // MARK: - Roles

    private static func assumesRole(_ profile: Profiles.Values) -> Bool {
        profile["role_arn"] != nil && profile["web_identity_token_file"] == nil
    }

    private static func hasOwnKeys(_ profile: Profiles.Values) -> Bool {
        profile["aws_access_key_id"] != nil || profile["aws_secret_access_key"] != nil
    }

    private func assumedRole(_ name: String, visited: inout [String]) throws(AWSAccessError)
        -> CredentialPlan
    {
        let profile = profiles.merged[name] ?? [:]
        guard let arn = profile["role_arn"] else {
            throw AWSAccessError(.refused, "profile `\(name.forMessage())` has no `role_arn`")
        }
        if let serial = profile["mfa_serial"] {
            throw AWSAccessError(
                .refused,
                "`mfa_serial` asks a person for a code, and nobody is there; use a role whose trust policy does not want one",
                at: serial.place)
        }
        let role = AssumedRole(
            arn: arn.text, sessionName: profile["role_session_name"]?.text,
            externalID: profile["external_id"]?.text,
            duration: profile["duration_seconds"].flatMap { Int($0.text) })
        switch (profile["source_profile"], profile["credential_source"]) {
        case (nil, nil):
            throw AWSAccessError(
                .refused, "a role needs `source_profile` or `credential_source` beside `role_arn`",
                at: arn.place)
        case (_?, let source?):
            throw AWSAccessError(
                .refused, "`credential_source` and `source_profile` exclude each other; remove one",
                at: source.place)
        case (nil, let source?): return .assumeRole(role, source: try named(source))
        case (let source?, nil):
            return .assumeRole(role, source: try sourceProfile(source, of: name, visited: &visited))
        }
    }

    private func named(_ source: ProfileFile.Value) throws(AWSAccessError) -> CredentialPlan {
        let found: CredentialPlan?
        switch source.text {
        case "Environment": found = try fromEnvironment()
        case "EcsContainer": found = container
        case "Ec2InstanceMetadata": found = asksInstance ? .instance : nil
        default:
            throw AWSAccessError(
                .refused,
                "`credential_source` is Environment, EcsContainer or Ec2InstanceMetadata, not `\(source.text.forMessage())`",
                at: source.place)
        }
        guard let found else {
            throw AWSAccessError(
                .notFound, "`credential_source` \(source.text) has no credentials", at: source.place)
        }
        return found
    }

    private func sourceProfile(
        _ source: ProfileFile.Value, of name: String, visited: inout [String]
    ) throws(AWSAccessError) -> CredentialPlan {
        let other = source.text
        guard let profile = profiles.merged[other] else {
            throw AWSAccessError(.refused, "there is no profile `\(other.forMessage())`", at: source.place)
        }
        // A profile may name itself, to keep its keys and its role in one place.
        let isLoop = visited.contains(other) && (other != name || !Self.hasOwnKeys(profile))
        guard !isLoop, visited.count < Self.maximumDepth else {
            throw AWSAccessError(
                .refused,
                "the source profiles lead in a loop or too far: "
                    + (visited + [other]).map { $0.forMessage(limit: 40) }.joined(separator: " → "),
                at: source.place)
        }
        visited.append(other)
        if !Self.hasOwnKeys(profile), Self.assumesRole(profile) {
            return try assumedRole(other, visited: &visited)
        }
        guard let found = try fromProfile(other, usesEnvironment: false) else {
            throw AWSAccessError(
                .refused, "the source profile `\(other.forMessage())` has no credentials", at: source.place)
        }
        return found
    }

    // MARK: - One profile

    private func fromProfile(_ name: String, usesEnvironment: Bool) throws(AWSAccessError)
        -> CredentialPlan?
    {
        let profile = profiles.merged[name] ?? [:]
        if let found = try webIdentity(profile, usesEnvironment: usesEnvironment) { return found }
        if let found = try singleSignOn(profile, name) { return found }
        if let values = profiles.credentials[name], let key = try Self.ownKey(values) {
            return .profile(key, file: .credentials)
        }
        if let command = profile["credential_process"] {
            guard let words = try? ShellWords.split(command.text), !words.isEmpty else {
                throw AWSAccessError(
                    .malformed, "`credential_process` is no command; look at its quotes", at: command.place)
            }
            return .process(words, place: command.place)
        }
        if let values = profiles.configuration[name], let key = try Self.ownKey(values) {
            return .profile(key, file: .configuration)
        }
        return nil
    }

    private static func ownKey(_ values: Profiles.Values) throws(AWSAccessError) -> AccessKey? {
        guard let id = values["aws_access_key_id"] else { return nil }
        guard let secret = values["aws_secret_access_key"] else {
            throw AWSAccessError(
                .refused,
                "`aws_access_key_id` stands without `aws_secret_access_key`; add it, or remove the id",
                at: id.place)
        }
        let token = values["aws_security_token"] ?? values["aws_session_token"]
        return AccessKey(id: id.text, secret: secret.text, sessionToken: token?.text)
    }

    private func webIdentity(
        _ profile: Profiles.Values, usesEnvironment: Bool
    ) throws(AWSAccessError) -> CredentialPlan? {
        func value(_ name: String, _ variable: String) -> String? {
            (usesEnvironment ? environment[variable] : nil) ?? profile[name]?.text
        }
        guard let file = value("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE"), !file.isEmpty
        else { return nil }
        guard let arn = value("role_arn", "AWS_ROLE_ARN"), !arn.isEmpty else {
            throw AWSAccessError(
                .refused,
                "a web identity needs a role; set `role_arn` beside `web_identity_token_file`, or AWS_ROLE_ARN",
                at: profile["web_identity_token_file"]?.place)
        }
        return .webIdentity(
            WebIdentity(
                tokenFile: file, roleARN: arn,
                sessionName: value("role_session_name", "AWS_ROLE_SESSION_NAME")))
    }

    private func singleSignOn(_ profile: Profiles.Values, _ name: String) throws(AWSAccessError)
        -> CredentialPlan?
    {
        guard let marker = profile["sso_role_name"] ?? profile["sso_account_id"] else { return nil }
        var settings = profile
        if let session = profile["sso_session"] {
            guard let values = profiles.sessions[session.text] else {
                throw AWSAccessError(
                    .refused, "there is no section `[sso-session \(session.text.forMessage())]`",
                    at: session.place)
            }
            for (key, value) in values {
                if let own = settings[key], own.text != value.text {
                    throw AWSAccessError(
                        .refused,
                        "`\(key.forMessage())` is another one in the profile's sso-session; remove one of them",
                        at: own.place)
                }
                settings[key] = value
            }
        }
        var missing: [String] = []
        func value(_ key: String) -> String {
            if settings[key] == nil { missing.append("`\(key)`") }
            return settings[key]?.text ?? ""
        }
        let plan = SingleSignOn(
            startURL: value("sso_start_url"), region: value("sso_region"),
            accountID: value("sso_account_id"),
            roleName: value("sso_role_name"), session: settings["sso_session"]?.text)
        guard missing.isEmpty else {
            throw AWSAccessError(
                .refused,
                "profile `\(name.forMessage())` uses single sign-on and lacks \(missing.joined(separator: ", "))",
                at: marker.place)
        }
        return .singleSignOn(plan)
    }
}
