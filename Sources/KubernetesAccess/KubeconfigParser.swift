internal import ChangeModel
internal import CryptoPrimitives
internal import YAML

extension Kubeconfig {
    /// The largest kubeconfig that is read, in bytes.
    public static let maximumSize = 1 << 20

    /// Reads one kubeconfig. Pure: no file is opened, no program run.
    ///
    /// What this reader does not know is left alone, as kubectl has it; what would change who asks whom is known or refused.
    /// - Parameters:
    ///   - file: its path, for messages.
    ///   - folder: what relative paths in it are relative to.
    public init(parsing bytes: [UInt8], file: String, folder: String) throws(AccessError) {
        self.init()
        // `kubectl config unset` may leave an empty file.
        guard bytes.contains(where: { $0 != 0x20 && $0 != 0x0A }) else { return }
        let root: YAMLNode
        do throws(YAMLError) {
            root = try parseYAML(
                bytes, limits: YAMLLimits(bytes: Self.maximumSize, depth: 24, nodes: 50_000, scalarBytes: 256 << 10))
        } catch {
            throw AccessError(
                .malformed, error.message + (error.advice.map { "; \($0)" } ?? ""),
                at: FilePlace(file: file, line: error.line, column: error.column))
        }
        let parser = KubeconfigParser(reader: KubeconfigReader(file: file), folder: folder)
        try parser.fill(&self, from: root)
    }
}

private struct KubeconfigParser {
    let reader: KubeconfigReader
    let folder: String

    func fill(_ configuration: inout Kubeconfig, from root: YAMLNode) throws(AccessError) {
        guard case .mapping = root.kind else {
            throw reader.error("a kubeconfig is a mapping with `clusters`, `users` and `contexts`", root.mark)
        }
        let members = try reader.members(root, "kubeconfig")
        for (key, expected) in [("kind", "Config"), ("apiVersion", "v1")] {
            if let value = try reader.text(members[key], key), value != expected {
                throw reader.error(
                    "`\(key)` is `\(value.forMessage())`, a kubeconfig has `\(expected)`",
                    members[key]?.mark ?? root.mark)
            }
        }
        configuration.currentContext = try reader.text(members["current-context"], "current-context")
        configuration.clusters = try reader.entries(
            members["clusters"], list: "clusters", key: "cluster", read: cluster)
        configuration.users = try reader.entries(members["users"], list: "users", key: "user", read: user)
        configuration.contexts = try reader.entries(
            members["contexts"], list: "contexts", key: "context", read: context)
    }

    private func cluster(_ members: [String: YAMLNode], _ mark: YAMLMark) throws(AccessError) -> Kubeconfig.Cluster {
        guard let server = try reader.text(members["server"], "server") else {
            throw reader.error("this cluster has no `server`; give its address, `https://…`", mark)
        }
        var cluster = Kubeconfig.Cluster(server: server, place: reader.place(members["server"]?.mark ?? mark))
        cluster.authority = try material(members, "certificate-authority")
        cluster.serverName = try reader.text(members["tls-server-name"], "tls-server-name")
        cluster.proxy = try reader.text(members["proxy-url"], "proxy-url")
        cluster.skipsVerification = try reader.flag(members["insecure-skip-tls-verify"], "insecure-skip-tls-verify")
        cluster.refusesCompression = try reader.flag(members["disable-compression"], "disable-compression")
        for element in try reader.elements(members["extensions"], "extensions") {
            let outer = try reader.members(element, "extensions")
            guard try reader.text(outer["name"], "name") == "client.authentication.k8s.io/exec" else { continue }
            cluster.pluginConfiguration = try outer["extension"].map { (node) throws(AccessError) in
                try reader.json(node)
            }
        }
        if cluster.skipsVerification, cluster.authority != nil {
            throw reader.error(
                "this cluster has both `insecure-skip-tls-verify` and a `certificate-authority`; remove one", mark)
        }
        return cluster
    }

    private func user(_ members: [String: YAMLNode], _ mark: YAMLMark) throws(AccessError) -> Kubeconfig.User {
        var user = Kubeconfig.User(place: reader.place(mark))
        user.certificate = try material(members, "client-certificate")
        user.key = try material(members, "client-key")
        user.token = try reader.text(members["token"], "token")
        user.tokenFile = try reader.text(members["tokenFile"], "tokenFile").map(path)
        user.name = try reader.text(members["username"], "username")
        user.password = try reader.text(members["password"], "password")
        user.plugin = try members["exec"].flatMap { (node) throws(AccessError) in
            node.scalar == .null ? nil : try plugin(node)
        }
        user.impersonation = try impersonation(members, mark)
        if let provider = members["auth-provider"], provider.scalar != .null {
            user.authProvider = try reader.text(try reader.members(provider, "auth-provider")["name"], "name") ?? ""
            user.place = reader.place(provider.mark)
        }
        if user.token != nil || user.tokenFile != nil, user.name != nil || user.password != nil {
            throw reader.error("this user has a token and a password; remove one", mark)
        }
        if user.plugin != nil, user.authProvider != nil {
            throw reader.error("this user has `exec` and `auth-provider`; remove one", mark)
        }
        if user.certificate != nil, user.key == nil {
            throw reader.error("this user has a client certificate and no `client-key` or `client-key-data`", mark)
        }
        return user
    }

