internal import Runner

/// An operation on one HorizontalPodAutoscaler, in the newest version that the server has.
protocol AutoscalerOperation: SingleMutation {
    var autoscaler: NamespacedName { get }
}

extension AutoscalerOperation {
    func version(in session: ClusterSession) throws(ExecutionError) -> String {
        try session.discovery.version(of: "autoscaling", among: ["v2", "v2beta2", "v2beta1", "v1"])
    }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress {
        .autoscaler(autoscaler, version: try version(in: session))
    }
}
