internal import ChangeModel
internal import OperatingSystem

/// What one step holds while it runs: fetched after the claim, given back on every path.
final class StepCredentials {
    private let vault: (any CredentialVault)?
    private let executor: any Executor
    private var held: [Credential] = []
    private(set) var screen = SecretScreen()

    init(vault: (any CredentialVault)?, executor: any Executor) {
        self.vault = vault
        self.executor = executor
    }

    deinit { release() }

    var records: [CredentialRecord] { held.map(\.record) }

    /// Fetches the credential of the step's action, hands it to the executor, and puts secrets in the place of what refers to them.
    ///
    /// - Returns: the step for the executor alone; its params are never recorded.
    func fetch(
        for step: ExecutionStep, settings: CredentialSettings, progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionStep {
        try fetchCredential(for: step, settings: settings, progress: progress)
        var resolved = step
        for parameter in step.action.parameters where parameter.sensitive {
            guard let reference = step.parameters[parameter.name] else { continue }
            resolved.parameters[parameter.name] = .string(
                try secret(reference, of: parameter.name, step, settings, progress))
        }
        return resolved
    }

    private func fetchCredential(
        for step: ExecutionStep, settings: CredentialSettings, progress: (String) -> Void
    ) throws(ExecutionError) {
        guard let wanted = step.action.credentials else { return }
        var credential: Credential?
        if let vault, settings.backend(forType: wanted.type, on: step.target) != nil {
            let scope = try CredentialScopes.resolve(wanted, for: step)
            FaultPoint.reach("credential.fetch", wanted.type)
            credential = try vault.credential(for: step, scope: scope, settings: settings)
        }
        guard let credential else {
            if settings.isRequired {
                throw ExecutionError(
                    code: .noCredential,
                    message:
                        "`credentials.required` in agentsafe.yaml: no backend there gives credentials of type `\(wanted.type)` for "
                        + "`\(step.target.id)`")
            }
            return
        }
        hold(credential, progress)
        try executor.use(credential)
    }

    private func secret(
        _ reference: JSONValue, of parameter: String, _ step: ExecutionStep, _ settings: CredentialSettings,
        _ progress: (String) -> Void
    ) throws(ExecutionError) -> String {
        guard let vault else {
            throw ExecutionError(
                code: .unsupported,
                message: "param `\(parameter)` refers to a secret, and no vault is connected that could resolve it")
        }
        guard let text = reference.stringValue, text.hasPrefix("vault:"), Identifier.isName(String(text.dropFirst(6)))
        else {
            throw ExecutionError(
                code: .invalid, message: "param `\(parameter)` is sensitive and takes a reference such as `vault:NAME`")
        }
        FaultPoint.reach("credential.fetch", CredentialRecord.secretType)
        let credential = try vault.secret(
            String(text.dropFirst(6)), forParameter: parameter, of: step, settings: settings)
        hold(credential, progress)
        guard credential.secret.withBytes({ $0.count }) >= SecretScreen.minimumSize else {
            throw ExecutionError(
                code: .noCredential,
                message:
                    "the secret for param `\(parameter)` has less than \(SecretScreen.minimumSize) bytes; one that short could "
                    + "not be told from other text, and kept out of the record")
        }
        guard let value = credential.secret.text, !value.unicodeScalars.contains("\0") else {
            throw ExecutionError(
                code: .noCredential, message: "the secret for param `\(parameter)` is no UTF-8 text; a param holds text"
            )
        }
        return value
    }

    private func hold(_ credential: Credential, _ progress: (String) -> Void) {
        held.append(credential)
        screen.add(credential.secret)
        // No real key is that short.
        for part in credential.parts where part.withBytes({ $0.count }) >= SecretScreen.minimumSize { screen.add(part) }
        FaultPoint.reach("credential.fetched", credential.record.type)
        let end = credential.record.expires.map { ", until \($0)" } ?? ""
        progress("credential of type `\(credential.record.type)` from `\(credential.record.backend)`\(end)")
        for warning in credential.warnings { progress("warning: \(screen.clean(warning))") }
    }

    /// Gives everything back and overwrites it. What was learnt about them stays: later words are screened too.
    func release() {
        guard !held.isEmpty else { return }
        FaultPoint.reach("credential.release", held[0].record.type)
        executor.forgetCredential()
        for credential in held.reversed() {
            vault?.revoke(credential)
            credential.drop()
        }
        held = []
        FaultPoint.reach("credential.released")
    }
}
