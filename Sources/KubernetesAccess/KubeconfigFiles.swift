public import OperatingSystem

/// The kubeconfig that kubectl would use here, read from the disk (Kubernetes, "Organizing Cluster Access Using kubeconfig
/// Files").
public struct KubeconfigFiles: Sendable {
    /// What was read, merged.
    public let configuration: Kubeconfig
    /// The files that were there, absolute.
    public let files: [String]
    /// What an admin should know: files with secrets that others can read.
    public let warnings: [String]

    /// - Parameter explicit: the file of `--kubeconfig`. It alone is read, and must be there.
    public init(explicit: String?, host: Host) throws(AccessError) {
        var merged = Kubeconfig()
        var found: [String] = []
        var warnings: [String] = []
        for (name, mustExist) in Self.paths(explicit: explicit, host: host) {
            let path = host.absolute(name)
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try Files.read(path, limit: Kubeconfig.maximumSize)
            } catch {
                if error.isMissing, !mustExist { continue }
                throw AccessError(
                    error.isMissing ? .notFound : .malformed,
                    "\(error.shown); check `--kubeconfig` and KUBECONFIG")
            }
            let one = try Kubeconfig(parsing: bytes, file: path, folder: Files.parent(of: path))
            if one.users.values.contains(where: \.holdsSecret), let warning = Self.exposure(of: path) {
                warnings.append(warning)
            }
            merged.fill(from: one)
            found.append(path)
        }
        configuration = merged
        files = found
        self.warnings = warnings
    }

    /// `--kubeconfig` alone; else what `KUBECONFIG` lists; else `~/.kube/config`.
    private static func paths(explicit: String?, host: Host) -> [(path: String, mustExist: Bool)] {
        if let explicit { return [(explicit, true)] }
        if let list = host.environment["KUBECONFIG"], !list.isEmpty {
            return list.split(separator: ":").map { (String($0), false) }
        }
        return host.home.map { [("\($0)/.kube/config", false)] } ?? []
    }

    /// Words for an admin when others than the owner can read the file.
    static func exposure(of path: String) -> String? {
        guard let mode = Files.permissions(path), mode & 0o044 != 0 else { return nil }
        return "\(path.forMessage(limit: 300)) holds a secret and can be read by others; run `chmod 600` on it"
    }
}
