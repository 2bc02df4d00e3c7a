internal import ChangeModel
public import HTTP
public import Runner

/// Carries out the Kubernetes actions of the catalogue over any `HTTPTransport`, as kubectl would; each is a file below
/// `Operations/`.
///
/// Every mutation is conditional on the state before it (`Execution.change`) and sent with `fieldManager=agentsafe` and
/// `fieldValidation=Strict`, which old servers ignore. Names are held against Kubernetes' own grammar before any request
/// exists. Which version of an API is spoken, the server says (`Discovery`). No error carries content of an object.
public final class KubernetesExecutor: Executor {
    public let name: String
    /// What carries the requests.
    public let transport: any HTTPTransport
    let session: ClusterSession

    /// - Parameters:
    ///   - evidenceKey: keys the hashes that are recorded of values and of whole objects.
    ///   - now: seconds since 1970-01-01T00:00:00Z; used for `restartedAt` and for the time limit.
    ///   - streams: carries `exec-pod` and `port-forward`; nil: they cannot be done.
    ///   - convergenceTimeout: seconds to wait for a rollout, or for a namespace to be gone.
    public init(
        transport: any HTTPTransport, name: String = "kubernetes", evidenceKey: EvidenceKey,
        streams: (any PodStreams)? = nil, sleep: @escaping (_ milliseconds: Int) -> Void, now: @escaping () -> Int64,
        convergenceTimeout: Int = 600
    ) {
        self.name = name
        self.transport = transport
        let client = APIClient(transport: transport, sleep: sleep)
        session = ClusterSession(
            client: client, discovery: Discovery(client: client), sightings: Sightings(), streams: streams,
            key: evidenceKey, now: now, convergenceTimeout: convergenceTimeout)
    }

    public func supports(action: String) -> Bool { OperationTable.supports(action, hasStreams: session.streams != nil) }

    /// The cluster's identity is the `uid` of its `kube-system` namespace; a locator pins it as `cluster_uid`.
    public func confirmIdentity(of step: ExecutionStep) throws(ExecutionError) -> [String: String] {
        _ = try OperationTable.operation(for: step)
        let namespace = try session.client.get(.namespace("kube-system"))
        guard let uid = namespace.uid, !uid.isEmpty else {
            throw ExecutionError(
                code: .wrongTarget, message: "the cluster does not say who it is: `kube-system` has no uid")
        }
        if let pinned = step.target.locator["cluster_uid"], pinned != uid {
            throw ExecutionError(
                code: .wrongTarget,
                message:
                    "target `\(step.target.id)` is pinned to cluster `\(pinned.forMessage())`, but this is cluster "
                    + "`\(uid.forMessage())`; check the credentials' cluster, or the locator")
        }
        return ["cluster_uid": uid.forMessage()]
    }

    public func runPrechecks(for step: ExecutionStep) throws(ExecutionError) -> [PrecheckResult] {
        let operation = try OperationTable.operation(for: step)
        return try Prechecks(operation: operation, session: session).run(step.action.prechecks.map(\.name))
    }

    public func captureState(for step: ExecutionStep) throws(ExecutionError) -> CapturedState {
        let operation = try OperationTable.operation(for: step)
        let address = try operation.object(in: session)
        let seen =
            session.sightings.take(address, for: .beforeState) ?? session.sightings.take(address, for: .afterState)
        let object: JSONValue? =
            if let seen { seen } else { try session.client.find(address) }
        let state = try StateCapture(operation: operation, session: session).capture(
            object, at: address, for: step.action)
        session.sightings.note(object, at: address, for: .mutation)
        return state
    }

    public func execute(
        _ step: ExecutionStep, before: CapturedState, mayMutate: () -> Bool, progress: (String) -> Void
    ) throws(ExecutionError) -> ExecutionReport {
        let operation = try OperationTable.operation(for: step)
        // The closures live for as long as this call does, and so does the execution.
        let result = withoutActuallyEscaping(mayMutate) { mayMutate in
            withoutActuallyEscaping(progress) { progress in
                Result { () throws(ExecutionError) in
                    try operation.execute(
                        Execution(
                            session: session, action: step.action, before: before, mayMutate: mayMutate,
                            progress: progress))
                }
            }
        }
        if case .failure = result { session.sightings.forget() }
        return try result.get()
    }

    public func preview(_ step: ExecutionStep, before: CapturedState) throws(ExecutionError) -> Preview {
        try OperationTable.operation(for: step)
            .preview(Rehearsal(session: session, action: step.action, before: before))
    }
}
