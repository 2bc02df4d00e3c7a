import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("Evidence is shipped to S3")
struct BucketShippingTests {
    /// A bucket of moto's with Object Lock, and the environment of who may write to it.
    private func scene(_ bucket: String) throws -> (Governance, MotoServer, variables: [String: String])? {
        guard let moto = try MotoServer.shared() else { return nil }
        try moto.boto(
            "boto('s3').create_bucket(Bucket='\(bucket)', ObjectLockEnabledForBucket=True, "
                + "CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})", scope: bucket)
        let variables = [
            "AWS_ENDPOINT_URL": moto.address, "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "hidden-test-secret",
            "AWS_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true",
        ]
        return (try ExecutedLedger.copy().governance, moto, variables)
    }

    private func keys(_ moto: MotoServer, _ bucket: String) throws -> [String] {
        let listed = try moto.boto(
            "[o['Key'] for o in boto('s3').list_objects_v2(Bucket='\(bucket)').get('Contents', [])]", scope: bucket)
        return (listed.arrayValue ?? []).compactMap(\.stringValue)
    }

    @Test("each event is one object under Object Lock, boto3 reads back the bytes and the lock, and the copy verifies")
    func story() throws {
        let bucket = "evidence-story"
        guard let (governance, moto, variables) = try scene(bucket) else { return }
        let newest = try governance.newestHeight
        let place = "s3://\(bucket)/acme/governance"
        let lock = ["--object-lock", "compliance", "--retain-days", "2555"]
        let first = try governance.ship(to: place, options: lock, adding: variables)
        #expect(try first.json["count"]?.integerValue == Int64(newest + 1))
        #expect(try keys(moto, bucket) == (0...newest).map { "acme/governance/\(Governance.shipmentName($0))" })
        // The same bytes as in a folder.
        try governance.ship()
        for height in [0, newest] {
            let key = "acme/governance/\(Governance.shipmentName(height))"
            let object = "boto('s3').get_object(Bucket='\(bucket)', Key='\(key)')"
            let content = try moto.boto("\(object)['Body'].read().hex()", scope: bucket).stringValue
            #expect(content == Hexadecimal.text(try Files.read(governance.shipment(height))))
            // Of a server of its own moto does not answer GetObjectRetention.
            let head = "boto('s3').head_object(Bucket='\(bucket)', Key='\(key)')"
            #expect(try moto.boto("\(head)['ObjectLockMode']", scope: bucket) == "COMPLIANCE")
            let until = Timestamp(seconds: governance.clock.now + 2555 * 86_400).description.prefix(10)
            let kept = try moto.boto("str(\(head)['ObjectLockRetainUntilDate'])", scope: bucket).stringValue
            #expect(kept?.hasPrefix(until) == true, "\(kept ?? "")")
            // Nobody takes it away.
            let version = try moto.boto("\(object)['VersionId']", scope: bucket).stringValue ?? ""
            #expect(throws: MotoServer.Refused.self) {
                try moto.boto(
                    "boto('s3').delete_object(Bucket='\(bucket)', Key='\(key)', VersionId='\(version)')", scope: bucket)
            }
        }
        let audit = try governance.audit(of: place, adding: variables)
        #expect(audit["height"]?.integerValue == Int64(newest))
        try governance.execute(replicas: 7)
        let next = try governance.ship(to: place, options: lock, adding: variables)
        #expect(try next.json["before"]?.integerValue == Int64(newest))
        #expect(try governance.audit(of: place, adding: variables)["result"] == "authentic")
        #expect(!next.errors.contains("hidden-test-secret") && !next.output.contains("hidden-test-secret"))
    }

    @Test("no object is written twice: not by the same shipper, not by another one, and not over anything else")
    func once() throws {
        let bucket = "evidence-once"
        guard let (governance, moto, variables) = try scene(bucket) else { return }
        let place = "s3://\(bucket)"
        let newest = try governance.newestHeight
        try moto.boto("boto('s3').put_object(Bucket='\(bucket)', Key='README', Body=b'x')", scope: bucket)
        // A front that shows an empty bucket first: as two see it that begin at once.
        let upstream = try #require(Int(moto.address.split(separator: ":").last ?? ""))
        let hiding = try HidingFront(upstream: upstream, bucket: bucket)
        try governance.ship(to: place, adding: variables)
        let late = try governance.ship(
            to: place, as: "gate", adding: variables.merging(["AWS_ENDPOINT_URL": hiding.address]) { $1 })
        #expect(try late.json["already_there"]?.integerValue == Int64(newest + 1), "\(late)")
        let versions = try moto.boto(
            "len(boto('s3').list_object_versions(Bucket='\(bucket)', Prefix='0')['Versions'])", scope: bucket)
        #expect(versions.integerValue == Int64(newest + 1))
        // Somebody with the right to write puts another version on top.
        let key = Governance.shipmentName(3)
        try moto.boto("boto('s3').put_object(Bucket='\(bucket)', Key='\(key)', Body=b'nothing')", scope: bucket)
        let report = try governance.audit(30, of: place, adding: variables)
        #expect(Governance.faults(report) == ["altered \(key)"])
        #expect(report["other_files"] == 1)
        let blind = try governance.ship(
            30, to: place, as: "gate", adding: variables.merging(["AWS_ENDPOINT_URL": hiding.address]) { $1 })
        #expect(blind.errors.contains("is not what was shipped"), "\(blind)")
        // A delete marker hides an object; the next shipper shows it again.
        try moto.boto("boto('s3').delete_object(Bucket='\(bucket)', Key='\(key)')", scope: bucket)
        #expect(try governance.ship(to: place, adding: variables).json["refilled"] == 1)
        #expect(try governance.audit(of: place, adding: variables)["result"] == "authentic")
    }

    @Test("a bucket that is not there, keys that may not, and no region are said in one line")
    func refusals() throws {
        let bucket = "evidence-refusals"
        guard let (governance, _, variables) = try scene(bucket) else { return }
        let missing = try governance.ship(1, to: "s3://evidence-nowhere/x", adding: variables)
        #expect(missing.errors.contains("NoSuchBucket"), "\(missing)")
        var regionless = variables
        regionless["AWS_REGION"] = nil
        #expect(try governance.ship(1, to: "s3://\(bucket)", adding: regionless).errors.contains("--region"))
        try governance.ship(to: "s3://\(bucket)", options: ["--region", "eu-central-1"], adding: regionless)
        var keyless = variables
        keyless["AWS_ACCESS_KEY_ID"] = nil
        #expect(try governance.ship(1, to: "s3://\(bucket)", adding: keyless).errors.contains("no AWS credentials"))
    }
}

/// Hides what a bucket holds from whoever lists it, and relays all else.
private final class HidingFront {
    private let process: ServerProcess
    var address: String { "http://127.0.0.1:\(process.port)" }

    init(upstream: Int, bucket: String) throws {
        process = try ServerProcess(["python3", AWSPeers.program("hiding-front.py"), "\(upstream)", bucket])
    }
}
