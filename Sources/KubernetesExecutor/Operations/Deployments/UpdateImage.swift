internal import ChangeModel
internal import Runner

/// `update-image`: sets the image of one container, found by its name.
struct UpdateImage: DeploymentOperation {
    let deployment: NamespacedName
    let container: String
    let image: String

    init(_ parameters: StepParameters) throws(ExecutionError) {
        deployment = try parameters.namespaced("deployment")
        container = try parameters.name("container", ResourceName.isLabel)
        image = try parameters.name("image", Self.isImageText)
    }

    /// Printable ASCII without blanks, 1 to 255 bytes; the reference's grammar is the `image-pullable` precheck's matter.
    private static func isImageText(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    func check(
        _ precheck: String, _ object: JSONValue?, in session: ClusterSession
    ) throws(ExecutionError) -> Finding? {
        switch precheck {
        case "container-exists":
            let view = DeploymentView(object: object ?? [:])
            let names = view.images.keys.sorted().prefix(20).map { "`\($0.forMessage())`" }
            return view.container(container) == nil
                ? .failed("no container `\(container)`; there are \(names.joined(separator: ", "))")
                : .passed("container `\(container)` exists")
        case "image-pullable":
            // Only a kubelet could pull it, with the node's credentials; the API server never tries.
            if let fault = ImageReference.fault(in: image) {
                return .failed("`\(image.forMessage())` is no image reference: \(fault)")
            }
            return .passed("the reference is well formed; whether it can be pulled, only the rollout will show")
        default: return nil
        }
    }

    func fields(
        of object: JSONValue?, for action: ActionDefinition, in session: ClusterSession
    ) throws(ExecutionError) -> [String: JSONValue] {
        let view = DeploymentView(object: object ?? [:])
        var fields = try view.stateFields(key: session.key)
        fields["current_image"] = view.container(container).map { .string($0.image) } ?? .null
        return fields
    }

    func mutation(of current: JSONValue?, in session: ClusterSession) throws(ExecutionError) -> Mutation? {
        let view = DeploymentView(object: current ?? [:])
        try refusePaused(view)
        guard let (list, _) = view.container(container) else {
            throw ExecutionError(
                code: .notFound,
                message: "deployment `\(deployment.text)` has no container `\(container)`; nothing was sent")
        }
        return .patch(
            .deployment(deployment), .strategic,
            [
                "metadata": view.object.versionCondition,
                "spec": ["template": ["spec": [list: [["name": .string(container), "image": .string(image)]]]]],
            ])
    }

    func finish(_ applied: AppliedMutation, _ execution: Execution) throws(ExecutionError) -> ExecutionReport {
        // What the server took, for an admission webhook may point the image at a mirror.
        let taken = DeploymentView(object: applied.answer).container(container)?.image ?? image
        _ = try wait(applied, execution) { $0.container(container)?.image == taken }
        return ExecutionReport(
            summary: "container `\(container)` of deployment `\(deployment.text)` runs "
                + "`\(taken.forMessage(limit: 255))`")
    }
}
