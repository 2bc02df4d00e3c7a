internal import HTTP

/// Where a service answers, and for which region a request to it is signed.
struct Endpoint: Hashable, Sendable {
    let address: ServerAddress
    let signingRegion: String
    /// Whether somebody configured it: an S3 bucket is then part of the path and not of the host.
    let isConfigured: Bool
}

/// What chooses among a service's endpoints (AWS SDKs and Tools Reference Guide, "Service-specific endpoints", "Dual-stack and
/// FIPS endpoints").
struct EndpointSettings: Hashable, Sendable {
    var usesFIPS = false
    var usesDualStack = false
    /// For one service, and for all; the service's own goes before.
    var configured: [AWSService: String] = [:]
    var configuredForAll: String?

    /// From the environment, then from the profile and its `services` section.
    init(environment: [String: String], profile: Profiles.Values, services: [String: Profiles.Values]) {
        func value(_ variable: String, _ key: String) -> String? {
            environment[variable].flatMap { $0.isEmpty ? nil : $0 } ?? profile[key]?.text
        }
        func flag(_ variable: String, _ key: String) -> Bool { value(variable, key)?.lowercased() == "true" }
        usesFIPS = flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")
        usesDualStack = flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")
        guard !flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls") else { return }
        let section = profile["services"].flatMap { services[$0.text] } ?? [:]
        for service in AWSService.allCases {
            let own = section[service.rawValue].map(Self.block)?["endpoint_url"]
            // The environment's general one goes before what a file says of one service.
            configured[service] =
                environment["AWS_ENDPOINT_URL_\(service.variableName)"].flatMap { $0.isEmpty ? nil : $0 }
                ?? environment["AWS_ENDPOINT_URL"].flatMap { $0.isEmpty ? nil : $0 } ?? own
        }
        configuredForAll = profile["endpoint_url"]?.text
    }

    init() {}

    /// The lines of an indented block, `key = value` each.
    private static func block(_ value: ProfileFile.Value) -> [String: String] {
        var found: [String: String] = [:]
        for line in value.text.split(separator: "\n") {
            guard let sign = line.firstIndex(of: "=") else { continue }
            found[String(line[..<sign]).trimmed] = String(line[line.index(after: sign)...]).trimmed
        }
        return found
    }

    /// - Throws: `AWSAccessError` for a region or an address that cannot be, and for FIPS where there is none.
    func endpoint(of service: AWSService, in region: String) throws(AWSAccessError) -> Endpoint {
        guard Partition.isRegion(region) else {
            throw AWSAccessError(.refused, "`\(region.forMessage())` is no AWS region; it looks like `eu-central-1`")
        }
        if let text = configured[service] ?? configuredForAll {
            guard let address = ServerAddress(text) else {
                throw AWSAccessError(
                    .malformed, "the endpoint `\(text.forMessage(limit: 200))` of \(service.rawValue) is no URL")
            }
            return Endpoint(
                address: address, signingRegion: service == .iam ? Self.homeOfIAM(region) : region, isConfigured: true)
        }
        guard let partition = Partition(region: region) else {
            throw AWSAccessError(
                .refused, "no endpoints are known for region `\(region)`; set AWS_ENDPOINT_URL_\(service.variableName)")
        }
        guard !usesFIPS || partition != .china else {
            throw AWSAccessError(.refused, "there are no FIPS endpoints in aws-cn; leave AWS_USE_FIPS_ENDPOINT out")
        }
        let host = service == .iam ? hostOfIAM(partition) : host(of: service, in: region, partition)
        guard let address = ServerAddress("https://\(host)") else {
            throw AWSAccessError(.refused, "no endpoint can be named for \(service.rawValue) in `\(region)`")
        }
        return Endpoint(
            address: address, signingRegion: service == .iam ? Self.homeOfIAM(region) : region, isConfigured: false)
    }

    private func host(of service: AWSService, in region: String, _ partition: Partition) -> String {
        // Two services of the government's regions have FIPS without a name for it.
        let isPlainlyFIPS = partition == .government && (service == .ec2 || service == .sts) && !usesDualStack
        let name = (service == .sso ? "portal.sso" : service.rawValue) + (usesFIPS && !isPlainlyFIPS ? "-fips" : "")
        guard usesDualStack else { return "\(name).\(region).\(partition.domain)" }
        return service == .s3
            ? "\(name).dualstack.\(region).\(partition.domain)" : "\(name).\(region).\(partition.dualStackDomain)"
    }

    /// IAM is one for a whole partition.
    private func hostOfIAM(_ partition: Partition) -> String {
        switch partition {
        case .aws:
            "\(usesFIPS ? "iam-fips" : "iam")."
                + (usesDualStack ? "global.\(partition.dualStackDomain)" : partition.domain)
        case .china: usesDualStack ? "iam.global.\(partition.dualStackDomain)" : "iam.cn-north-1.\(partition.domain)"
        case .government: "iam.us-gov." + (usesDualStack ? partition.dualStackDomain : partition.domain)
        }
    }

    private static func homeOfIAM(_ region: String) -> String {
        switch Partition(region: region) {
        case .china: "cn-north-1"
        case .government: "us-gov-west-1"
        case .aws: "us-east-1"
        case nil: region
        }
    }
}
