import ChangeModel
import HTTP
import KubernetesAccess
import TestSupport
import Testing

@Suite("What is not safe needs a word")
struct InsecurityTests {
    let scene = Scene()

    @Test("unchecked certificates, plain http and passwords are refused without the flag, each with what to do")
    func refusals() throws {
        let server = try scene.server()
        let plain = try HTTPSServer([:])
        let cases = [
            (server.address, "token: t", "insecure-skip-tls-verify: true", "believes any server"),
            ("http://127.0.0.1:\(plain.port)", "token: t", nil, "plain http"),
            (server.address, "username: a\npassword: hunter2", nil, "has a password"),
        ]
        for (address, user, cluster, words) in cases {
            let file = try scene.kubeconfig(address, user: user, cluster: cluster)
            let error = try scene.refusal(file)
            #expect(error?.code == .refused && error?.message.contains(words) == true, "\(error?.message ?? "")")
            #expect(
                error?.message.contains("--insecure-cluster") == true && error?.message.contains("hunter2") == false)
            #expect(error?.message.contains("\(file):") == true)
            #expect(try scene.connection(file, allowsInsecure: true).echo()["method"] == "GET")
        }
        #expect(
            try scene.connection(
                try scene.kubeconfig(server.address, user: "username: a\npassword: b"), allowsInsecure: true
            ).echo().header("Authorization") == "Basic YTpi")
    }

    @Test("what kubectl once had built in is refused with its successor, also with the flag")
    func authProvider() throws {
        let file = try scene.kubeconfig("https://127.0.0.1:1", user: "auth-provider: {name: gcp}")
        let error = try scene.refusal(file)
        #expect(error?.code == .refused && error?.message.contains("gke-gcloud-auth-plugin") == true)
        #expect(throws: AccessError.self) { try scene.connection(file, allowsInsecure: true) }
    }

    @Test(
        "bad addresses are named with their place",
        arguments: [
            ("127.0.0.1:6443", nil, "`server` is no address"),
            ("https://x", "proxy-url: 'ftp://x'", "`proxy-url` is no address of a proxy"),
            ("https://x", "tls-server-name: 'a b'", "`tls-server-name` is no host name"),
            ("https://x", "certificate-authority: nowhere", "`certificate-authority`: cannot open"),
        ])
    func addresses(server: String, cluster: String?, words: String) throws {
        let error = try scene.refusal(try scene.kubeconfig(server, user: "token: t", cluster: cluster))
        #expect(
            error?.message.contains("/config:10:") == true && error?.message.contains(words) == true,
            "\(error?.message ?? "")")
    }

    @Test("who acts as somebody else says so in every request")
    func impersonation() throws {
        let server = try scene.server()
        let user = "token: t\nas: someone\nas-groups: [one, two]\nas-user-extra: {a/b: [c]}"
        let seen = try scene.connection(try scene.kubeconfig(server.address, user: user)).echo()
        #expect(seen.header("Impersonate-User") == "someone" && seen.header("Impersonate-Extra-a%2Fb") == "c")
        let groups = seen["headers"]?.arrayValue?.filter { $0.arrayValue?.first == "Impersonate-Group" }
        #expect(groups?.count == 2)
    }

    @Test("`proxy-url` goes before the environment, which is asked by its own rules")
    func proxies() throws {
        let server = try scene.server()
        let (one, two) = (try HTTPSServer(["mode": "proxy"]), try HTTPSServer(["mode": "proxy"]))
        let authority = try scene.certificates.path("ca.crt")
        let cluster = "certificate-authority: \(authority)\n      proxy-url: http://127.0.0.1:\(one.port)"
        let variables = ["HTTPS_PROXY": "http://127.0.0.1:\(two.port)"]
        let file = try scene.kubeconfig(server.address, user: "token: t", cluster: cluster)
        _ = try scene.connection(file, variables: variables).echo()
        #expect(try one.count().requests == 1 && two.count().requests == 0)
        // This machine is never asked through a proxy of the environment.
        let plain = try scene.kubeconfig(server.address, user: "token: t")
        _ = try scene.connection(plain, variables: variables).echo()
        #expect(try two.count().requests == 0)
    }
}
