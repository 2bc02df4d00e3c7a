internal import OperatingSystem

/// Certificates by the real `openssl`, in a folder of their own: `NAME.crt` and `NAME.key` for each.
public final class Certificates: Sendable {
    public let directory: TemporaryDirectory

    /// Makes the authorities `ca` and `other-ca`; from `ca` a `server` for 127.0.0.1 and localhost, and a `client` `admin`.
    public init() throws {
        directory = try TemporaryDirectory()
        for name in ["ca", "other-ca"] {
            try run(
                ["req", "-x509"] + Self.newKey
                    + [
                        "-subj", "/CN=test \(name)", "-keyout", path("\(name).key"), "-out", path("\(name).crt"),
                        "-days", "2",
                    ])
        }
        try issue("server", names: "IP:127.0.0.1,DNS:localhost")
        try issue("client", subject: "/O=system:masters/CN=admin", usage: "clientAuth")
    }

    public func path(_ name: String) -> String { directory.file(name) }
    public func pem(_ name: String) throws -> [UInt8] { try Files.read(path(name)) }

    /// Issues `NAME.crt` with `NAME.key`.
    ///
    /// - Parameters:
    ///   - names: as OpenSSL has alternative names: `DNS:a.example,IP:127.0.0.1`.
    ///   - validity: first and last second, as `YYMMDDhhmmssZ`.
    public func issue(
        _ name: String, names: String? = nil, by authority: String = "ca", subject: String = "/CN=server",
        usage: String = "serverAuth", validity: (from: String, to: String)? = nil
    ) throws {
        let extensions =
            "basicConstraints=CA:FALSE\nextendedKeyUsage=\(usage)\n" + (names.map { "subjectAltName=\($0)\n" } ?? "")
        try run(
            ["req", "-new"] + Self.newKey + [
                "-subj", subject, "-keyout", path("\(name).key"), "-out", path("\(name).csr"),
            ])
        let request = ["-in", path("\(name).csr"), "-out", path("\(name).crt"), "-extfile", path("\(name).ext")]
        try Files.create(path("\(name).ext"), Array(extensions.utf8), mode: 0o600)
        guard let validity else {
            try run(
                [
                    "x509", "-req", "-CA", path("\(authority).crt"), "-CAkey", path("\(authority).key"),
                    "-CAcreateserial", "-days", "1",
                ]
                    + request)
            return
        }
        // Only `ca` takes times from the past.
        let work = try TemporaryDirectory()
        let configuration = """
            [ca]
            default_ca = own
            [own]
            database = \(try work.write("index.txt", ""))
            serial = \(try work.write("serial", "1000\n"))
            new_certs_dir = \(work.path)
            default_md = sha256
            policy = any
            [any]
            commonName = supplied
            """
        try run(
            [
                "ca", "-batch", "-notext", "-config", try work.write("ca.cnf", configuration), "-cert",
                path("\(authority).crt"),
            ]
                + ["-keyfile", path("\(authority).key"), "-startdate", validity.from, "-enddate", validity.to] + request
        )
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    private func run(_ arguments: [String]) throws {
        let result = try Program.run(
            ["openssl"] + arguments, environment: Host.real().environment, timeout: 60)
        guard result.status == 0 else {
            throw ServerProcess.Failure(description: "openssl \(arguments[0]): \(result.errorText)")
        }
    }
}
