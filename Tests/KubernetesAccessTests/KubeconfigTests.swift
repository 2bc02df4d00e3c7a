import CryptoPrimitives
import KubernetesAccess
import OperatingSystem
import TestSupport
import Testing

@Suite("Kubeconfigs")
struct KubeconfigTests {
    private func parse(_ text: String) throws(AccessError) -> Kubeconfig {
        try Kubeconfig(parsing: Array(text.utf8), file: "/home/a/.kube/config", folder: "/home/a/.kube")
    }

    private func refusal(_ text: String) -> String? {
        do throws(AccessError) {
            _ = try parse(text)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("what kubectl writes is read")
    func whole() throws {
        let configuration = try parse(
            """
            apiVersion: v1
            clusters:
            - cluster:
                certificate-authority: pki/ca.crt
                server: https://10.0.0.1:6443
                tls-server-name: kubernetes
                proxy-url: socks5://127.0.0.1:1080
                disable-compression: true
                extensions:
                - extension: {audience: x, depth: 3}
                  name: client.authentication.k8s.io/exec
                - extension: {provider: minikube.sigs.k8s.io}
                  name: cluster_info
              name: one
            contexts:
            - context: {cluster: one, user: a, namespace: shop}
              name: a@one
            current-context: a@one
            kind: Config
            preferences: {}
            users:
            - name: a
              user:
                client-certificate-data: \(Base64.encode(Array("cert".utf8)))
                client-key: /etc/a.key
                as: someone
                as-groups: [x, y]
            - name: b
              user:
                exec:
                  apiVersion: client.authentication.k8s.io/v1
                  command: ./get-token
                  args: [--cluster, one]
                  env:
                  - {name: REGION, value: eu}
                  interactiveMode: IfAvailable
                  provideClusterInfo: true
            """)
        let cluster = try #require(configuration.clusters["one"])
        #expect(cluster.authority == .file("/home/a/.kube/pki/ca.crt") && cluster.serverName == "kubernetes")
        #expect(cluster.pluginConfiguration == ["audience": "x", "depth": 3])
        #expect(cluster.place.description == "/home/a/.kube/config:5:13" && cluster.refusesCompression)
        #expect(configuration.users["a"]?.certificate == .data(Array("cert".utf8)))
        #expect(configuration.users["a"]?.key == .file("/etc/a.key"))
        #expect(configuration.users["a"]?.impersonation?.groups == ["x", "y"])
        let plugin = try #require(configuration.users["b"]?.plugin)
        #expect(plugin.command == "/home/a/.kube/./get-token" && plugin.arguments == ["--cluster", "one"])
        #expect(plugin.environment == [.init(name: "REGION", value: "eu")] && plugin.wantsClusterInformation)
        #expect(configuration.contexts["a@one"]?.namespace == "shop" && configuration.currentContext == "a@one")
    }

    @Test(
        "an empty file, and one without entries, are empty",
        arguments: [
            "", "\n",
            "apiVersion: v1\nclusters: null\ncontexts: []\ncurrent-context: \"\"\nkind: Config\nusers: null\n",
        ])
    func empty(text: String) throws {
        #expect(try parse(text).isEmpty)
    }

    @Test(
        "what is wrong is named with its place",
        arguments: [
            ("kind: Pod\n", "1:7: `kind` is `Pod`"),
            ("apiVersion: v2\n", "1:13: `apiVersion` is `v2`"),
            ("- a\n", "1:1: a kubeconfig is a mapping"),
            ("clusters: {a: b}\n", "1:11: `clusters` must be a list"),
            ("clusters:\n- cluster: {server: https://x}\n", "2:3: an entry of `clusters` has no `name`"),
            ("clusters:\n- name: a\n  cluster: {}\n", "3:12: this cluster has no `server`"),
            ("clusters:\n- name: a\n  cluster: {server: 7}\n", "3:21: `server` must be a text; put it in quotes"),
            (
                "clusters:\n- name: a\n  cluster: {server: x, certificate-authority-data: '%%'}\n",
                "3:52: `certificate-authority-data` is not base64"
            ),
            (
                "clusters:\n- name: a\n  cluster: {server: x, insecure-skip-tls-verify: 'yes'}\n",
                "3:50: `insecure-skip-tls-verify` must be `true` or `false`"
            ),
            (
                "clusters:\n- name: a\n  cluster: {server: x, insecure-skip-tls-verify: true, certificate-authority: y}\n",
                "3:12: this cluster has both"
            ),
            (
                "users:\n- name: a\n  user: {token: x}\n- name: a\n  user: {token: y}\n",
                "4:3: `users` has two entries `a`"
            ),
            ("users:\n- name: a\n  user: {token: 12345}\n", "3:17: `token` must be a text"),
            ("users:\n- name: a\n  user: {token: x, username: y}\n", "3:9: this user has a token and a password"),
            ("users:\n- name: a\n  user: {client-certificate: x}\n", "no `client-key`"),
            ("users:\n- name: a\n  user: {as-groups: [x]}\n", "need `as`"),
            ("users:\n- name: a\n  user: {exec: {command: x}}\n", "3:16: `exec` has no `apiVersion`"),
            (
                "users:\n- name: a\n  user: {exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}}\n",
                "3:41: `client.authentication.k8s.io/v1alpha1` is no version"
            ),
            (
                "users:\n- name: a\n  user: {exec: {command: x, apiVersion: client.authentication.k8s.io/v1}}\n",
                "`exec` has no `interactiveMode`"
            ),
            ("contexts:\n- name: a\n  context: {user: x}\n", "3:12: this context has no `cluster`"),
            ("users: &x []\n", "1:8: "), ("a: 1\na: 2\n", "2:1: "), ("kind: \"\\0\"\n", ""),
            ("users:\n- name: a\n  user: {token: \"a\\0b\"}\n", "holds a NUL"),
        ])
    func mistakes(text: String, words: String) throws {
        let message = try #require(refusal(text))
        #expect(message.hasPrefix("/home/a/.kube/config:") && message.contains(words), "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test("no kubeconfig of any bytes crashes, and none is read beyond its bounds")
    func noise() throws {
        var generator = SeededGenerator(stream: 5)
        let seed = Array("users:\n- name: a\n  user: {token: x, exec: {command: y}}\nclusters: []\n".utf8)
        for _ in 0..<2000 {
            var bytes = seed
            for _ in 0..<(1 + generator.below(4)) {
                bytes[generator.below(bytes.count)] = UInt8(truncatingIfNeeded: generator.next())
            }
            _ = try? Kubeconfig(parsing: bytes, file: "f", folder: "/")
        }
        let deep = String(repeating: "[", count: 100_000)
        #expect(refusal("users: \(deep)") != nil)
        #expect(refusal("a: \(String(repeating: "x", count: 2 << 20))") != nil)
    }
}

@Suite("Which kubeconfig")
struct KubeconfigFilesTests {
    let directory = Result { try TemporaryDirectory() }

    private func write(_ name: String, current: String, server: String, token: String? = nil, mode: UInt32 = 0o600)
        throws -> String
    {
        try directory.get().write(
            name,
            """
            current-context: \(current)
            contexts:
            - {name: \(current), context: {cluster: shared, user: \(current)}}
            - {name: shared, context: {cluster: shared, user: \(current)}}
            clusters:
            - {name: shared, cluster: {server: "\(server)"\(name == "second" ? ", tls-server-name: from-second" : "")}}
            users:
            - {name: \(current), user: {\(token.map { "token: \($0)" } ?? "")}}

            """, mode: mode)
    }

    private func host(_ variables: [String: String] = [:]) throws -> Host {
        SSHKeys.host(try directory.get(), adding: variables)
    }

    @Test("of several files the first wins, entry by entry, with the current context; missing ones are skipped")
    func merging() throws {
        let first = try write("first", current: "one", server: "https://first")
        let second = try write("second", current: "two", server: "https://second")
        let files = try KubeconfigFiles(
            explicit: nil, host: try host(["KUBECONFIG": "/nowhere::\(first):\(second):/none"]))
        #expect(files.files == [first, second])
        let merged = files.configuration
        #expect(merged.currentContext == "one" && Set(merged.contexts.keys) == ["one", "two", "shared"])
        #expect(merged.clusters["shared"]?.server == "https://first")
        // Nothing of a second entry of that name, even where the first says nothing.
        #expect(merged.clusters["shared"]?.serverName == nil)
        #expect(merged.contexts["shared"]?.user == "one")
        let turned = try KubeconfigFiles(explicit: nil, host: try host(["KUBECONFIG": "\(second):\(first)"]))
        #expect(turned.configuration.currentContext == "two")
        #expect(turned.configuration.clusters["shared"]?.serverName == "from-second")
    }

    @Test("`--kubeconfig` stands alone and must be there; `KUBECONFIG` goes before the file in the home folder")
    func order() throws {
        let (first, second) = (
            try write("first", current: "one", server: "https://first"),
            try write("second", current: "two", server: "https://second")
        )
        try Files.createDirectory(try directory.get().file(".kube"))
        _ = try write(".kube/config", current: "home", server: "https://home")
        func current(_ explicit: String?, _ variables: [String: String]) throws -> String? {
            try KubeconfigFiles(explicit: explicit, host: try host(variables)).configuration.currentContext
        }
        #expect(try current(second, ["KUBECONFIG": first]) == "two")
        #expect(try current(nil, ["KUBECONFIG": first]) == "one")
        #expect(try current(nil, ["KUBECONFIG": ""]) == "home")
        #expect(try current(nil, [:]) == "home")
        #expect(try current(nil, ["KUBECONFIG": "/nowhere"]) == nil)
        // Relative to the working directory.
        #expect(try current("second", [:]) == "two")
        let error = #expect(throws: AccessError.self) { try current("/nowhere", ["KUBECONFIG": first]) }
        #expect(error?.message.hasPrefix("cannot open `/nowhere`") == true)
    }

    @Test("a context, a cluster or a user that is not there is named, with those that are")
    func missing() throws {
        let first = try write("first", current: "one", server: "https://first")
        func refusal(_ context: String?, _ configuration: Kubeconfig) -> String? {
            do throws(AccessError) {
                _ = try ClusterSpecification(configuration, files: [first], context: context)
                return nil
            } catch {
                return error.message
            }
        }
        var configuration = try KubeconfigFiles(explicit: first, host: try host()).configuration
        #expect(refusal("shared", configuration) == nil && refusal(nil, configuration) == nil)
        #expect(refusal("three", configuration)?.contains("there are: `one`, `shared`") == true)
        configuration.clusters = [:]
        #expect(refusal("one", configuration)?.contains("\(first):3:") == true)
        configuration.currentContext = nil
        #expect(refusal(nil, configuration)?.contains("no `current-context`; name one with `--context`") == true)
    }

    @Test("a kubeconfig with a secret that others can read is warned of")
    func exposure() throws {
        let open = try write("open", current: "one", server: "https://x", token: "secret", mode: 0o644)
        let warnings = try KubeconfigFiles(explicit: open, host: try host()).warnings
        #expect(warnings == ["\(open) holds a secret and can be read by others; run `chmod 600` on it"])
        let harmless = try write("harmless", current: "one", server: "https://x", mode: 0o644)
        #expect(try KubeconfigFiles(explicit: harmless, host: try host()).warnings.isEmpty)
        let closed = try write("closed", current: "one", server: "https://x", token: "secret")
        #expect(try KubeconfigFiles(explicit: closed, host: try host()).warnings.isEmpty)
    }

    @Test("without a kubeconfig a pod uses its own service account, and nowhere else is anything guessed")
    func pod() throws {
        let directory = try directory.get()
        let variables = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        func find(_ variables: [String: String]) throws(AccessError) -> ClusterSpecification {
            try ClusterSpecification.find(
                kubeconfig: nil, context: nil, host: SSHKeys.host(directory, adding: variables),
                podFolder: directory.path
            ).specification
        }
        #expect(throws: AccessError.self) { try find(variables) }
        try directory.write("token", "t")
        try directory.write("namespace", "tools\n")
        let pod = try find(variables)
        #expect(pod.cluster.server == "https://[fd00::1]:443" && pod.namespace == "tools")
        #expect(pod.user.tokenFile == directory.file("token"))
        #expect(pod.cluster.authority == .file(directory.file("ca.crt")))
        #expect(throws: AccessError.self) { try find([:]) }
        // A kubeconfig goes before.
        let file = try write("first", current: "one", server: "https://first")
        #expect(try find(variables.merging(["KUBECONFIG": file]) { $1 }).context == "one")
    }
}
