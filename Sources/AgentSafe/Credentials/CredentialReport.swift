internal import AWSExecutor
public import ChangeModel
internal import Documents
internal import Ledger
internal import PolicyEngine
internal import Runner

/// What is asked about: a change's steps, or one step that nobody has proposed.
public enum CredentialSubject: Sendable {
    case change(ChangeID)
    /// Params as somebody typed them; the action's definition says what they are.
    case action(String, target: String, parameters: [String: String])
}

/// What one step takes a credential or a secret for, and from where. It never holds either.
public struct CredentialReport: Sendable {
    public let action: String
    public let target: String
    /// The credential's type; `secret` for what a param refers to.
    public let type: String
    /// nil where no backend gives it.
    public let backend: String?
    /// `environment`, `file`, `exec`, `token_request` or `sts`; nil with `backend`.
    public let kind: String?
    /// Where the backend looks, in words.
    public let place: String?
    public internal(set) var scope: JSONValue = .null
    /// Of keys of AWS: the session policy that STS would be asked to narrow them by.
    public let sessionPolicy: JSONValue?
    /// Seconds for which it is wanted; nil for a secret.
    public let lifetime: Int?
    /// Why it could not be had.
    public internal(set) var problem: String?
    /// Of a test: until when what was given lasts.
    public internal(set) var expires: Timestamp?
    /// Of a test: as whom the target knows the credential; nil where it was not asked.
    public internal(set) var identity: [String: String]?
    /// Of a test: what the credential may not do, though the step needs it. nil where nobody could be asked.
    public internal(set) var missing: [String]?
    /// Of a test: what it may do beyond that.
    public internal(set) var excess: [String]?

    /// Whether a run of the step would come to a halt here.
    public var isFaulty: Bool { problem != nil || missing?.isEmpty == false }

    public var json: JSONValue {
        .compact([
            "action": .string(action), "target": .string(target), "type": .string(type),
            "backend": backend.map { .string($0) } ?? .null, "kind": kind.map { .string($0) },
            "place": place.map { .string($0) }, "scope": scope,
            "session_policy": sessionPolicy,
            "ttl_seconds": lifetime.map { .integer(Int64($0)) }, "problem": problem.map { .string($0) },
            "expires": expires.map { .string($0.description) },
            "identity": identity.map { .object($0.mapValues { .string($0) }) }, "missing": missing.map { .strings($0) },
            "excess": excess.map { .strings($0) },
        ])
    }
}

extension Workspace {
    /// Says what a runner on this machine would take credentials and secrets from, by main as it was fetched last. Fetches
    /// none of them.
    public func resolveCredentials(
        for subject: CredentialSubject, executors: ExecutorChoice
    ) throws(AgentSafeError) -> [CredentialReport] {
        try credentials(of: subject, executors: executors) { _, report in report }
    }

    /// Fetches what a runner would, asks the target what may be done with it, and drops it. Claims and records nothing.
    public func testCredentials(
        for subject: CredentialSubject, executors: ExecutorChoice
    ) throws(AgentSafeError) -> [CredentialReport] {
        if case .change(let id) = subject { try fetchIfPossible(.change(id)) }
        return try credentials(of: subject, executors: executors) { fetch, report in
            var report = report
            guard report.problem == nil, report.backend != nil else { return report }
            do throws(ExecutionError) {
                let (credential, access, identity) = try fetch()
                credential.drop()
                report.expires = credential.record.expires
                report.identity = identity
                if access.isKnown {
                    report.missing = access.missing.map(\.description)
                    report.excess = access.excess
                }
            } catch {
                report.problem = error.message
            }
            return report
        }
    }

    private func credentials(
        of subject: CredentialSubject, executors: ExecutorChoice,
        _ look: (
            _ fetch: () throws(ExecutionError) -> TestedCredential, CredentialReport
        ) -> CredentialReport
    ) throws(AgentSafeError) -> [CredentialReport] {
        let view = try view()
        let settings = view.state.configuration.credentials
        let change: ChangeID? = if case .change(let id) = subject { id } else { nil }
        let vault = MachineVault(
            workspace: self, executors: executors, change: change,
            repository: view.state.configuration.repository)
        var reports: [CredentialReport] = []
        for step in try steps(of: subject, in: view) {
            if let wanted = step.action.credentials {
                let backend = settings.backend(forType: wanted.type, on: step.target)
                let report = vault.report(on: step, type: wanted.type, backend, secret: nil, settings: settings)
                let scope = report.scope
                reports.append(
                    look(
                        { () throws(ExecutionError) in try vault.tested(step, scope: scope, settings: settings) },
                        report)
                )
            }
            for parameter in step.action.parameters where parameter.sensitive {
                guard let reference = step.parameters[parameter.name]?.stringValue, reference.hasPrefix("vault:")
                else { continue }
                let name = String(reference.dropFirst(6))
                let backend = settings.backend(forSecret: name, on: step.target)
                let report = vault.report(
                    on: step, type: CredentialRecord.secretType, backend, secret: (name, parameter.name),
                    settings: settings)
                reports.append(
                    look(
                        { () throws(ExecutionError) in
                            (
                                try vault.secret(
                                    name, forParameter: parameter.name, of: step, settings: settings),
                                CredentialAccess(), nil
                            )
                        }, report))
            }
        }
        return reports
    }

