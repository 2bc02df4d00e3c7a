internal import ChangeModel

extension EventRules {
    /// What was prepared had passed its prechecks, or failed those that the policy lets fail, and says so.
    func checkPrechecks(allowing advisory: Set<String>) throws(LedgerError) {
        guard let checks = event.body["prechecks"]?.arrayValue else {
            throw .notAuthentic("a preparation says which prechecks there were")
        }
        for check in checks {
            guard let name = check["name"]?.stringValue, let passed = check["passed"]?.boolValue else {
                throw .notAuthentic("a recorded precheck lacks its name or its result")
            }
            guard passed || check["advisory"] == .bool(true) && advisory.contains(name) else {
                throw .notAuthentic("a precheck failed, and the change was prepared all the same")
            }
        }
    }
}
