internal import ChangeModel
internal import Runner

/// One step read into what this executor does: every name checked, every number in range, nothing sent yet.
enum Operation {
    case restart(NamespacedName)
    case scale(NamespacedName, replicas: Int64)
    case updateImage(NamespacedName, container: String, image: String)
    /// nil: the revision before the present one.
    case undo(NamespacedName, revision: Int64?)
    case cordon(node: String)
    case uncordon(node: String)
    case rolloutStatus(NamespacedName)
    case readConfigMap(NamespacedName)
    case updateConfigMap(NamespacedName, key: String, value: String)

    static let actions: Set<String> = [
        "restart-deployment", "scale-deployment", "update-image", "rollout-undo", "cordon-node", "uncordon-node",
        "rollout-status", "get-configmap", "update-configmap",
    ]

    init(_ step: ExecutionStep) throws(ExecutionError) {
        let parameters = StepParameters(values: step.parameters)
        switch step.action.name {
        case "restart-deployment": self = .restart(try parameters.namespaced("deployment"))
        case "scale-deployment":
            self = .scale(
                try parameters.namespaced("deployment"),
                replicas: try parameters.integer("replicas", in: 0...Int64(Int32.max)))
        case "update-image":
            self = .updateImage(
                try parameters.namespaced("deployment"),
                container: try parameters.name("container", ResourceName.isLabel),
                image: try parameters.name("image", Self.isImageText))
        case "rollout-undo":
            self = .undo(
                try parameters.namespaced("deployment"),
                revision: try parameters.optionalInteger("revision", in: 1...Int64.max))
        case "cordon-node": self = .cordon(node: try parameters.name("node", ResourceName.isSubdomain))
        case "uncordon-node": self = .uncordon(node: try parameters.name("node", ResourceName.isSubdomain))
        case "rollout-status": self = .rolloutStatus(try parameters.namespaced("deployment"))
        case "get-configmap": self = .readConfigMap(try parameters.namespaced("configmap"))
        case "update-configmap":
            self = .updateConfigMap(
                try parameters.namespaced("configmap"),
                key: try parameters.name("key", ResourceName.isConfigMapKey),
                value: try parameters.string("value"))
        default:
            throw ExecutionError(
                code: .unsupported,
                message: "the kubernetes executor cannot do `\(step.action.name.forMessage())`; it can do "
                    + Self.actions.sorted().map { "`\($0)`" }.joined(separator: ", "))
        }
    }

    /// The object that the operation is about; its version and digest are the captured ones.
    var object: ResourceAddress {
        switch self {
        case .restart(let name), .scale(let name, _), .updateImage(let name, _, _), .undo(let name, _),
            .rolloutStatus(let name):
            .deployment(name)
        case .cordon(let node), .uncordon(let node): .node(node)
        case .readConfigMap(let name), .updateConfigMap(let name, _, _): .configMap(name)
        }
    }

    /// Printable ASCII without blanks, 1 to 255 bytes; the reference's grammar is the `image-pullable` precheck's matter.
    private static func isImageText(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

/// Params as an agent sent them. The policy has checked them by the action's file; the API's own rules are checked here.
struct StepParameters {
    let values: [String: JSONValue]

    func namespaced(_ parameter: String) throws(ExecutionError) -> NamespacedName {
        NamespacedName(
            namespace: try name("namespace", ResourceName.isLabel),
            name: try name(parameter, ResourceName.isSubdomain))
    }

    func name(_ parameter: String, _ isValid: (String) -> Bool) throws(ExecutionError) -> String {
        let text = try string(parameter)
        guard isValid(text) else {
            throw ExecutionError(
                code: .invalid,
                message: "param `\(parameter)`: `\(text.forMessage())` is no valid \(parameter) name in Kubernetes; "
                    + "nothing was sent")
        }
        return text
    }

    func string(_ parameter: String) throws(ExecutionError) -> String {
        guard let text = values[parameter]?.stringValue else { throw wrong(parameter, "a string") }
        return text
    }

    func integer(_ parameter: String, in range: ClosedRange<Int64>) throws(ExecutionError) -> Int64 {
        guard let number = try optionalInteger(parameter, in: range) else { throw wrong(parameter, "an integer") }
        return number
    }

    func optionalInteger(_ parameter: String, in range: ClosedRange<Int64>) throws(ExecutionError) -> Int64? {
        guard let value = values[parameter], !value.isNull else { return nil }
        guard let number = value.integerValue, range.contains(number) else {
            throw wrong(parameter, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func wrong(_ parameter: String, _ expected: String) -> ExecutionError {
        ExecutionError(code: .invalid, message: "param `\(parameter)` must be \(expected); nothing was sent")
    }
}
