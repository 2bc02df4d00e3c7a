import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("Endpoints")
struct EndpointTests {
    private struct Answer: Hashable {
        let host: String
        let signingRegion: String
    }

    /// For each line `[service, region, fips, dualstack]` the host and the signing region of a real client's request.
    private static let script = """
        import json, sys
        import botocore.awsrequest, botocore.config, botocore.session
        session = botocore.session.Session()
        operations = {"ec2": "describe_instances", "ecs": "list_clusters", "lambda": "list_functions", "s3": "list_buckets",
                      "iam": "list_roles", "sts": "get_caller_identity"}
        for line in sys.stdin:
            service, region, fips, dual = json.loads(line)
            client = session.create_client(
                service, region_name=region, aws_access_key_id="a", aws_secret_access_key="b",
                config=botocore.config.Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual))
            seen = {}
            def stop(request, **more):
                field = request.headers["Authorization"]
                field = field.decode() if isinstance(field, bytes) else field
                seen.update(host=request.url.split("/")[2], region=field.split("Credential=")[1].split("/")[2])
                return botocore.awsrequest.AWSResponse(request.url, 403, {}, None)
            client.meta.events.register("before-send", stop)
            try: getattr(client, operations[service])()
            except Exception: pass
            print(json.dumps(seen))
        """

    @Test("are botocore's, in every partition, with FIPS and dual-stack; and requests are signed for the same region")
    func agreement() throws {
        guard let python = AWSPeers.python else { return }
        let regions = [
            "us-east-1", "us-west-2", "eu-central-1", "ap-southeast-3", "cn-north-1", "cn-northwest-1",
            "us-gov-west-1", "us-gov-east-1",
        ]
        var cases: [(AWSService, String, Bool, Bool)] = []
        for service in AWSService.allCases where service != .sso {
            for region in regions {
                for fips in [false, true] where !fips || !region.hasPrefix("cn-") {
                    for dual in [false, true] { cases.append((service, region, fips, dual)) }
                }
            }
        }
        let lines = cases.map { service, region, fips, dual in
            let line: JSONValue = [.string(service.rawValue), .string(region), .bool(fips), .bool(dual)]
            return line.canonicalText
        }
        let result = try Program.run(
            [python, "-c", Self.script],
            environment: Host.real().environment.filter { !$0.key.hasPrefix("AWS_") },
            input: Array((lines.joined(separator: "\n") + "\n").utf8), timeout: 300)
        let answers = result.outputText.split(separator: "\n")
        try #require(answers.count == cases.count, "\(result.errorText)")
        for (one, answer) in zip(cases, answers) {
            var settings = EndpointSettings()
            (settings.usesFIPS, settings.usesDualStack) = (one.2, one.3)
            let ours = try settings.endpoint(of: one.0, in: one.1)
            let theirs = try JSONValue(parsing: Array(answer.utf8))
            let host = theirs["host"]?.stringValue
            // S3 of the first region has an older name too.
            let expected = host == "s3.amazonaws.com" ? "s3.us-east-1.amazonaws.com" : host
            #expect(ours.address.host == expected, "\(one)")
            #expect(ours.signingRegion == theirs["region"]?.stringValue, "\(one)")
        }
    }

    @Test(
        "configured ones go before: a service's own variable, the general one, the profile's services, its general one")
    func configured() throws {
        let profiles = Profiles(
            configuration: try ProfileFile(
                parsing: Array(
                    """
                    [profile dev]
                    services = local
                    endpoint_url = http://general.example:1
                    [services local]
                    sts =
                      endpoint_url = http://sts.example:2
                    ec2 =
                      endpoint_url = not a url
                    """.utf8), file: "config"), credentials: .empty)
        func host(_ service: AWSService, _ environment: [String: String] = [:]) throws -> String {
            try EndpointSettings(
                environment: environment, profile: profiles.merged["dev"] ?? [:], services: profiles.services
            ).endpoint(of: service, in: "eu-central-1").address.host
        }
        #expect(try host(.sts) == "sts.example")
        #expect(try host(.iam) == "general.example")
        #expect(try host(.sts, ["AWS_ENDPOINT_URL": "http://all.example"]) == "all.example")
        let both = ["AWS_ENDPOINT_URL": "http://all.example", "AWS_ENDPOINT_URL_STS": "http://own.example"]
        #expect(try host(.sts, both) == "own.example")
        #expect(try host(.s3, both) == "all.example")
        let ignoring = both.merging(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) { $1 }
        #expect(try host(.sts, ignoring) == "sts.eu-central-1.amazonaws.com")
        #expect(throws: AWSAccessError.self) { try host(.ec2) }
    }

    @Test(
        "a region that could change the host is refused",
        arguments: [
            "", "x", "eu-central-1.evil.example", "eu/central/1", "eu-central-1#", "EU-CENTRAL-1", "us-iso-east-1",
        ])
    func regions(_ region: String) {
        #expect(throws: AWSAccessError.self) { try EndpointSettings().endpoint(of: .ec2, in: region) }
    }
}
