public import OperatingSystem
internal import Runner

/// How `kubectl` is called: which program, and with which kubeconfig and context. All else is the user's environment, which
/// credential plugins need.
public struct KubectlProgram: Sendable {
    /// Absolute.
    public let path: String
    let environment: [String: String]
    let options: [String]

    /// - Parameters:
    ///   - path: the program; nil: `kubectl` in the `PATH`.
    ///   - kubeconfig: what `KUBECONFIG` is to be; nil: as it is.
    ///   - context: nil: the current one.
    /// - Returns: nil when there is no such program.
    public init?(path: String? = nil, kubeconfig: String?, context: String?, host: Host) {
        guard let found = Program.find(path ?? "kubectl", environment: host.environment) else { return nil }
        self.path = found.hasPrefix("/") ? found : host.absolute(found)
        var environment = host.environment.filter { !$0.key.hasPrefix("AGENTSAFE_") }
        if let kubeconfig { environment["KUBECONFIG"] = kubeconfig }
        self.environment = environment
        // One word each: what follows `=` is a value, whatever it looks like.
        options = context.map { ["--context=\($0)"] } ?? []
    }

    func command(_ arguments: [String]) -> [String] { [path] + options + arguments }
}
