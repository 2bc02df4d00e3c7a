import ChangeModel
import CryptoPrimitives
import HTTP
import KubernetesAccess
import OperatingSystem
import TestSupport
import Testing

/// A folder with a kubeconfig, certificates and servers.
struct Scene {
    static let certificates: Result<Certificates, any Error> = Result { try Certificates() }

    let directory = Result { try TemporaryDirectory() }
    var certificates: Certificates { get throws { try Self.certificates.get() } }

    func server(_ options: [String: JSONValue] = [:]) throws -> HTTPSServer {
        try HTTPSServer(try certificates, "server", options)
    }

    func host(_ variables: [String: String] = [:]) throws -> Host {
        SSHKeys.host(try directory.get(), adding: variables)
    }

    /// One cluster, one context, and the user as told, indented by six.
    @discardableResult
    func kubeconfig(
        _ server: String, user: String, cluster: String? = nil, name: String = "config"
    ) throws -> String {
        let authority = Base64.encode(try certificates.pem("ca.crt"))
        let text = """
            apiVersion: v1
            kind: Config
            current-context: main
            contexts:
              - name: main
                context: {cluster: c, user: u}
            clusters:
              - name: c
                cluster:
                  server: \(server)
                  \(cluster ?? "certificate-authority-data: \(authority)")
            users:
              - name: u
                user:
                  \(user.replacing("\n", with: "\n      "))

            """
        let path = try directory.get().file(name)
        try? Files.remove(path)
        return try directory.get().write(name, text, mode: 0o600)
    }

    func connection(
        _ kubeconfig: String, context: String? = nil, variables: [String: String] = [:], allowsInsecure: Bool = false
    ) throws -> ClusterConnection {
        let host = try host(variables)
        let (specification, _) = try ClusterSpecification.find(kubeconfig: kubeconfig, context: context, host: host)
        return try ClusterConnection(specification, host: host, allowsInsecure: allowsInsecure)
    }

    /// Why there is no connection.
    func refusal(_ kubeconfig: String, context: String? = nil, variables: [String: String] = [:]) throws -> AccessError?
    {
        do {
            _ = try connection(kubeconfig, context: context, variables: variables)
            return nil
        } catch let error as AccessError {
            return error
        }
    }
}

extension HTTPTransport {
    func echo() throws -> JSONValue {
        try JSONValue(parsing: try send(HTTPRequest(method: "GET", target: "/echo")).body)
    }
}

extension JSONValue {
    /// The value of a header in an echo.
    func header(_ name: String) -> String? {
        self["headers"]?.arrayValue?.first { $0.arrayValue?.first?.stringValue == name }?.arrayValue?.last?.stringValue
    }
}

@Suite("Connections to a cluster")
struct ClusterConnectionTests {
    let scene = Scene()

    @Test("client certificates go with the handshake, from the kubeconfig or from files beside it")
    func clientCertificates() throws {
        let certificates = try scene.certificates
        let server = try scene.server(["clients": .string(certificates.path("ca.crt"))])
        let (certificate, key) = (try certificates.pem("client.crt"), try certificates.pem("client.key"))
        let inline = """
            client-certificate-data: \(Base64.encode(certificate))
            client-key-data: \(Base64.encode(key))
            """
        let connection = try scene.connection(try scene.kubeconfig(server.address, user: inline))
        #expect(try connection.echo()["client"] == "admin")
        let directory = try scene.directory.get()
        try directory.write("client.crt", certificate)
        let keyFile = try directory.write("client.key", key, mode: 0o644)
        let beside = "client-certificate: client.crt\nclient-key: client.key"
        let other = try scene.connection(try scene.kubeconfig(server.address, user: beside))
        #expect(try other.echo()["client"] == "admin")
        #expect(other.warnings == ["\(keyFile) holds a secret and can be read by others; run `chmod 600` on it"])
    }

    @Test("a token goes out, and a token that was fetched for the change takes its place")
    func tokens() throws {
        let server = try scene.server()
        let connection = try scene.connection(try scene.kubeconfig(server.address, user: "token: from-the-file"))
        #expect(try connection.echo().header("Authorization") == "Bearer from-the-file")
        try connection.use(bearerToken: "fetched")
        #expect(try connection.echo().header("Authorization") == "Bearer fetched")
        connection.dropCredential()
        #expect(try connection.echo().header("Authorization") == "Bearer from-the-file")
        #expect(throws: AccessError.self) { try connection.use(bearerToken: "two words\r\nX: y") }
    }

    @Test("after a 401 a token file is read again, and the request is sent once more, a mutation too")
    func tokenFile() throws {
        let directory = try scene.directory.get()
        let token = try directory.write("token", "old\n", mode: 0o600)
        let wanted = try directory.write("wanted", "Bearer old")
        let server = try scene.server(["credential": .string("@\(wanted)")])
        let connection = try scene.connection(try scene.kubeconfig(server.address, user: "tokenFile: token"))
        let request = HTTPRequest(method: "PATCH", target: "/echo", body: Array("{}".utf8))
        #expect(try connection.send(request).status == 200)
        try Files.remove(wanted)
        try directory.write("wanted", "Bearer new")
        // Nothing is there to renew it with: the 401 is the answer, after one more attempt.
        #expect(try connection.send(request).status == 401)
        #expect(try server.count().requests == 3)
        try Files.remove(token)
        try directory.write("token", "new\n", mode: 0o600)
        #expect(try connection.send(request).status == 200)
        #expect(try server.count().requests == 4)
    }
}
