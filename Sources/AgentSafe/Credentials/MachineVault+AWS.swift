internal import AWSExecutor
internal import ChangeModel
internal import Runner

extension MachineVault {
    /// The role's session for one step, by which CloudTrail finds the change: its name is the change's id, and so is a tag.
    func session(
        of role: SessionRole, scope: JSONValue, for step: ExecutionStep
    ) throws(ExecutionError) -> RoleSession {
        let change = change?.text ?? "agentsafe-test"
        var tags = [RoleSession.Tag("agentsafe-change", change), RoleSession.Tag("agentsafe-action", step.action.name)]
        if let repository { tags.append(RoleSession.Tag("agentsafe-repository", repository)) }
        return try RoleSession(
            role, for: step, scope: scope, lifetime: step.action.credentials?.ttl ?? 0, name: change, tags: tags)
    }

    func aws(for step: ExecutionStep, _ backend: CredentialBackend) throws(ExecutionError) -> AWSExecutor {
        guard let executor = try reached(step) as? AWSExecutor else {
            throw fault(backend, "there is no AWS here that could be asked")
        }
        return executor
    }

    private func reached(_ step: ExecutionStep) throws(ExecutionError) -> any Executor {
        do throws(AgentSafeError) {
            return try executors.executor(for: step.target)
        } catch {
            throw ExecutionError(code: .noCredential, message: error.message)
        }
    }

    /// Asks STS whose keys they are, and holds that against the target's pin. What IAM lets them do, nobody can be asked.
    ///
    /// - Returns: nil for credentials of another type.
    func identity(
        of credential: Credential, for step: ExecutionStep
    ) throws(ExecutionError) -> [String: String]? {
        guard credential.record.type == CredentialRecord.awsType else { return nil }
        let executor = try reached(step)
        try executor.use(credential)
        defer { executor.forgetCredential() }
        return try executor.confirmIdentity(of: step)
    }
}
