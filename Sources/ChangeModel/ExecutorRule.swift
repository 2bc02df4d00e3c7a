/// An entry of `executors` in `agentsafe.yaml`: what may carry out actions on targets of some types.
public struct ExecutorRule: Hashable, Sendable {
    /// Each a type, or the beginning of one with `*` after it.
    public var targetTypes: [String]
    /// Names of executors.
    public var allowed: [String]

    public init(targetTypes: [String], allowed: [String]) {
        self.targetTypes = targetTypes
        self.allowed = allowed
    }

    public static let names = ["kubernetes", "kubectl", "embedded", "aws", "dry-run"]
    /// Does everything but mutate.
    public static let dryRun = "dry-run"

    public func covers(type: String) -> Bool {
        targetTypes.contains { $0.hasSuffix("*") ? type.hasPrefix($0.dropLast()) : type == $0 }
    }
}
