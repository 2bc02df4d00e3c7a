internal import ChangeModel
internal import Runner

/// The templates that a Deployment once had, kept by the controller as ReplicaSets.
struct RolloutHistory {
    struct Entry {
        let revision: Int64
        let replicaSet: JSONValue
    }

    /// Newest first.
    let entries: [Entry]

    /// Annotations that belong to the Deployment or to the ReplicaSet alone; kubectl leaves them where they are.
    static let bookkeeping: Set<String> = [
        "kubectl.kubernetes.io/last-applied-configuration", DeploymentView.revisionAnnotation,
        "deployment.kubernetes.io/revision-history", "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas", "deprecated.deployment.rollback.to",
    ]

    /// - Parameter replicaSets: whatever the selector finds; only those that the Deployment controls count, since a
    ///   selector alone would let anyone offer a template.
    init(of deployment: DeploymentView, replicaSets: [JSONValue]) {
        entries =
            replicaSets.compactMap { replicaSet -> Entry? in
                let owners = replicaSet.at("metadata", "ownerReferences")?.arrayValue ?? []
                guard let uid = deployment.uid,
                    owners.contains(where: {
                        $0["uid"]?.stringValue == uid && $0["controller"]?.boolValue == true
                    }),
                    let text = replicaSet.at("metadata", "annotations", DeploymentView.revisionAnnotation)?.stringValue,
                    let revision = Int64(text), revision > 0
                else { return nil }
                return Entry(revision: revision, replicaSet: replicaSet)
            }
            .sorted { $0.revision > $1.revision }
    }

    /// The entry to go back to: the one asked for, or the second newest.
    func target(revision: Int64?) -> Entry? {
        guard let revision else { return entries.count > 1 ? entries[1] : nil }
        return entries.first { $0.revision == revision }
    }

    /// For messages: `1, 2, 4`.
    var revisionList: String {
        entries.isEmpty ? "none" : entries.prefix(20).map { String($0.revision) }.reversed().joined(separator: ", ")
    }
}

extension RolloutHistory.Entry {
    /// The template without the label by which the controller tells ReplicaSets apart.
    var template: JSONValue {
        var template = replicaSet.at("spec", "template") ?? [:]
        guard var metadata = template["metadata"], var labels = metadata["labels"]?.objectValue else { return template }
        labels.removeValue(forKey: DeploymentView.templateHashLabel)
        metadata["labels"] = .object(labels)
        template["metadata"] = metadata
        return template
    }

    /// The annotations of the Deployment after going back: its own bookkeeping, and the rest as it was at this revision.
    func annotations(replacing present: [String: JSONValue]) -> [String: JSONValue] {
        let old = replicaSet.at("metadata", "annotations")?.objectValue ?? [:]
        return present.filter { RolloutHistory.bookkeeping.contains($0.key) }
            .merging(old.filter { !RolloutHistory.bookkeeping.contains($0.key) }) { _, old in old }
    }
}

extension RolloutHistory {
    static func read(
        of deployment: DeploymentView, _ name: NamespacedName, from client: APIClient
    ) throws(ExecutionError) -> RolloutHistory {
        guard let selector = deployment.labelSelector else {
            throw ExecutionError(
                code: .invalid,
                message: "deployment `\(name.text)` has a selector that cannot be read; nothing was sent")
        }
        let replicaSets = try client.list(.replicaSets(in: name.namespace), labelSelector: selector)
        return RolloutHistory(of: deployment, replicaSets: replicaSets)
    }
}
