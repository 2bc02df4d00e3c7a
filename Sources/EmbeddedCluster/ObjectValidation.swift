internal import ChangeModel

/// The rules of the API server for objects that are to be stored, as far as writes here can break them.
enum ObjectValidation {
    static let maximumAnnotations = 256 << 10
    static let maximumData = 1 << 20

    static func errors(_ object: JSONValue, replacing old: JSONValue, type: ResourceType) -> [FieldError] {
        var errors = metadataErrors(object["metadata"] ?? [:], path: "metadata", repeating: 3)
        if object.at("metadata", "uid") != old.at("metadata", "uid"), let uid = object.at("metadata", "uid") {
            errors.append(.invalid("metadata.uid", uid, "field is immutable"))
        }
        switch type {
        case .deployments: errors += deploymentErrors(object, old)
        case .configmaps, .secrets: errors += dataErrors(object, old)
        case .horizontalpodautoscalers: errors += autoscalerErrors(object["spec"] ?? [:])
        default: break
        }
        return errors
    }

    /// - Parameter times: the real server validates an update's labels in three places, and says so three times.
    private static func metadataErrors(_ metadata: JSONValue, path: String, repeating times: Int) -> [FieldError] {
        var errors: [FieldError] = []
        for (_, value) in (metadata["labels"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let text = value.stringValue, !isLabelValue(text) else { continue }
            let error = FieldError.invalid(
                "\(path).labels", value,
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                    + "must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
                    + "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
            errors += Array(repeating: error, count: times)
        }
        let size = (metadata["annotations"]?.objectValue ?? [:]).reduce(0) {
            $0 + $1.key.utf8.count + ($1.value.stringValue?.utf8.count ?? 0)
        }
        if size > maximumAnnotations { errors.append(.tooLong("\(path).annotations", limit: maximumAnnotations)) }
        return errors
    }

    private static func deploymentErrors(_ object: JSONValue, _ old: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let spec = object["spec"] ?? [:]
        for field in ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
            if let number = spec[field]?.integerValue, number < 0 {
                errors.append(.invalid("spec.\(field)", .integer(number), "must be greater than or equal to 0"))
            }
        }
        let labels = spec.at("template", "metadata", "labels") ?? [:]
        let selected = spec.at("selector", "matchLabels")?.objectValue ?? [:]
        if selected.contains(where: { labels[$0.key] != $0.value }) {
            errors.append(
                .invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"))
        }
        errors += metadataErrors(
            spec.at("template", "metadata") ?? [:], path: "spec.template.metadata", repeating: 1)
        errors += containerErrors(spec.at("template", "spec") ?? [:])
        if spec["selector"] != old.at("spec", "selector") {
            errors.append(.invalid("spec.selector", spec["selector"] ?? .null, "field is immutable"))
        }
        return errors
    }

    private static func containerErrors(_ pod: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let path = "spec.template.spec"
        if pod["containers"]?.arrayValue?.isEmpty != false { errors.append(.required("\(path).containers")) }
        var names: Set<String> = []
        for list in ["initContainers", "containers"] {
            for (index, container) in (pod[list]?.arrayValue ?? []).enumerated() {
                let name = container["name"]?.stringValue ?? ""
                if name.isEmpty {
                    errors.append(.required("\(path).\(list)[\(index)].name"))
                } else if !names.insert(name).inserted {
                    errors.append(
                        FieldError(
                            field: "\(path).\(list)[\(index)].name", reason: "FieldValueDuplicate",
                            message: "Duplicate value: \(JSONValue.string(name).canonicalText)"))
                }
                let image = container["image"]?.stringValue ?? ""
                if image.isEmpty { errors.append(.required("\(path).\(list)[\(index)].image")) }
            }
        }
        return errors
    }

    private static func dataErrors(_ object: JSONValue, _ old: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let members = ["binaryData", "data"]
        if old["immutable"]?.boolValue == true {
            if object["immutable"]?.boolValue != true {
                errors.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
            }
            for member in members where object[member] != old[member] {
                errors.append(.forbidden(member, "field is immutable when `immutable` is set"))
            }
        }
        var size = 0
        for member in members {
            for (key, value) in (object[member]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
                size += key.utf8.count + (value.stringValue?.utf8.count ?? 0)
                if !isDataKey(key) {
                    errors.append(
                        .invalid(
                            "\(member)[\(key)]", .string(key),
                            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"))
                }
            }
        }
        if size > maximumData { errors.append(.tooLong("", limit: maximumData)) }
        return errors
    }

    private static func autoscalerErrors(_ spec: JSONValue) -> [FieldError] {
        guard let maximum = spec["maxReplicas"]?.integerValue else { return [.required("spec.maxReplicas")] }
        guard maximum < spec["minReplicas"]?.integerValue ?? 1 else { return [] }
        return [
            .invalid("spec.maxReplicas", .integer(maximum), "must be greater than or equal to `minReplicas`")
        ]
    }

    private static func isLabelValue(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = Array(text.utf8).last else { return true }
        return text.utf8.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    private static func isDataKey(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count) && text != "." && !text.hasPrefix("..")
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
