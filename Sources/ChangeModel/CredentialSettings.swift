/// `credentials` of `agentsafe.yaml`: where a runner takes credentials and secrets from. It gives power, so a runner reads it from
/// verified main alone.
public struct CredentialSettings: Hashable, Sendable {
    /// In the order of the file; the first that serves is asked.
    public var backends: [CredentialBackend]
    /// Whether an action that asks for credentials is refused where no backend gives them. Otherwise it runs with what the
    /// runner's own connection may do.
    public var isRequired: Bool

    public init(backends: [CredentialBackend] = [], isRequired: Bool = false) {
        self.backends = backends
        self.isRequired = isRequired
    }

    /// The backend that gives credentials of `type` for a target; nil where none does.
    public func backend(forType type: String, on target: TargetEntry) -> CredentialBackend? {
        backends.first { $0.types.contains(type) && $0.serves(target) }
    }

    /// The backend that gives the secret `name` to what is done to a target; nil where none does.
    public func backend(forSecret name: String, on target: TargetEntry) -> CredentialBackend? {
        backends.first { $0.secrets.contains(name) && $0.serves(target) }
    }
}

/// One place that credentials or secrets come from.
public struct CredentialBackend: Hashable, Sendable {
    public var name: String
    public var source: Source
    /// The types of credentials (`credentials.type` of actions) that it gives. Empty: none.
    public var types: [String]
    /// The secrets that it gives, each by its name. Empty: none.
    public var secrets: [String]
    /// Only for targets of these. Empty: for all.
    public var environments: [Environment]
    /// Whether a machine's own settings may say where the variable, the file or the program is.
    public var isLocal: Bool

    /// Where it comes from. The texts may hold blanks (`ScopeTemplate`).
    public enum Source: Hashable, Sendable {
        case environment(variable: String)
        case file(path: String)
        /// A program that prints an ExecCredential (`client.authentication.k8s.io/v1`). `timeout` in seconds.
        case exec(command: String, arguments: [String], timeout: Int)
        /// A token of a ServiceAccount, by the TokenRequest API. No audiences: the API server's own.
        case tokenRequest(namespace: String, serviceAccount: String, audiences: [String])
        /// Keys of an AWS role, narrowed to what the step needs, by STS.
        case roleSession(SessionRole)

        /// The word that stands for it in `agentsafe.yaml`.
        public var kind: String {
            switch self {
            case .environment: "environment"
            case .file: "file"
            case .exec: "exec"
            case .tokenRequest: "token_request"
            case .roleSession: "sts"
            }
        }
    }

    public static let kinds = ["environment", "file", "exec", "token_request", "sts"]
    public static let usualTimeout = 30

    public init(
        name: String, source: Source, types: [String] = [], secrets: [String] = [], environments: [Environment] = [],
        isLocal: Bool = false
    ) {
        self.name = name
        self.source = source
        self.types = types
        self.secrets = secrets
        self.environments = environments
        self.isLocal = isLocal
    }

    func serves(_ target: TargetEntry) -> Bool { environments.isEmpty || environments.contains(target.environment) }
}

/// The role of AWS that a backend assumes for a step.
public struct SessionRole: Hashable, Sendable {
    /// May hold blanks (`ScopeTemplate`): a role for each account, say.
    public var arn: String
    public var externalID: String?
    /// Whose STS is asked; nil: that of the step's own region.
    public var region: String?
    /// Whether the session carries the change's id, the action and the repository as tags, which the role's trust policy must
    /// allow (`sts:TagSession`).
    public var isTagged: Bool

    public init(arn: String, externalID: String? = nil, region: String? = nil, isTagged: Bool = true) {
        self.arn = arn
        self.externalID = externalID
        self.region = region
        self.isTagged = isTagged
    }
}
