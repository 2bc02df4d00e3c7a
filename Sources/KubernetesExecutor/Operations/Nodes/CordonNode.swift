internal import ChangeModel
internal import Runner

/// What `cordon-node` and `uncordon-node` share: one flag of the node's spec.
protocol SchedulingOperation: SingleMutation {
    var node: String { get }
    /// What the flag is to become.
    static var schedulable: Bool { get }
}

extension SchedulingOperation {
    private var verb: String { Self.schedulable ? "uncordoned" : "cordoned" }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .node(node) }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        ["schedulable": .bool(!NodeView(object: object ?? [:]).isCordoned)]
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        let view = NodeView(object: current ?? [:])
        return view.isCordoned == !Self.schedulable ? nil : view.scheduling(Self.schedulable, of: node)
    }

    func unchanged(_ current: JSONValue?) -> String { "node `\(node)` was \(verb) already; nothing was changed" }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        guard NodeView(object: applied.answer).isCordoned == !Self.schedulable else {
            throw ExecutionError(
                code: .notConverged,
                message: "node `\(node)` took the patch and is still not \(verb); look for an admission webhook",
                mayHaveBeenApplied: true)
        }
        return ExecutionReport(summary: "\(verb) node `\(node)`")
    }
}

/// `cordon-node`: no new Pods.
struct CordonNode: SchedulingOperation {
    let node: String
    static var schedulable: Bool { false }

    init(_ parameters: StepParameters) throws(ExecutionError) {
        node = try parameters.name("node", ResourceName.isSubdomain)
    }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        guard precheck == "capacity-check" else { return nil }
        let others = try session.client.list(.nodes).filter {
            let view = NodeView(object: $0)
            return $0.name != node && view.isReady && !view.isCordoned
        }
        return Finding(passed: !others.isEmpty, detail: "\(others.count) other nodes are ready and schedulable")
    }
}

/// `uncordon-node`: new Pods again.
struct UncordonNode: SchedulingOperation {
    let node: String
    static var schedulable: Bool { true }

    init(_ parameters: StepParameters) throws(ExecutionError) {
        node = try parameters.name("node", ResourceName.isSubdomain)
    }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        guard precheck == "node-cordoned" else { return nil }
        return NodeView(object: object ?? [:]).isCordoned
            ? .passed("the node is cordoned") : .failed("the node is not cordoned")
    }
}
