import ChangeModel
import HTTP
import KubernetesAccess
import OperatingSystem
import TestSupport
import Testing

/// Plugins are real programs: shell scripts beside the kubeconfig.
@Suite("Credential plugins")
struct ExecPluginTests {
    let scene = Scene()

    private func user(_ more: String = "", version: String = "v1", mode: String = "Never") -> String {
        """
        exec:
          apiVersion: client.authentication.k8s.io/\(version)
          command: ./plugin
          interactiveMode: \(mode)
          \(more)
        """
    }

    private func plugin(_ script: String) throws {
        let directory = try scene.directory.get()
        try? Files.remove(directory.file("plugin"))
        try directory.write("plugin", "#!/bin/sh\n\(script)\n", mode: 0o755)
    }

    /// A script that prints a credential and notes that it ran.
    private func printing(_ status: String, version: String = "v1") throws -> String {
        """
        echo run >> \(try scene.directory.get().file("runs"))
        printf '%s' "$KUBERNETES_EXEC_INFO" > \(try scene.directory.get().file("info"))
        printf '%s\n' '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/\(version)","status":\(status)}'
        """
    }

    private func runs() throws -> Int {
        let path = try scene.directory.get().file("runs")
        return Files.kind(path) == nil ? 0 : try Files.read(path).split(separator: 0x0A).count
    }

