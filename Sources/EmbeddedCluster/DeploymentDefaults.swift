internal import ChangeModel

/// What the API server fills in where a Deployment says nothing (API reference, "Defaults").
enum DeploymentDefaults {
    static func apply(to deployment: JSONValue) -> JSONValue {
        var deployment = deployment
        var spec = deployment["spec"]?.objectValue ?? [:]
        fill(&spec, ["replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600])
        var strategy = spec["strategy"]?.objectValue ?? [:]
        fill(&strategy, ["type": "RollingUpdate"])
        if strategy["type"] == "RollingUpdate" {
            var rolling = strategy["rollingUpdate"]?.objectValue ?? [:]
            fill(&rolling, ["maxUnavailable": "25%", "maxSurge": "25%"])
            strategy["rollingUpdate"] = .object(rolling)
        }
        spec["strategy"] = .object(strategy)
        if var template = spec["template"]?.objectValue, var pod = template["spec"]?.objectValue {
            fill(
                &pod,
                [
                    "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
                    "securityContext": [:], "schedulerName": "default-scheduler",
                ])
            for list in ["containers", "initContainers"] {
                if let containers = pod[list]?.arrayValue { pod[list] = .array(containers.map(container)) }
            }
            template["spec"] = .object(pod)
            spec["template"] = .object(template)
        }
        deployment["spec"] = .object(spec)
        return deployment
    }

    private static func container(_ container: JSONValue) -> JSONValue {
        guard var members = container.objectValue else { return container }
        let image = ContainerImage(members["image"]?.stringValue ?? "")
        fill(
            &members,
            [
                "resources": [:], "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "imagePullPolicy": image.tag == nil || image.tag == "latest" ? "Always" : "IfNotPresent",
            ])
        if let ports = members["ports"]?.arrayValue {
            members["ports"] = .array(
                ports.map { port in
                    guard var members = port.objectValue else { return port }
                    fill(&members, ["protocol": "TCP"])
                    return .object(members)
                })
        }
        return .object(members)
    }

    private static func fill(_ members: inout [String: JSONValue], _ defaults: [String: JSONValue]) {
        members.merge(defaults) { present, _ in present }
    }
}

/// What the cluster needs of an image reference.
struct ContainerImage {
    let registry: String
    let tag: String?

    init(_ reference: String) {
        let name = reference.split(separator: "@", maxSplits: 1).first.map(String.init) ?? ""
        let segments = name.split(separator: "/", omittingEmptySubsequences: false)
        registry = segments.count > 1 ? String(segments[0]) : ""
        let last = segments.last ?? ""
        tag = last.lastIndex(of: ":").map { String(last[last.index(after: $0)...]) }
    }

    /// Whether no node of this cluster can ever pull it: the tag `broken`, or the registry `registry.invalid`.
    var isBroken: Bool { tag == "broken" || registry == "registry.invalid" }
}
