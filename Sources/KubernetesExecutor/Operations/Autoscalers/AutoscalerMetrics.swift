internal import ChangeModel

/// The metrics of an autoscaler, in the shape of one version of `autoscaling`: `v2` and `v2beta2` have a `target` object, `v2beta1`
/// a number, and `v1` knows the CPU alone.
struct AutoscalerMetrics {
    private let version: String
    private var metrics: [JSONValue]
    private var cpu: Int64?

    init(_ object: JSONValue, version: String) {
        self.version = version
        metrics = object.at("spec", "metrics")?.arrayValue ?? []
        cpu = version == "v1" ? object.at("spec", "targetCPUUtilizationPercentage")?.integerValue : nil
    }

    var count: Int { version == "v1" ? (cpu == nil ? 0 : 1) : metrics.count }

    /// The part of `spec` to be patched.
    var specification: JSONValue {
        version == "v1"
            ? .compact(["targetCPUUtilizationPercentage": cpu.map { .integer($0) }]) : ["metrics": .array(metrics)]
    }

    func utilization(of resource: String) -> Int64? {
        if version == "v1" { return resource == "cpu" ? cpu : nil }
        guard let metric = index(of: resource).map({ metrics[$0]["resource"] ?? [:] }) else { return nil }
        return version == "v2beta1"
            ? metric["targetAverageUtilization"]?.integerValue : metric.at("target", "averageUtilization")?.integerValue
    }

    /// - Returns: why it cannot be set; nil when it is.
    mutating func set(_ resource: String, _ percent: Int64) -> String? {
        if version == "v1" {
            guard resource == "cpu" else {
                return
                    "has no target for memory: this server's newest version is `autoscaling/v1`, which knows the CPU alone"
            }
            cpu = percent
            return nil
        }
        let metric: JSONValue =
            version == "v2beta1"
            ? ["name": .string(resource), "targetAverageUtilization": .integer(percent)]
            : [
                "name": .string(resource),
                "target": ["type": "Utilization", "averageUtilization": .integer(percent)],
            ]
        let whole: JSONValue = ["type": "Resource", "resource": metric]
        guard let index = index(of: resource) else {
            metrics.append(whole)
            return nil
        }
        guard utilization(of: resource) != nil else {
            return
                "aims at an absolute use of \(resource), which a percentage would replace for good; change it by other means"
        }
        metrics[index] = whole
        return nil
    }

    private func index(of resource: String) -> Int? {
        metrics.firstIndex {
            $0["type"]?.stringValue == "Resource" && $0.at("resource", "name")?.stringValue == resource
        }
    }
}
