public import OperatingSystem

/// How `kubectl` is called: which program, and with which kubeconfig and context. All else is the user's environment, which
/// credential plugins need.
public struct KubectlProgram: Sendable {
    /// Absolute.
    public let path: String
    let environment: [String: String]
    private let options: [String]
    /// Keeps a kubeconfig that is in memory alone.
    private let file: MemoryFile?

    /// - Parameters:
    ///   - path: the program; nil: `kubectl` in the `PATH`.
    ///   - kubeconfig: the one file that counts; nil: what kubectl finds by itself.
    ///   - context: nil: the current one.
    /// - Returns: nil when there is no such program.
    public init?(path: String? = nil, kubeconfig: String?, context: String?, host: Host) {
        self.init(path, kubeconfig: kubeconfig.map { host.absolute($0) }, file: nil, context: context, host: host)
    }

    /// With a kubeconfig that is in no folder, and holds a secret.
    ///
    /// - Throws: `SystemError` where the system has no files in memory.
    public init?(path: String? = nil, holding kubeconfig: [UInt8], host: Host) throws(SystemError) {
        let file = try MemoryFile(kubeconfig, random: host.random(16))
        self.init(path, kubeconfig: file.path, file: file, context: nil, host: host)
    }

    private init?(_ path: String?, kubeconfig: String?, file: MemoryFile?, context: String?, host: Host) {
        guard let found = Program.find(path ?? "kubectl", environment: host.environment) else { return nil }
        self.path = host.absolute(found)
        self.file = file
        environment = host.environment.filter { !$0.key.hasPrefix("AGENTSAFE_") }
        // One word each: what follows `=` is a value, whatever it looks like.
        options = [kubeconfig.map { "--kubeconfig=\($0)" }, context.map { "--context=\($0)" }].compactMap { $0 }
    }

    func command(_ arguments: [String]) -> [String] { [path] + options + arguments }
}