    @Test("a token is fetched when it is needed, kept, and fetched again after a 401")
    func token() throws {
        let directory = try scene.directory.get()
        let wanted = try directory.write("wanted", "Bearer first")
        let server = try scene.server(["credential": .string("@\(wanted)")])
        try plugin(try printing(#"{"token":"first"}"#))
        let connection = try scene.connection(try scene.kubeconfig(server.address, user: user()))
        #expect(try runs() == 0)
        let patch = HTTPRequest(method: "PATCH", target: "/echo", body: [1])
        for _ in 0..<3 { #expect(try connection.send(patch).status == 200) }
        #expect(try runs() == 1)
        try Files.remove(wanted)
        try directory.write("wanted", "Bearer second")
        try plugin(try printing(#"{"token":"second"}"#))
        #expect(try connection.send(patch).status == 200)
        #expect(try runs() == 2)
        try Files.remove(wanted)
        try directory.write("wanted", "Bearer third")
        // Once: a plugin that gives what is not taken is not run for ever.
        #expect(try connection.send(patch).status == 401)
        #expect(try runs() == 3)
    }

    @Test("a fetched token is not asked of the plugin, whose program then is not even run")
    func vault() throws {
        let server = try scene.server(["credential": "Bearer given"])
        try plugin(try printing(#"{"token":"own"}"#))
        let connection = try scene.connection(try scene.kubeconfig(server.address, user: user()))
        try connection.use(bearerToken: "given")
        #expect(try connection.echo()["method"] == "GET")
        #expect(try runs() == 0)
    }

    @Test("a credential is renewed ten seconds before its end; one that ended already is an error")
    func expiry() throws {
        let server = try scene.server()
        let clock = Locked<Int64>(1_795_392_000)
        var host = try scene.host()
        host.now = { clock.withLock { $0 } }
        // 2026-11-23T00:01:00Z, in three spellings.
        for time in ["2026-11-23T00:01:00Z", "2026-11-23T02:01:00.123456789+02:00", "2026-11-22T19:01:00-05:00"] {
            clock.withLock { $0 = 1_795_392_000 }
            let before = try runs()
            try plugin(try printing("{\"token\":\"t\",\"expirationTimestamp\":\"\(time)\"}"))
            let file = try scene.kubeconfig(server.address, user: user())
            let found = try ClusterSpecification.find(kubeconfig: file, context: nil, host: host)
            let connection = try ClusterConnection(found.specification, host: host)
            _ = try connection.echo()
            clock.withLock { $0 += 49 }
            _ = try connection.echo()
            #expect(try runs() == before + 1)
            clock.withLock { $0 += 1 }
            _ = try connection.echo()
            #expect(try runs() == before + 2)
            clock.withLock { $0 += 60 }
            let error = #expect(throws: HTTPError.self) { try connection.echo() }
            #expect(error?.message.contains("has expired already") == true && error?.mayHaveBeenApplied == false)
        }
    }

    @Test("a client certificate of the plugin goes with the handshake")
    func certificate() throws {
        let certificates = try scene.certificates
        let server = try scene.server(["clients": .string(certificates.path("ca.crt"))])
        func text(_ name: String) throws -> JSONValue {
            .string(String(decoding: try certificates.pem(name), as: UTF8.self))
        }
        let status: JSONValue = [
            "clientCertificateData": try text("client.crt"), "clientKeyData": try text("client.key"),
        ]
        try plugin(try printing(status.canonicalText))
        let connection = try scene.connection(try scene.kubeconfig(server.address, user: user()))
        #expect(try connection.echo()["client"] == "admin")
    }

    @Test("`KUBERNETES_EXEC_INFO` says what the kubeconfig allows", arguments: ["v1", "v1beta1"])
    func information(version: String) throws {
        let server = try scene.server()
        let authority = try String(decoding: scene.certificates.pem("ca.crt"), as: UTF8.self)
        try scene.directory.get().write("authority", authority)
        try plugin(try printing(#"{"token":"t"}"#, version: version))
        let cluster = """
            certificate-authority: authority
                  tls-server-name: localhost
                  extensions:
                    - {name: client.authentication.k8s.io/exec, extension: {audience: me}}
            """
        let told = user("provideClusterInfo: true", version: version)
        _ = try scene.connection(try scene.kubeconfig(server.address, user: told, cluster: cluster)).echo()
        func seen() throws -> JSONValue {
            try JSONValue(parsing: try Files.read(try scene.directory.get().file("info")))
        }
        var information = try seen()
        #expect(information["apiVersion"] == .string("client.authentication.k8s.io/\(version)"))
        #expect(information["kind"] == "ExecCredential" && information.at("spec", "interactive") == false)
        #expect(information.at("spec", "cluster", "server") == .string(server.address))
        #expect(information.at("spec", "cluster", "tls-server-name") == "localhost")
        #expect(information.at("spec", "cluster", "config", "audience") == "me")
        #expect(information.at("spec", "cluster", "certificate-authority-data")?.stringValue?.isEmpty == false)
        let untold = user("", version: version)
        _ = try scene.connection(try scene.kubeconfig(server.address, user: untold, cluster: cluster)).echo()
        information = try seen()
        #expect(information.at("spec", "cluster") == nil)
    }

    @Test("arguments and variables go as they are, through no shell")
    func arguments() throws {
        let server = try scene.server()
        try plugin(
            "printf '%s|' \"$@\" \"$REGION\" > \(try scene.directory.get().file("seen"))\n"
                + (try printing(#"{"token":"t"}"#)))
        let more = "args: ['$(id)', '; true', '--a b']\n  env: [{name: REGION, value: 'eu `id`'}]"
        _ = try scene.connection(try scene.kubeconfig(server.address, user: user(more))).echo()
        let seen = String(decoding: try Files.read(try scene.directory.get().file("seen")), as: UTF8.self)
        #expect(seen == "$(id)|; true|--a b|eu `id`|")
    }

    @Test(
        "what goes wrong is named with the plugin and its place, and never with what it wrote",
        arguments: [
            ("echo hunter2 >&2; exit 3", "ended with status 3"), ("echo hunter2", "printed no JSON"),
            (#"echo '{"kind":"Secret","hunter2":1}'"#, "printed no `ExecCredential`"),
            (#"echo '{"kind":"ExecCredential","apiVersion":"hunter2"}'"#, "answered in another version"),
            ("head -c 400000 /dev/zero | tr '\\0' '['", "printed no JSON"),
        ])
    func failures(script: String, words: String) throws {
        let server = try scene.server()
        try plugin(script)
        let connection = try scene.connection(try scene.kubeconfig(server.address, user: user()))
        let error = #expect(throws: HTTPError.self) { try connection.echo() }
        let message = error?.message ?? ""
        #expect(message.contains("the credential plugin `plugin` \(words)"), "\(message)")
        #expect(message.contains("/config:") && !message.contains("hunter2") && error?.mayHaveBeenApplied == false)
        #expect(try server.count().requests == 0)
    }

    @Test(
        "half a credential is none",
        arguments: [
            "{}", #"{"token":""}"#, #"{"token":7}"#, #"{"token":"two words"}"#, #"{"token":"a\r\nX: hunter2"}"#,
            #"{"clientCertificateData":"x"}"#, #"{"token":"t","expirationTimestamp":"hunter2"}"#,
        ])
    func halves(status: String) throws {
        let server = try scene.server()
        try plugin(try printing(status))
        let connection = try scene.connection(try scene.kubeconfig(server.address, user: user()))
        let error = #expect(throws: HTTPError.self) { try connection.echo() }
        #expect(try error?.message.contains("hunter2") == false && server.count().requests == 0)
    }

    @Test("a plugin that is not there says how to get it, and one that wants a person is refused")
    func absence() throws {
        let server = try scene.server()
        let hint = user("installHint: get it from the shop")
        var connection = try scene.connection(try scene.kubeconfig(server.address, user: hint))
        let missing = #expect(throws: HTTPError.self) { try connection.echo() }
        #expect(missing?.message.contains("get it from the shop") == true)
        try plugin(try printing(#"{"token":"t"}"#))
        connection = try scene.connection(try scene.kubeconfig(server.address, user: user(mode: "Always")))
        let personal = #expect(throws: HTTPError.self) { try connection.echo() }
        #expect(personal?.message.contains("interactiveMode: Always") == true)
        #expect(try runs() == 0)
    }
}
