internal import AWSExecutor
internal import ChangeModel
internal import EmbeddedCluster
internal import HTTP
internal import KubernetesExecutor
internal import OperatingSystem
internal import Runner

/// The vault of a machine: the backends that main names, and where this machine keeps what they give.
///
/// Nothing is kept: each step of each run asks anew.
final class MachineVault: CredentialVault {
    private let workspace: Workspace
    let executors: ExecutorChoice
    /// For whom credentials are asked; nil for what nobody has proposed.
    let change: ChangeID?
    let repository: String?

    init(workspace: Workspace, executors: ExecutorChoice, change: ChangeID? = nil, repository: String?) {
        self.workspace = workspace
        self.executors = executors
        self.change = change
        self.repository = repository
    }

    private var host: Host { workspace.host }

    func credential(
        for step: ExecutionStep, scope: JSONValue, settings: CredentialSettings
    ) throws(ExecutionError) -> Credential? {
        guard var credential = try fetched(for: step, scope: scope, settings: settings) else { return nil }
        do throws(ExecutionError) {
            let access = try access(of: credential, for: step)
            let backend = credential.record.backend
            if let first = access.missing.first {
                let rest = access.missing.count > 1 ? " and \(access.missing.count - 1) more" : ""
                throw ExecutionError(
                    code: .noCredential,
                    message: "the credential of backend `\(backend)` may not \(first)\(rest), which "
                        + "`\(step.action.name)` needs; give its account that right, see `agentsafe credential test`")
            }
            credential.warnings = access.warnings(backend: backend, action: step.action.name)
            return credential
        } catch {
            credential.drop()
            throw error
        }
    }

    /// What the step's action asks for, whatever it may do.
    func fetched(
        for step: ExecutionStep, scope: JSONValue, settings: CredentialSettings
    ) throws(ExecutionError) -> Credential? {
        guard let wanted = step.action.credentials,
            let backend = settings.backend(forType: wanted.type, on: step.target)
        else { return nil }
        var (secret, expires) = try fetch(backend, scope: scope, secret: nil, for: step)
        var parts: [SecretValue] = []
        if wanted.type == CredentialRecord.awsType {
            guard let keys = SessionKeys(secret) else {
                secret.drop()
                throw fault(
                    backend,
                    "what it has is no JSON object with keys of AWS, such as a `credential_process` prints (Version 1)")
            }
            (parts, expires) = (keys.parts, keys.expires)
        }
        let credential = Credential(
            CredentialRecord(backend: backend.name, type: wanted.type, scope: scope, expires: expires), secret: secret,
            parts: parts)
        if let expires, expires <= workspace.now {
            credential.drop()
            throw fault(backend, "what it has expired at \(expires)")
        }
        return credential
    }

    func secret(
        _ name: String, forParameter parameter: String, of step: ExecutionStep, settings: CredentialSettings
    ) throws(ExecutionError) -> Credential {
        guard let backend = settings.backend(forSecret: name, on: step.target) else {
            throw ExecutionError(
                code: .noCredential,
                message:
                    "param `\(parameter)` refers to the secret `\(name)`, and no backend of `credentials` in agentsafe.yaml "
                    + "gives that for `\(step.target.id)`")
        }
        let scope: JSONValue = ["name": .string(name), "param": .string(parameter)]
        let (secret, expires) = try fetch(backend, scope: scope, secret: name, for: step)
        return Credential(
            CredentialRecord(
                backend: backend.name, type: CredentialRecord.secretType, scope: scope, expires: expires),
            secret: secret)
    }

    /// None of these backends can take back what it gave: a token ends by itself, and what is dropped here is gone.
    func revoke(_ credential: Credential) {}

    /// Where a backend looks for what a step needs.
    func place(
        _ backend: CredentialBackend, scope: JSONValue, secret: String?, for step: ExecutionStep
    ) throws(ExecutionError) -> CredentialPlace {
        let local = try local(backend)
        switch backend.source {
        case .environment(let variable):
            let name = try CredentialScopes.fill(local ?? variable, for: step, secret: secret)
            guard Identifier.isParameterName(name) else {
                throw fault(backend, "`\(name.prefix(60))` is no name of a variable: letters, digits and `_`")
            }
            return .variable(name)
        case .file(let path):
            return .file(try absolute(try CredentialScopes.fill(local ?? path, for: step, secret: secret), backend))
        case .exec(let command, let arguments, let timeout):
            var filled: [String] = []
            for argument in arguments { filled.append(try CredentialScopes.fill(argument, for: step, secret: secret)) }
            return .program(
                ExecCredential(
                    backend: backend.name, command: try absolute(local ?? command, backend), arguments: filled,
                    timeout: timeout,
                    printsKeys: secret == nil && step.action.credentials?.type == CredentialRecord.awsType))
        case .tokenRequest(let namespace, let account, let audiences):
            return .account(
                try TokenRequest(
                    namespace: try CredentialScopes.fill(namespace, for: step),
                    account: try CredentialScopes.fill(account, for: step), audiences: audiences,
                    lifetime: Int64(step.action.credentials?.ttl ?? 0)))
        case .roleSession(let role): return .session(try session(of: role, scope: scope, for: step))
        }
    }

