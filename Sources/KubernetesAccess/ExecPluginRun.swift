internal import ChangeModel
internal import CryptoPrimitives
internal import HTTP
internal import OperatingSystem

/// One run of a credential plugin.
struct ExecPluginRun {
    let plugin: ExecPlugin
    let cluster: Kubeconfig.Cluster
    /// The certificates of `cluster`, read already; PEM.
    let authorities: [UInt8]?
    let host: Host

    /// Seconds. A plugin may ask an identity provider, not a person: nobody sits at a runner's terminal.
    static let timeout = 60

    /// - Throws: `AccessError`. Neither standard output nor standard error of the plugin is ever part of it.
    func credential() throws(AccessError) -> Credential {
        let name = (plugin.command.split(separator: "/").last.map(String.init) ?? plugin.command).forMessage()
        guard plugin.interaction != .always else {
            throw AccessError(
                .refused,
                "the credential plugin `\(name)` wants to talk to a person (`interactiveMode: Always`), and nobody is there; "
                    + "use a plugin or a login that does not", at: plugin.place)
        }
        var environment = host.environment
        for variable in plugin.environment { environment[variable.name] = variable.value }
        environment["KUBERNETES_EXEC_INFO"] = information.canonicalText
        let result: ProgramResult
        do throws(SystemError) {
            result = try Program.run(
                [plugin.command] + plugin.arguments, environment: environment,
                outputLimit: ExecCredential.maximumSize + 1, timeout: Self.timeout)
        } catch {
            let hint =
                plugin.installHint.map { "; \($0.forMessage(limit: 300))" } ?? "; install it, or correct `command`"
            throw AccessError(
                .noCredential, "cannot run the credential plugin `\(name)`: \(error.reason)\(hint)", at: plugin.place)
        }
        guard !result.timedOut else {
            throw AccessError(
                .noCredential, "the credential plugin `\(name)` did not end within \(Self.timeout) s; run it by hand",
                at: plugin.place)
        }
        guard result.status == 0 else {
            throw AccessError(
                .noCredential,
                "the credential plugin `\(name)` ended with status \(result.status); run it by hand to see why",
                at: plugin.place)
        }
        do throws(ExecCredential.Refusal) {
            return try ExecCredential.parse(result.output, apiVersion: plugin.apiVersion)
        } catch {
            throw AccessError(.noCredential, "the credential plugin `\(name)` \(error.reason)", at: plugin.place)
        }
    }

    /// `KUBERNETES_EXEC_INFO`.
    var information: JSONValue {
        var specification: [String: JSONValue] = ["interactive": false]
        if plugin.wantsClusterInformation {
            var members: [String: JSONValue] = ["server": .string(cluster.server)]
            if let name = cluster.serverName { members["tls-server-name"] = .string(name) }
            if let proxy = cluster.proxy { members["proxy-url"] = .string(proxy) }
            if cluster.skipsVerification { members["insecure-skip-tls-verify"] = true }
            if cluster.refusesCompression { members["disable-compression"] = true }
            if let authorities { members["certificate-authority-data"] = .string(Base64.encode(authorities)) }
            members["config"] = cluster.pluginConfiguration ?? .null
            specification["cluster"] = .object(members)
        }
        return [
            "kind": "ExecCredential", "apiVersion": .string(plugin.apiVersion), "spec": .object(specification),
        ]
    }
}
