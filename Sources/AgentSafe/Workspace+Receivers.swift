internal import ChangeModel
internal import HTTP
internal import OperatingSystem
internal import Webhooks

/// What this machine says of receivers of webhooks, whoever sends to them. No file of the repository's has a say in it.
extension Workspace {
    /// The hosts that may be anywhere, loopback included: `AGENTSAFE_LOCAL_HOSTS`, `git config agentsafe.localHosts`.
    func addressGuard() throws(AgentSafeError) -> AddressGuard {
        let text = try setting(nil, variable: "AGENTSAFE_LOCAL_HOSTS", configuration: "agentsafe.localHosts") ?? ""
        guard let hosts = LocalHosts(text) else {
            throw AgentSafeError(
                .usage,
                "AGENTSAFE_LOCAL_HOSTS or `git config agentsafe.localHosts` holds what is no host; write hosts, with a port or "
                    + "without, between commas: `127.0.0.1:8080, hooks.corp.example`")
        }
        return AddressGuard(localHosts: hosts)
    }

    /// The authorities whose certificates receivers may have: a file in PEM that `AGENTSAFE_CA_FILE` or
    /// `git config agentsafe.caFile` names, else the machine's own.
    func receiverTrust() throws(AgentSafeError) -> ConnectionSettings.Trust {
        guard let path = try setting(nil, variable: "AGENTSAFE_CA_FILE", configuration: "agentsafe.caFile") else {
            return .system
        }
        do throws(SystemError) {
            return .authorities(try Files.read(host.absolute(path), limit: 1 << 20))
        } catch {
            throw AgentSafeError(.usage, "\(error); correct AGENTSAFE_CA_FILE or `git config agentsafe.caFile`")
        }
    }

    /// A text that only this machine knows: the variable itself, or the content of the file that git's setting names. Ends of
    /// lines at its end do not count.
    ///
    /// - Returns: nil where neither is set. No error quotes the text.
    func machineSecret(variable: String, file setting: String) throws(AgentSafeError) -> String? {
        let text: String
        if let value = host.environment[variable], !value.isEmpty {
            guard value.utf8.count <= Self.maximumSecret else {
                throw AgentSafeError(.failed, "`\(variable)` is too long")
            }
            text = value
        } else {
            guard let path = try self.setting(nil, variable: "", configuration: setting) else { return nil }
            guard path.hasPrefix("/"), Files.kind(path, followingLinks: true) == .file else {
                throw AgentSafeError(.failed, "`git config \(setting)` names no file by an absolute path")
            }
            // Whoever can write it could have everything sent to themselves.
            guard let mode = Files.permissions(path), mode & 0o022 == 0 else {
                throw AgentSafeError(
                    .failed,
                    "others than its owner can write the file of `git config \(setting)`; run `chmod go-w` on it")
            }
            do throws(SystemError) {
                text = String(decoding: try Files.read(path, limit: Self.maximumSecret), as: UTF8.self)
            } catch {
                throw AgentSafeError(.failed, "\(error)")
            }
        }
        return String(text.reversed().drop { $0.isNewline }.reversed())
    }

    private static let maximumSecret = 4096
}