    private func fetch(
        _ backend: CredentialBackend, scope: JSONValue, secret: String?, for step: ExecutionStep
    ) throws(ExecutionError) -> (SecretValue, Timestamp?) {
        switch try place(backend, scope: scope, secret: secret, for: step) {
        case .variable(let name):
            guard let value = host.environment[name], !value.isEmpty else {
                throw fault(backend, "the environment variable `\(name)` is not set here")
            }
            guard value.utf8.count <= SecretValue.maximumSize else { throw fault(backend, "`\(name)` is too long") }
            return (SecretValue(Array(value.utf8)), nil)
        case .file(let path): return (try read(path, backend), nil)
        case .program(let program): return try program.fetch(scope: scope, host: host)
        case .account(let request):
            guard let transport = try transport(for: step) else {
                throw fault(backend, "there is no cluster here that could be asked for a token")
            }
            return try request.issue(over: transport, now: workspace.now)
        case .session(let session): return (try aws(for: step, backend).keys(of: session).secret, nil)
        }
    }

    private func read(_ path: String, _ backend: CredentialBackend) throws(ExecutionError) -> SecretValue {
        guard Files.kind(path, followingLinks: true) == .file else {
            throw fault(backend, "there is no file `\(path)` here")
        }
        // Whoever can write it could have the runner speak as whom they like.
        guard let mode = Files.permissions(path), mode & 0o022 == 0 else {
            throw fault(backend, "others than its owner can write `\(path)`; run `chmod go-w` on it")
        }
        var bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(path, limit: SecretValue.maximumSize)
        } catch {
            throw fault(backend, "\(error)")
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty else { throw fault(backend, "the file `\(path)` is empty") }
        return SecretValue(taking: &bytes)
    }

    /// What this machine says of a backend, where main lets it: `AGENTSAFE_CREDENTIAL_<NAME>`, in capitals with `_` for `-` and `.`, or
    /// `git config agentsafe.credential-<name>.location`.
    private func local(_ backend: CredentialBackend) throws(ExecutionError) -> String? {
        guard backend.isLocal else { return nil }
        let name = String(backend.name.uppercased().map { "-.".contains($0) ? "_" : $0 })
        do {
            return try workspace.setting(
                nil, variable: "AGENTSAFE_CREDENTIAL_\(name)",
                configuration: "agentsafe.credential-\(backend.name).location")
        } catch {
            throw fault(backend, error.message)
        }
    }

    private func absolute(_ path: String, _ backend: CredentialBackend) throws(ExecutionError) -> String {
        guard path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
            throw fault(backend, "`\(path.prefix(100))` is no absolute path")
        }
        return path
    }

    // MARK: - What it may do

    /// Speaks with the credential to ask the cluster what it may do, and with the connection's own again.
    func access(of credential: Credential, for step: ExecutionStep) throws(ExecutionError) -> CredentialAccess {
        guard credential.record.type == KubernetesExecutor.credentialType,
            let connection = try transport(for: step) as? any BearerTransport, !(connection is EmbeddedCluster),
            let token = credential.secret.text, BearerToken.isValid(token), connection.speak(asBearer: token)
        else { return CredentialAccess() }
        defer { connection.speak(asBearer: nil) }
        let needs = AccessNeed.of(step)
        let review = AccessReview(transport: connection)
        var access = CredentialAccess(isKnown: true)
        access.missing = try review.missing(of: needs)
        access.excess = try review.excess(
            beyond: needs, in: step.parameters["namespace"]?.stringValue ?? "default")
        return access
    }

    private func transport(for step: ExecutionStep) throws(ExecutionError) -> (any HTTPTransport)? {
        do throws(AgentSafeError) {
            return (try executors.executor(for: step.target) as? KubernetesExecutor)?.transport
        } catch {
            throw ExecutionError(code: .noCredential, message: error.message)
        }
    }

    func fault(_ backend: CredentialBackend, _ what: String) -> ExecutionError {
        ExecutionError(code: .noCredential, message: "the backend `\(backend.name)` gives nothing: \(what)")
    }
}

/// Where a backend looks, with all blanks filled.
enum CredentialPlace {
    case variable(String)
    case file(String)
    case program(ExecCredential)
    case account(TokenRequest)
    case session(RoleSession)

    /// In words, for people.
    var words: String {
        switch self {
        case .variable(let name): "environment variable `\(name)`"
        case .file(let path): "file `\(path)`"
        case .program(let program): "program `\(([program.command] + program.arguments).joined(separator: " "))`"
        case .account(let request):
            "a token of ServiceAccount `\(request.namespace)/\(request.account)` for \(request.lifetime) seconds"
        case .session(let session):
            "keys of role `\(session.role)` for \(session.duration) seconds, as session `\(session.name)`"
        }
    }
}

/// What a credential may do, held against what a step needs.
struct CredentialAccess {
    /// false where nobody could be asked: a cluster in a file.
    var isKnown = false
    var missing: [AccessNeed] = []
    /// What it may do beyond, in words.
    var excess: [String] = []

    func warnings(backend: String, action: String) -> [String] {
        guard !excess.isEmpty else { return [] }
        let some = excess.prefix(3).map { "`\($0)`" }.joined(separator: ", ")
        let rest = excess.count > 3 ? " and \(excess.count - 3) more" : ""
        return [
            "the credential of backend `\(backend)` can do more than `\(action)` needs: \(some)\(rest); give it an account of its own"
        ]
    }
}
