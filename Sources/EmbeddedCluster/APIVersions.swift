internal import ChangeModel

/// Whose API the cluster speaks, as far as the versions of its groups differ.
public enum ServerRelease: String, Sendable {
    /// `policy/v1`, `autoscaling/v2`.
    case v1_36 = "v1.36.2"
    /// `policy/v1beta1`, `autoscaling/v2beta2`.
    case v1_20 = "v1.20.15"

    var minor: String { self == .v1_36 ? "36" : "20" }

    /// What `/version` says. Of how it was built there is no more to say than of a server that was built without saying so.
    var document: JSONValue {
        var members: [String: JSONValue] = [
            "major": "1", "minor": .string(minor), "gitVersion": .string(rawValue), "gitCommit": "", "gitTreeState": "",
            "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "embedded",
        ]
        if self == .v1_36 {
            members["emulationMajor"] = "1"
            members["emulationMinor"] = .string(minor)
            members["minCompatibilityMajor"] = "1"
            members["minCompatibilityMinor"] = "35"
        }
        return .object(members)
    }

    /// The groups beside the core, each with its versions, the preferred one first.
    var groups: [(name: String, versions: [String])] {
        let isOld = self == .v1_20
        return [
            ("apps", ["v1"]), ("authentication.k8s.io", ["v1"]), ("authorization.k8s.io", ["v1"]),
            ("autoscaling", isOld ? ["v1", "v2beta1", "v2beta2"] : ["v2", "v1"]), ("networking.k8s.io", ["v1"]),
            ("policy", [isOld ? "v1beta1" : "v1"]),
        ]
    }

    func serves(_ group: String, _ version: String) -> Bool {
        group.isEmpty ? version == "v1" : groups.contains { $0.name == group && $0.versions.contains(version) }
    }
}

/// Objects are kept in one version of their group; other versions are views of it. `v2beta2` and `v1beta1` have the same
/// shape. `autoscaling/v1` and `v2beta1` do not: they can be read, without the metrics that they cannot express.
struct VersionView {
    let group: String
    let stored: String
    let asked: String

    init?(_ type: ResourceType, asked: String) {
        guard asked != type.version else { return nil }
        (group, stored, self.asked) = (type.group, type.version, asked)
    }

    var isReadOnly: Bool { group == "autoscaling" && asked != "v2beta2" }

    /// A request's body as the stored version has it.
    func stored(_ body: JSONValue) -> JSONValue {
        guard body["apiVersion"]?.stringValue == "\(group)/\(asked)" else { return body }
        var body = body
        body["apiVersion"] = .string("\(group)/\(stored)")
        return body
    }

    /// An answer as the asked version has it; what is of no kind of this group stays as it is.
    func asked(_ answer: JSONValue) -> JSONValue {
        guard answer["apiVersion"]?.stringValue == "\(group)/\(stored)" else { return answer }
        var answer = answer
        answer["apiVersion"] = .string("\(group)/\(asked)")
        guard isReadOnly else { return answer }
        if let items = answer["items"]?.arrayValue {
            answer["items"] = .array(items.map(Self.reduced))
            return answer
        }
        return Self.reduced(answer)
    }

    private static func reduced(_ autoscaler: JSONValue) -> JSONValue {
        var autoscaler = autoscaler
        let spec = autoscaler["spec"] ?? [:]
        let target = (spec["metrics"]?.arrayValue ?? []).first { $0.at("resource", "name") == "cpu" }?
            .at("resource", "target", "averageUtilization")
        autoscaler["spec"] = .compact([
            "scaleTargetRef": spec["scaleTargetRef"], "minReplicas": spec["minReplicas"],
            "maxReplicas": spec["maxReplicas"], "targetCPUUtilizationPercentage": target,
        ])
        return autoscaler
    }
}