    private func context(_ members: [String: YAMLNode], _ mark: YAMLMark) throws(AccessError) -> Kubeconfig.Context {
        guard let cluster = try reader.text(members["cluster"], "cluster") else {
            throw reader.error("this context has no `cluster`", mark)
        }
        return Kubeconfig.Context(
            cluster: cluster, user: try reader.text(members["user"], "user") ?? "",
            namespace: try reader.text(members["namespace"], "namespace"), place: reader.place(mark))
    }

    private func impersonation(
        _ members: [String: YAMLNode], _ mark: YAMLMark
    ) throws(AccessError) -> Kubeconfig.Impersonation? {
        let user = try reader.text(members["as"], "as")
        let uid = try reader.text(members["as-uid"], "as-uid")
        let groups = try reader.texts(members["as-groups"], "as-groups")
        var extra: [String: [String]] = [:]
        if let node = members["as-user-extra"] {
            for (key, value) in try reader.members(node, "as-user-extra") { extra[key] = try reader.texts(value, key) }
        }
        if let user { return Kubeconfig.Impersonation(user: user, uid: uid, groups: groups, extra: extra) }
        guard uid == nil, groups.isEmpty, extra.isEmpty else {
            throw reader.error("`as-uid`, `as-groups` and `as-user-extra` need `as`", mark)
        }
        return nil
    }

    private func plugin(_ node: YAMLNode) throws(AccessError) -> ExecPlugin {
        let members = try reader.members(node, "exec")
        func required(_ key: String, _ advice: String) throws(AccessError) -> (text: String, mark: YAMLMark) {
            guard let text = try reader.text(members[key], key) else {
                throw reader.error("`exec` has no `\(key)`; \(advice)", node.mark)
            }
            return (text, members[key]?.mark ?? node.mark)
        }
        let (command, _) = try required("command", "name the program")
        let (version, mark) = try required("apiVersion", "give `\(ExecPlugin.versions[0])`")
        guard ExecPlugin.versions.contains(version) else {
            throw reader.error(
                "`\(version.forMessage())` is no version of credential plugins that is still spoken; use "
                    + "`\(ExecPlugin.versions[0])`, with a plugin that is new enough", mark)
        }
        let interaction: ExecPlugin.Interaction
        if let text = try reader.text(members["interactiveMode"], "interactiveMode") {
            guard let mode = ExecPlugin.Interaction(rawValue: text) else {
                throw reader.error(
                    "`interactiveMode` is `Never`, `IfAvailable` or `Always`",
                    members["interactiveMode"]?.mark ?? node.mark)
            }
            interaction = mode
        } else if version == ExecPlugin.versions[0] {
            throw reader.error("`exec` has no `interactiveMode`; give `Never` or `IfAvailable`", node.mark)
        } else {
            interaction = .ifAvailable
        }
        var variables: [ExecPlugin.Variable] = []
        for element in try reader.elements(members["env"], "env") {
            let pair = try reader.members(element, "env")
            guard let name = try reader.text(pair["name"], "name"), !name.utf8.contains(UInt8(ascii: "=")) else {
                throw reader.error("a variable of `env` needs a `name` without `=`", element.mark)
            }
            variables.append(.init(name: name, value: try reader.text(pair["value"], "value") ?? ""))
        }
        // A bare name is looked for in PATH; a path is relative to the kubeconfig.
        let isPath = command.utf8.contains(UInt8(ascii: "/"))
        return ExecPlugin(
            apiVersion: version, command: isPath ? path(command) : command,
            arguments: try reader.texts(members["args"], "args"), environment: variables, interaction: interaction,
            wantsClusterInformation: try reader.flag(members["provideClusterInfo"], "provideClusterInfo"),
            installHint: try reader.text(members["installHint"], "installHint"), place: reader.place(node.mark))
    }

    /// `KEY-data`, else the file that `KEY` names.
    private func material(_ members: [String: YAMLNode], _ key: String) throws(AccessError) -> Kubeconfig.Material? {
        if let node = members["\(key)-data"], let text = try reader.text(node, "\(key)-data") {
            guard let bytes = Base64.decode(text.utf8.filter { $0 != 0x0A && $0 != 0x20 }) else {
                throw reader.error("`\(key)-data` is not base64 (RFC 4648)", node.mark)
            }
            return .data(bytes)
        }
        return try reader.text(members[key], key).map { .file(path($0)) }
    }

    private func path(_ text: String) -> String { text.hasPrefix("/") ? text : "\(folder)/\(text)" }
}
