internal import ChangeModel
internal import Runner

/// `delete-namespace`: everything in it goes, and nothing brings it back. What it holds is counted first and recorded.
struct DeleteNamespace: SingleMutation {
    let namespace: String

    static var allowsAbsence: Bool { true }
    private static let systemNamespaces: Set<String> = ["default", "kube-system", "kube-public", "kube-node-lease"]

    init(_ parameters: StepParameters) throws(ExecutionError) {
        namespace = try parameters.name("namespace", ResourceName.isLabel)
    }

    /// Kubernetes reserves the prefix for itself.
    private var isSystem: Bool { Self.systemNamespaces.contains(namespace) || namespace.hasPrefix("kube-") }

    func object(in session: ClusterSession) throws(ExecutionError) -> ResourceAddress { .namespace(namespace) }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        switch precheck {
        case "not-system-namespace":
            return isSystem
                ? .failed("`\(namespace)` is one of the cluster's own") : .passed("it is none of the cluster's own")
        case "resource-inventory":
            guard object != nil else { return nil }
            let inventory = try NamespaceInventory.take(of: namespace, in: session)
            session.sightings.note(inventory.recorded, at: .namespaceContent(namespace), for: .beforeState)
            return .passed("would be lost: \(inventory.text)")
        default: return nil
        }
    }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        var fields = NamespaceView(object: object).stateFields
        guard object != nil else {
            return fields.merging(["inventory": [:], "not_counted": []]) { field, _ in field }
        }
        let address = ResourceAddress.namespaceContent(namespace)
        let recorded: JSONValue =
            if let seen = session.sightings.take(address, for: .beforeState), let seen {
                seen
            } else {
                try NamespaceInventory.take(of: namespace, in: session).recorded
            }
        fields["inventory"] = recorded["inventory"]
        fields["not_counted"] = recorded["not_counted"]
        return fields
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        guard !isSystem else {
            throw ExecutionError(
                code: .refused, message: "namespace `\(namespace)` is one of the cluster's own; nothing was sent")
        }
        guard let current else {
            throw ExecutionError(code: .notFound, message: "there is no namespace `\(namespace)`; nothing was sent")
        }
        return .delete(
            .namespace(namespace), uid: current.uid, version: current.version, propagation: "Background")
    }

    func predicted(_ answer: JSONValue, from current: JSONValue?) -> JSONValue? { nil }

    func notes(_ rehearsal: Rehearsal) throws(ExecutionError) -> [String] {
        (rehearsal.before.fields["inventory"]?.objectValue ?? [:]).sorted { $0.key < $1.key }.map { kind, entry in
            let names = (entry["names"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
            return "would be lost: \(entry["count"]?.integerValue ?? 0) \(kind) (\(names))"
        }
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        let wait = DeletionWait(
            session: execution.session, address: .namespace(namespace), uid: applied.current?.uid)
        try wait.run(progress: execution.progress) { object in
            let holdups = NamespaceView(object: object).holdups
            return holdups.isEmpty
                ? "waiting for its content to go" : "still held up by \(holdups.prefix(5).joined(separator: ", "))"
        }
        return ExecutionReport(summary: "deleted namespace `\(namespace)` and all that it held")
    }
}

extension NamespaceInventory {
    var recorded: JSONValue { ["inventory": json, "not_counted": .strings(uncounted)] }
}