    private func steps(
        of subject: CredentialSubject, in view: VerifiedView
    ) throws(AgentSafeError) -> [ExecutionStep] {
        switch subject {
        case .change(let id):
            guard let found = try find(id, in: view) else {
                throw AgentSafeError(.failed, "there is no change `\(id)` here; fetch, or check the identifier")
            }
            guard let plan = try judge(found.change, in: view).plan else {
                throw AgentSafeError(.failed, "\(id) has no plan: its action, target or params are not main's any more")
            }
            return plan.steps.map {
                ExecutionStep(action: $0.action, target: $0.target, parameters: $0.parameters)
            }
        case .action(let name, let target, let texts):
            let catalogue = try catalogue(of: view.state)
            let definitions = catalogue.actions[name]?.parameters ?? []
            var parameters: [String: JSONValue] = [:]
            for (name, text) in texts {
                parameters[name] = ParameterText.parse(text, as: definitions.first { $0.name == name }?.type)
            }
            let request = DecisionRequest(
                action: name, target: target, caller: .anonymous, parameters: parameters)
            let engine = PolicyEngine(catalogue: catalogue)
            guard let action = catalogue.actions[name], let entry = catalogue.targets[target],
                let effective = engine.effectiveParameters(request)
            else {
                let decision = engine.decide(request, now: now)
                throw AgentSafeError(.failed, decision.result == .deny ? decision.reason : "the target is unknown")
            }
            return [ExecutionStep(action: action, target: entry, parameters: effective)]
        }
    }
}

/// What a test fetched, what it may do, and as whom.
private typealias TestedCredential = (Credential, CredentialAccess, identity: [String: String]?)

extension MachineVault {
    /// What would be asked, and whether that can be said at all.
    fileprivate func report(
        on step: ExecutionStep, type: String, _ backend: CredentialBackend?, secret: (name: String, parameter: String)?,
        settings: CredentialSettings
    ) -> CredentialReport {
        var problem: String?
        var place: String?
        var policy: JSONValue?
        var scope: JSONValue =
            secret.map { ["name": .string($0.name), "param": .string($0.parameter)] } ?? .object([:])
        do throws(ExecutionError) {
            if secret == nil, let wanted = step.action.credentials {
                scope = try CredentialScopes.resolve(wanted, for: step)
            }
            if let backend {
                let found = try self.place(backend, scope: scope, secret: secret?.name, for: step)
                place = found.words
                if case .session(let session) = found { policy = session.policy.json }
            }
        } catch {
            problem = error.message
        }
        if backend == nil, let secret {
            problem =
                "no backend of `credentials` in agentsafe.yaml gives the secret `\(secret.name)` for `\(step.target.id)`"
        } else if backend == nil, settings.isRequired {
            problem =
                "`credentials.required` in agentsafe.yaml, and no backend there gives type `\(type)` for `\(step.target.id)`"
        } else if backend == nil {
            problem = nil
        }
        return CredentialReport(
            action: step.action.name, target: step.target.id, type: type, backend: backend?.name,
            kind: backend?.source.kind, place: place, scope: scope, sessionPolicy: policy,
            lifetime: secret == nil ? step.action.credentials?.ttl : nil, problem: problem)
    }

    /// Fetches a credential without minding what it lacks, and says that.
    fileprivate func tested(
        _ step: ExecutionStep, scope: JSONValue, settings: CredentialSettings
    ) throws(ExecutionError) -> TestedCredential {
        guard let credential = try fetched(for: step, scope: scope, settings: settings) else {
            throw ExecutionError(code: .noCredential, message: "no backend gives it")
        }
        do throws(ExecutionError) {
            return (
                credential, try access(of: credential, for: step), try identity(of: credential, for: step)
            )
        } catch {
            credential.drop()
            throw error
        }
    }
}
