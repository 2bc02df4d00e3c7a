internal import ChangeModel
public import OperatingSystem
public import Runner

/// Carries out the AWS actions of the catalogue, as AWS's own tools would; each family is a file below `Operations/`.
///
/// No mutation is sent twice: of the thirteen, none takes a token against repetition (a Lambda's settings and an object in S3 are
/// conditional on their version instead), so what may have been applied ends as unknown. Before each the resource is read
/// again and must be the one that before-state describes. No error carries a Lambda's settings or payload.
public final class AWSExecutor: Executor {
    public let name: String
    let session: AWSSession

    /// - Parameters:
    ///   - profile: chosen by a flag; nil for what the environment says.
    ///   - evidenceKey: keys the hashes that are recorded of values.
    ///   - convergenceTimeout: seconds to wait until an instance or a service is where it should be.
    /// - Throws: `AWSAccessError` for files of profiles that cannot be read, and where no credentials are configured.
    public convenience init(
        profile: String? = nil, host: Host, evidenceKey: EvidenceKey, name: String = "aws",
        convergenceTimeout: Int = 600
    ) throws(AWSAccessError) {
        let profiles = try Profiles(host: host)
        let chain = CredentialChain(profiles: profiles, environment: host.environment, chosenProfile: profile)
        let plan = try chain.plan()
        let endpoints = EndpointSettings(
            environment: host.environment, profile: profiles.merged[chain.profileName] ?? [:],
            services: profiles.services)
        self.init(
            plan: plan, endpoints: endpoints, host: host, evidenceKey: evidenceKey, name: name,
            convergenceTimeout: convergenceTimeout)
    }

    init(
        plan: CredentialPlan, endpoints: EndpointSettings, host: Host, evidenceKey: EvidenceKey, name: String = "aws",
        convergenceTimeout: Int = 600
    ) {
        self.name = name
        session = AWSSession(
            plan: plan, endpoints: endpoints, host: host, key: evidenceKey, convergenceTimeout: convergenceTimeout)
    }

    public func supports(action: String) -> Bool { AWSOperations.table[action] != nil }

    /// The account is the one that STS names for the keys; a locator pins it as `account`.
    public func confirmIdentity(of step: ExecutionStep) throws(ExecutionError) -> [String: String] {
        _ = try AWSOperations.operation(for: step)
        let region = try StepParameters(values: step.parameters).region()
        let who: (account: String, arn: String, userID: String)
        do throws(ServiceError) {
            who = try SecurityTokenService(client: session.client(region)).callerIdentity()
        } catch {
            throw ExecutionError(code: .unreachable, message: error.message)
        }
        if let pinned = step.target.locator["account"], pinned != who.account {
            throw ExecutionError(
                code: .wrongTarget,
                message:
                    "target `\(step.target.id)` is pinned to account `\(pinned.forMessage())`, but these credentials are "
                    + "of account `\(who.account.forMessage())`; check the profile, or the locator")
        }
        return ["account": who.account.forMessage(), "arn": who.arn.forMessage(limit: 200)]
    }

    public func runPrechecks(for step: ExecutionStep) throws(ExecutionError) -> [PrecheckResult] {
        let operation = try AWSOperations.operation(for: step)
        let resource = try operation.read(session)
        var results: [PrecheckResult] = []
        for precheck in step.action.prechecks {
            let finding = try operation.check(precheck.name, resource, session)
            results.append(
                PrecheckResult(
                    name: precheck.name, passed: finding?.passed ?? false,
                    detail: finding?.detail
                        ?? "this version cannot check `\(precheck.name.forMessage())`; remove it from the action, or update"
                ))
        }
        return results
    }

    public func captureState(for step: ExecutionStep) throws(ExecutionError) -> CapturedState {
        let operation = try AWSOperations.operation(for: step)
        return try state(of: try operation.read(session), operation, step)
    }

    private func state(
        of resource: AWSResource?, _ operation: any AWSOperation, _ step: ExecutionStep
    ) throws(ExecutionError) -> CapturedState {
        guard let resource else {
            guard operation.endsResource else {
                throw ExecutionError(code: .notFound, message: "there is no \(operation.subject)")
            }
            return CapturedState(
                fields: Dictionary(uniqueKeysWithValues: step.action.stateFields.map { ($0.name, .null) }))
        }
        var fields = resource.fields
        // What the catalogue declares and AWS does not have is recorded as such, not left out.
        for field in step.action.stateFields where fields[field.name] == nil { fields[field.name] = .null }
        return CapturedState(
            fields: fields, objectDigest: try session.key.code(of: resource.identity.canonicalBytes),
            version: resource.version)
    }

    public func preview(_ step: ExecutionStep, before: CapturedState) throws(ExecutionError) -> Preview {
        try AWSOperations.operation(for: step).preview(session, before: before)
    }

    public func execute(
        _ step: ExecutionStep, before: CapturedState, mayMutate: () -> Bool, progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport {
        let operation = try AWSOperations.operation(for: step)
        let current = try operation.read(session)
        let now = try state(of: current, operation, step)
        guard now.objectDigest == before.objectDigest else {
            throw ExecutionError(
                code: .conflict,
                message: "\(operation.subject) changed since before-state was taken; look at it and propose again")
        }
        guard mayMutate() else {
            throw ExecutionError(
                code: .leaseEnded, message: "the lease ended before \(operation.subject) was changed; nothing was sent")
        }
        // The closures live for as long as this call does, and so does the execution.
        return try withoutActuallyEscaping(mayMutate) { mayMutate in
            withoutActuallyEscaping(progress) { progress in
                Result { () throws(ExecutionError) in
                    try operation.execute(
                        AWSExecution(session: session, current: current, mayMutate: mayMutate, progress: progress))
                }
            }
        }.get()
    }
}
