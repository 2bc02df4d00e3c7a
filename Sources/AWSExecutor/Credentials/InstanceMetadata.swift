internal import HTTP
internal import OperatingSystem

/// The metadata service of an EC2 instance, version 2 alone: a token by PUT first, which a forged request of another kind
/// cannot get, and which does not leave the machine (hop limit 1).
struct InstanceMetadata {
    let host: Host
    let connect: ServiceClient.Connect?

    private static let roles = "/latest/meta-data/iam/security-credentials/"
    /// Seconds. Off EC2 nothing answers at that address.
    private static let timeout = 2

    func key() throws(ServiceError) -> IssuedKey {
        let configured = host.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 }
        guard let address = ServerAddress(configured ?? "http://169.254.169.254"),
            configured == nil || MetadataAddress.isTrusted(address)
        else {
            throw ServiceError(message: "AWS_EC2_METADATA_SERVICE_ENDPOINT is no address on this machine or its link")
        }
        let token = String(
            decoding: try read("PUT", "/latest/api/token", ("X-aws-ec2-metadata-token-ttl-seconds", "21600"), address),
            as: UTF8.self
        ).trimmed
        let field = ("X-aws-ec2-metadata-token", token)
        let role =
            String(decoding: try read("GET", Self.roles, field, address), as: UTF8.self)
            .split(separator: "\n").first.map(String.init)?.trimmed ?? ""
        guard !role.isEmpty, role != ".", role != ".." else {
            throw ServiceError(message: "the instance has no role; attach an instance profile")
        }
        let body = try read("GET", Self.roles + PercentEncoding.encode(role), field, address)
        guard let issued = IssuedKey.fromMetadata(body) else {
            throw ServiceError(message: "the instance's metadata holds no credentials")
        }
        return issued
    }

    private func read(
        _ method: String, _ target: String, _ field: (String, String), _ address: ServerAddress
    ) throws(ServiceError) -> [UInt8] {
        try MetadataAddress.read(
            HTTPRequest(
                method: method, target: target, headers: [(name: field.0, value: field.1)], timeout: Self.timeout),
            at: address, host, connect, what: "the instance's metadata")
    }
}

/// Addresses that hand out credentials to whoever asks.
enum MetadataAddress {
    /// Without TLS only this machine and the two addresses that containers have on their link are asked.
    static func isTrusted(_ address: ServerAddress) -> Bool {
        !address.isPlain
            || ["localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23", "169.254.169.254"]
                .contains(address.host)
    }

    /// `http://169.254.170.2/v2/x` in an address without a path, and the rest.
    static func split(_ url: String) -> (ServerAddress, target: String)? {
        guard let start = url.firstRange(of: "://") else { return nil }
        let slash = url[start.upperBound...].firstIndex(of: "/") ?? url.endIndex
        guard let address = ServerAddress(String(url[..<slash])) else { return nil }
        let target = String(url[slash...])
        return (address, target.isEmpty ? "/" : target)
    }

    /// Asked directly: a proxy would be handed the credentials.
    static func read(
        _ request: HTTPRequest, at address: ServerAddress, _ host: Host, _ connect: ServiceClient.Connect?, what: String
    ) throws(ServiceError) -> [UInt8] {
        var settings = ConnectionSettings(address: address)
        settings.connectTimeout = 1
        settings.maximumBody = IssuedKey.maximumSize
        let transport: any HTTPTransport
        if let connect { transport = try connect(address) } else { transport = CurlTransport(settings) }
        do throws(HTTPError) {
            let response = try transport.send(request)
            guard response.status == 200 else {
                throw HTTPError(
                    code: .malformed, mayHaveBeenApplied: false, message: "HTTP status \(response.status)")
            }
            return response.body
        } catch {
            throw ServiceError(message: "\(what) cannot be read: \(error.message.forMessage(limit: 200))")
        }
    }
}
