internal import ChangeModel
internal import OperatingSystem
internal import Runner

/// `port-forward`: a way from a port of this machine to a port of a Pod, for as long as the credentials that the action asks
/// for are meant to live (`credentials.ttl`). It is closed before the run is recorded, so nothing is left to undo.
struct ForwardPort: Operation {
    let pod: NamespacedName
    let localPort: UInt16
    let remotePort: UInt16

    /// Seconds, where the action says nothing.
    private static let lifetime = 300
    private static let step = 500

    init(_ parameters: StepParameters) throws(ExecutionError) {
        pod = try parameters.namespaced("pod")
        localPort = UInt16(try parameters.integer("local_port", in: 1024...65535))
        remotePort = UInt16(try parameters.integer("remote_port", in: 1...65535))
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .pod(pod) }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        switch precheck {
        case "pod-running": PodView(object: object ?? .null).running(container: nil)
        case "port-available":
            LocalPort.isFree(localPort)
                ? .passed("nothing listens on 127.0.0.1:\(localPort)")
                : .failed("something listens on 127.0.0.1:\(localPort) already")
        default: nil
        }
    }

    func execute(_ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let streams = try execution.session.podStreams()
        try execution.requireSamePod(pod)
        try execution.requireRight(to: "create", "pods", subresource: "portforward", of: pod)
        guard execution.mayMutate() else {
            throw ExecutionError(code: .leaseEnded, message: "the lease ended before the tunnel was opened")
        }
        let tunnel = try streams.open(
            PodForward(
                namespace: pod.namespace, pod: pod.name, localPort: localPort, remotePort: remotePort))
        defer { tunnel.close() }
        let what = "127.0.0.1:\(localPort) to port \(remotePort) of \(ResourceAddress.pod(pod))"
        let lifetime = execution.action.credentials?.ttl ?? Self.lifetime
        execution.progress("forwarding \(what) for \(lifetime) s")
        let start = execution.session.now()
        // The clock may be set, so that the waits count too.
        var waited = 0
        while waited < lifetime * 1000, execution.session.now() - start < Int64(lifetime) {
            guard tunnel.isOpen else {
                throw ExecutionError(
                    code: .notConverged,
                    message: "forwarding \(what) broke after \(waited / 1000) s; look at the pod, then propose again",
                    mayHaveBeenApplied: true)
            }
            guard execution.mayMutate() else {
                return ExecutionReport(summary: "forwarded \(what) until the lease ended")
            }
            tunnel.wait(milliseconds: Self.step)
            waited += Self.step
        }
        return ExecutionReport(summary: "forwarded \(what) for \(lifetime) s")
    }

    func preview(_ rehearsal: Rehearsal) throws(ExecutionError) -> Preview {
        .predicted(
            Prediction(
                after: rehearsal.before, differences: [],
                notes: ["127.0.0.1:\(localPort) of the runner would lead to port \(remotePort) of the pod"]))
    }
}
