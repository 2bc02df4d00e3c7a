internal import ChangeModel

/// A Node as far as this executor reads it.
struct NodeView {
    let object: JSONValue

    var isCordoned: Bool { object.at("spec", "unschedulable")?.boolValue == true }

    var isReady: Bool {
        (object.at("status", "conditions")?.arrayValue ?? []).contains {
            $0["type"] == "Ready" && $0["status"] == "True"
        }
    }

    /// The patch that kubectl sends, conditional on the version.
    func scheduling(_ schedulable: Bool, of node: String) -> Mutation {
        .patch(
            .node(node), .strategic,
            ["metadata": object.versionCondition, "spec": ["unschedulable": schedulable ? .null : true]])
    }
}
