internal import ChangeModel
internal import Runner

/// Names as Kubernetes' own grammar has them.
extension StepParameters {
    func namespaced(_ parameter: String) throws(ExecutionError) -> NamespacedName {
        NamespacedName(
            namespace: try name("namespace", ResourceName.isLabel),
            name: try name(parameter, ResourceName.isSubdomain))
    }

    func name(_ parameter: String, _ isValid: (String) -> Bool) throws(ExecutionError) -> String {
        try text(parameter, "\(parameter) name in Kubernetes", isValid)
    }

    func optionalName(_ parameter: String, _ isValid: (String) -> Bool) throws(ExecutionError) -> String? {
        guard let value = values[parameter], !value.isNull else { return nil }
        return try name(parameter, isValid)
    }
}
