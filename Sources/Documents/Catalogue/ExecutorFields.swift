internal import ChangeModel

/// `executors:` of `agentsafe.yaml`: `[{target_types: ["k8s-*"], allow: [kubernetes]}, …]`.
enum ExecutorFields {
    static let rules = FieldType<[ExecutorRule]>.list(of: rule, count: 1...50)

    private static let rule = FieldType<ExecutorRule>.mapping(
        "an entry of `executors`", placeholder: ExecutorRule(targetTypes: [], allowed: [])
    ) { fields in
        ExecutorRule(
            targetTypes: fields.required("target_types", .list(of: .line(limit: 100), count: 1...100)),
            allowed: fields.required("allow", .list(of: name, count: 1...10)))
    }

    private static let name = FieldType<String>.choice(ExecutorRule.names.map { (word: $0, value: $0) })

    static func lines(_ rules: [ExecutorRule]) -> [String] {
        guard !rules.isEmpty else { return [] }
        return ["executors:"]
            + rules.map { rule in
                let types = rule.targetTypes.map { ScalarText.quoted($0) }.joined(separator: ", ")
                let names = rule.allowed.map { ScalarText.quoted($0) }.joined(separator: ", ")
                return "  - {target_types: [\(types)], allow: [\(names)]}"
            }
    }
}
