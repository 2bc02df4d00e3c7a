import ChangeModel
import CryptoPrimitives
import HTTP
import OperatingSystem
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("Signing as botocore signs")
struct BotocoreSigningTests {
    /// Prints for each line `{method, url, headers, body, service, region, id, secret, token, time}` the `Authorization`.
    private static let script = """
        import base64, datetime, json, sys
        import botocore.auth, botocore.awsrequest, botocore.credentials
        for line in sys.stdin:
            c = json.loads(line)
            auth = (botocore.auth.S3SigV4Auth if c["service"] == "s3" else botocore.auth.SigV4Auth)(
                botocore.credentials.Credentials(c["id"], c["secret"], c["token"]), c["service"], c["region"])
            moment = datetime.datetime.strptime(c["time"], "%Y-%m-%dT%H:%M:%SZ")
            botocore.auth.get_current_datetime = lambda remove_tzinfo=True: moment
            request = botocore.awsrequest.AWSRequest(
                method=c["method"], url=c["url"], headers=c["headers"], data=base64.b64decode(c["body"]))
            auth.add_auth(request)
            print(request.headers["Authorization"])
        """

    struct Sample {
        var request: HTTPRequest
        let host: String
        let signer: RequestSigner
        let key: AccessKey
        let at: Timestamp

        init(_ random: inout SeededGenerator) {
            let service = random.pick(["ec2", "iam", "sts", "ecs", "lambda", "s3"])
            let region = random.pick(["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
            signer = RequestSigner(region: region, service: service)
            host = random.pick([
                "\(service).\(region).amazonaws.com", "127.0.0.1:5000", "bucket.s3.amazonaws.com",
            ])
            key = AccessKey(
                id: "AKIA" + Self.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, &random),
                secret: Self.text("abcXYZ0189+/", 40, &random),
                sessionToken: random.chance(50) ? Self.text("abcXYZ0189+/=", 100, &random) : nil)
            at = Timestamp(seconds: 1_700_000_000 + Int64(random.below(100_000_000)))
            let odd = "aZ09-._~ +/=&?#%:@!$'()*,;[]\"<>\\^`{|}éሴ😀"
            var segments = (0..<random.below(4)).map { _ in Self.text(odd, 1 + random.below(8), &random) }
            segments = segments.filter { $0 != "." && $0 != ".." }
            let path = "/" + segments.map { PercentEncoding.encode($0) }.joined(separator: "/")
            let query = (0..<random.below(4)).map { _ in
                PercentEncoding.encode(Self.text(odd, 1 + random.below(5), &random)) + "="
                    + PercentEncoding.encode(Self.text(odd, random.below(6), &random))
            }
            var headers: [(name: String, value: String)] = []
            if random.chance(60) { headers.append(("Content-Type", "application/x-amz-json-1.1")) }
            if random.chance(40) {
                headers.append(("X-Amz-Target", "Service.\(Self.text("AbC", 6, &random))"))
            }
            if random.chance(30) { headers.append(("X-Amz-Meta-Note", "a  b   c")) }
            if random.chance(30) { headers.append(("User-Agent", "agentsafe")) }
            request = HTTPRequest(
                method: random.pick(["GET", "POST", "PUT", "DELETE"]),
                target: path + (query.isEmpty ? "" : "?" + query.joined(separator: "&")), headers: headers,
                body: random.chance(60) ? Array(Self.text(odd, random.below(60), &random).utf8) : [])
        }

        private static func text(_ alphabet: String, _ count: Int, _ random: inout SeededGenerator)
            -> String
        {
            let symbols = Array(alphabet)
            return String((0..<count).map { _ in random.pick(symbols) })
        }

        var line: String {
            let json: JSONValue = [
                "method": .string(request.method), "url": .string("https://\(host)\(request.target)"),
                "headers": .object(
                    Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, .string($0.value)) })),
                "body": .string(Base64.encode(request.body)), "service": .string(signer.service),
                "region": .string(signer.region), "id": .string(key.id), "secret": .string(key.secret),
                "token": key.sessionToken.map { .string($0) } ?? .null, "time": .string(at.description),
            ]
            return json.canonicalText
        }
    }

    @Test("200 random requests to every service get the very Authorization that botocore makes")
    func agreement() throws {
        guard let python = AWSPeers.python else { return }
        var random = SeededGenerator(stream: 61_000)
        var samples = (0..<200).map { _ in Sample(&random) }
        let result = try Program.run(
            [python, "-c", Self.script], environment: Host.real().environment,
            input: Array((samples.map(\.line).joined(separator: "\n") + "\n").utf8), timeout: 120)
        let answers = result.outputText.split(separator: "\n").map(String.init)
        try #require(answers.count == samples.count, "\(result.errorText)")
        for index in samples.indices {
            let sample = samples[index]
            try sample.signer.sign(
                &samples[index].request, host: sample.host, with: sample.key, at: sample.at)
            #expect(samples[index].request.header("Authorization") == answers[index], "\(sample.line)")
        }
    }
}
