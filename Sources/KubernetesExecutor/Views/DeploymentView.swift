internal import ChangeModel

/// A Deployment (apps/v1) as far as this executor reads it. Missing counts are 0, as the API leaves zeros out.
struct DeploymentView {
    static let revisionAnnotation = "deployment.kubernetes.io/revision"
    static let restartAnnotation = "kubectl.kubernetes.io/restartedAt"
    static let templateHashLabel = "pod-template-hash"

    let object: JSONValue

    var uid: String? { object.at("metadata", "uid")?.stringValue }
    var generation: Int64 { object.at("metadata", "generation")?.integerValue ?? 0 }
    var annotations: [String: JSONValue] { object.at("metadata", "annotations")?.objectValue ?? [:] }
    /// The controller's number of the present template, counted from 1.
    var revision: Int64? { annotations[Self.revisionAnnotation]?.stringValue.flatMap { Int64($0) } }

    /// The wanted number; the API's default is 1.
    var replicas: Int64 { Self.bounded(object.at("spec", "replicas")?.integerValue ?? 1) }
    var isPaused: Bool { object.at("spec", "paused")?.boolValue ?? false }
    var template: JSONValue { object.at("spec", "template") ?? [:] }
    var restartedAt: String? {
        template.at("metadata", "annotations", Self.restartAnnotation)?.stringValue
    }

    var observedGeneration: Int64 { object.at("status", "observedGeneration")?.integerValue ?? 0 }
    var currentReplicas: Int64 { count("replicas") }
    var updatedReplicas: Int64 { count("updatedReplicas") }
    var readyReplicas: Int64 { count("readyReplicas") }
    var availableReplicas: Int64 { count("availableReplicas") }

    private func count(_ name: String) -> Int64 { Self.bounded(object.at("status", name)?.integerValue ?? 0) }

    /// Counts are int32 in the API; whatever a server says, they can be subtracted.
    private static func bounded(_ number: Int64) -> Int64 { min(max(number, 0), Int64(Int32.max)) }

    /// The list of `spec.template.spec` that holds the container, and its image.
    func container(_ name: String) -> (list: String, image: String)? {
        for list in ["containers", "initContainers"] {
            for container in template.at("spec", list)?.arrayValue ?? [] where container["name"]?.stringValue == name {
                return (list, container["image"]?.stringValue ?? "")
            }
        }
        return nil
    }

    /// Container names and their images.
    var images: [String: JSONValue] {
        var images: [String: JSONValue] = [:]
        for list in ["initContainers", "containers"] {
            for container in template.at("spec", list)?.arrayValue ?? [] {
                if let name = container["name"]?.stringValue { images[name] = container["image"] ?? .null }
            }
        }
        return images
    }

    func condition(_ type: String) -> JSONValue? {
        (object.at("status", "conditions")?.arrayValue ?? []).first { $0["type"]?.stringValue == type }
    }

    /// `spec.selector` in the syntax of the `labelSelector` parameter; nil when it selects nothing or is not understood,
    /// for an empty selector would list everything.
    var labelSelector: String? {
        guard let selector = object.at("spec", "selector") else { return nil }
        var terms: [String] = []
        for (key, value) in (selector["matchLabels"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let value = value.stringValue else { return nil }
            terms.append("\(key)=\(value)")
        }
        for expression in selector["matchExpressions"]?.arrayValue ?? [] {
            guard let key = expression["key"]?.stringValue else { return nil }
            let values = (expression["values"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ",")
            switch expression["operator"]?.stringValue {
            case "In": terms.append("\(key) in (\(values))")
            case "NotIn": terms.append("\(key) notin (\(values))")
            case "Exists": terms.append(key)
            case "DoesNotExist": terms.append("!\(key)")
            default: return nil
            }
        }
        return terms.isEmpty ? nil : terms.joined(separator: ",")
    }
}
