import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import Ledger

@Suite("Runs with keys of a role, narrowed by STS")
struct RoleSessionRunTests {
    private static let secret = "hidden-runner-secret"

    /// A repository whose main has keys made by STS, an instance, and a runner known to the server by a key of its own.
    private struct Scene {
        let governance: Governance
        let moto: MotoServer
        let instance: String
        let scope: String
        var runner: [String: String] {
            [
                "AWS_ENDPOINT_URL": moto.address, "AWS_ACCESS_KEY_ID": "AKIA-\(scope)",
                "AWS_SECRET_ACCESS_KEY": RoleSessionRunTests.secret, "AWS_EC2_METADATA_DISABLED": "true",
            ]
        }

        init?(_ scope: String, account: String = "123456789012", backend: [String]? = nil) throws {
            guard let moto = try MotoServer.shared() else { return nil }
            self.moto = moto
            self.scope = scope
            governance = try Governance()
            try moto.boto("do image = boto('ec2').describe_images()['Images'][0]['ImageId']", scope: scope)
            try moto.boto(
                "do made = boto('ec2').run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType='t3.micro')",
                scope: scope)
            let instance = try moto.boto("made['Instances'][0]['InstanceId']", scope: scope).stringValue ?? ""
            self.instance = instance
            try governance.trustCommit([
                "inventory.yaml": {
                    $0.replacing("i-0a1b2c3d4e5f60718", with: instance).replacing("111122223333", with: account)
                }
            ])
            try governance.configureCredentials(
                required: true,
                [
                    backend ?? [
                        "name: roles", "kind: sts", "types: [aws]",
                        "role_arn: \"arn:aws:iam::123456789012:role/agentsafe\"",
                        "external_id: ext-1",
                    ]
                ])
        }

        var state: String? {
            get throws {
                let described = "boto('ec2').describe_instances(InstanceIds=['\(instance)'])"
                return try moto.boto(
                    "\(described)['Reservations'][0]['Instances'][0]['State']['Name']", scope: scope
                ).stringValue
            }
        }

        /// What the server was asked by the runner's own key, and by sessions of this change.
        func asked(_ what: String) throws -> [JSONValue] {
            try moto.boto("[r for r in seen if \(what)]", scope: scope).arrayValue ?? []
        }

        func approved() throws -> ChangeID {
            try governance.update("sam")
            let proposed = try governance.expect(
                0, "sam",
                [
                    "propose", "ec2-stop-instance", "--target", "prod/batch-worker", "--reason", "x", "--push",
                    "--output",
                    "json",
                ])
            let id = try #require(try proposed.json["id"]?.stringValue.flatMap { ChangeID($0) })
            try governance.gateRun(10, ["--record"], head: id)
            try governance.land(id)
            for actor in ["bob", "carol"] { try governance.expect(0, actor, ["approve", id.text, "--yes"]) }
            return id
        }
    }

    @Test(
        "touch the target with the session's keys alone, whose name and tags are the change, and record what they may do"
    )
    func run() throws {
        guard let scene = try Scene("sts-run") else { return }
        let (governance, id) = (scene.governance, try scene.approved())
        try governance.git("runner", "fetch", "-q")
        let resolved = try governance.expect(
            0, "runner", ["credential", "resolve", id.text, "--output", "json"], adding: scene.runner)
        let report = try resolved.json["credentials"]?.arrayValue?.first
        let arn = "arn:aws:ec2:eu-central-1:123456789012:instance/\(scene.instance)"
        #expect(report?["kind"] == "sts")
        #expect(
            report?["session_policy"] == [
                "Version": "2012-10-17",
                "Statement": [
                    ["Effect": "Allow", "Action": ["ec2:StopInstances"], "Resource": [.string(arn)]],
                    ["Effect": "Allow", "Action": ["ec2:DescribeInstances"], "Resource": "*"],
                ],
            ])
        #expect(report?["place"]?.stringValue?.contains("for 900 seconds, as session `\(id)`") == true)
        // Nothing was asked of AWS by that.
        #expect(try scene.asked("r['key'] == 'AKIA-sts-run'").isEmpty)
        let tested = try governance.expect(
            0, "runner", ["credential", "test", id.text, "--output", "json"], adding: scene.runner)
        let test = try tested.json["credentials"]?.arrayValue?.first
        #expect(
            test?.at("identity", "arn") == .string("arn:aws:sts::123456789012:assumed-role/agentsafe/\(id)"),
            "\(tested)")
        let run = try governance.expect(0, "runner", ["run", id.text, "--output", "json"], adding: scene.runner)
        #expect(try scene.state == "stopped")
        let own = try scene.asked("r['key'] == 'AKIA-sts-run'")
        #expect(own.map { $0["action"] } == ["AssumeRole", "AssumeRole"], "\(own)")
        let form = own.last?["form"]
        #expect(form?["RoleSessionName"] == .string(id.text) && form?["ExternalId"] == "ext-1")
        #expect(form?["DurationSeconds"] == "900")
        #expect(form?["Policy"] == report?["session_policy"].map { .string($0.canonicalText) })
        let tags = (1...3).map { form?["Tags.member.\($0).Value"]?.stringValue ?? "" }
        #expect(tags[0] == id.text && tags[1] == "ec2-stop-instance" && tags[2].count == 26)
        let session = try scene.asked("(r['session'] or '').endswith('/\(id)')")
        #expect(session.contains { $0["action"] == "StopInstances" && $0["status"] == 200 })
        #expect(session.allSatisfy { $0["status"] == 200 })
        let record = try governance.record(of: id)
        #expect(
            record.last(.prepared)?.body.at("identity", "arn")
                == .string("arn:aws:sts::123456789012:assumed-role/agentsafe/\(id)"))
        let recorded = try governance.recordedCredentials(of: id).arrayValue?.first
        #expect(
            recorded?["scope"] == [
                "actions": ["ec2:StopInstances"], "resources": [.string(arn)],
                "unscoped_actions": ["ec2:DescribeInstances"],
            ])
        #expect(recorded?["expires"] != nil && recorded?["backend"] == "roles")
        // Neither the runner's secret nor the session's is anywhere.
        let secrets = try scene.moto.boto(
            "(lambda m: [s for p in m['123456789012'].values() for r in p.assumed_roles if r.session_name == '\(id)' "
                + "for s in (r.secret_access_key, r.session_token)])(__import__('moto.sts.models', fromlist=['x']).sts_backends)",
            scope: scene.scope)
        let needles = (secrets.arrayValue ?? []).compactMap(\.stringValue)
        #expect(needles.count == 4)
        try governance.expectNowhere([Self.secret] + needles, in: [resolved, tested, run])
        try governance.verifyEverywhere(0)
    }

    @Test(
        "of another account than the target's are refused before the target is asked anything",
        arguments: [true, false])
    func wrongAccount(_ isSaid: Bool) throws {
        // Where the ARN says it nobody is asked; where STS finds out, the keys are dropped.
        let role =
            isSaid ? "arn:aws:iam::123456789012:role/agentsafe" : "arn:aws:iam::{{ target.account }}:role/agentsafe"
        guard
            let scene = try Scene(
                isSaid ? "sts-said" : "sts-found", account: isSaid ? "999999999999" : "123456789012",
                backend: ["name: roles", "kind: sts", "types: [aws]", "role_arn: \"\(role)\""])
        else { return }
        let id = try scene.approved()
        var runner = scene.runner
        if !isSaid {
            // A server that gives keys of somebody else's.
            let server = try ServerProcess([
                "python3", AWSPeers.program("answers-server.py"),
                JSONValue.array([Self.foreign, Self.who]).canonicalText,
            ])
            runner["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:\(server.port)"
            let run = try scene.governance.expect(1, "runner", ["run", id.text, "--output", "json"], adding: runner)
            #expect(run.output.contains("pinned to account `123456789012`"), "\(run)")
            let asked = try server.ask("log")
            #expect(asked.contains("GetCallerIdentity"))
        } else {
            let run = try scene.governance.expect(1, "runner", ["run", id.text, "--output", "json"], adding: runner)
            #expect(run.output.contains("nothing was asked"), "\(run)")
        }
        #expect(try scene.state == "running")
        #expect(try scene.asked("r['key'] == 'AKIA-\(scene.scope)'").isEmpty)
        #expect(try scene.governance.recorded(id).last == "aborted")
    }

    private static let foreign: JSONValue = [
        "body": .string(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAFOREIGN</AccessKeyId><SecretAccessKey>hidden-foreign-secret</SecretAccessKey>"
                + "<SessionToken>hidden-foreign-token</SessionToken><Expiration>\(Timestamp(seconds: Host.real().now() + 900))</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )
    ]
    private static let who: JSONValue = [
        "body":
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>999999999999</Account><Arn>arn:x</Arn><UserId>u</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>"
    ]

    @Test("come from a program, too, that prints what a credential process prints; anything else from it says nothing")
    func program() throws {
        guard
            let scene = try Scene(
                "sts-program",
                backend: ["name: p", "kind: exec", "types: [aws]", "command: /nonexistent/give", "local: true"])
        else { return }
        let id = try scene.approved()
        let keys =
            "{\"Version\":1,\"AccessKeyId\":\"AKIAPROGRAM\",\"SecretAccessKey\":\"hidden-program-secret\",\"Expiration\":\"2099-01-01T00:00:00Z\"}"
        let path = try scene.governance.program("give", "echo hidden-program-secret; exit 0")
        var runner = scene.runner
        runner["AGENTSAFE_CREDENTIAL_P"] = path
        var said = [try scene.governance.expect(1, "runner", ["run", id.text, "--output", "json"], adding: runner)]
        #expect(said[0].output.contains("no JSON object with keys of AWS"), "\(said[0])")
        try Files.writeAtomically(
            path, Array("#!/bin/sh\necho hidden-program-secret >&2\ncat <<'END'\n\(keys)\nEND\n".utf8), mode: 0o755)
        said.append(try scene.governance.expect(0, "runner", ["run", id.text, "--output", "json"], adding: runner))
        #expect(try scene.state == "stopped")
        #expect(try scene.asked("r['key'] == 'AKIA-sts-program'").isEmpty)
        #expect(try !scene.asked("r['key'] == 'AKIAPROGRAM' and r['action'] == 'StopInstances'").isEmpty)
        try scene.governance.expectNowhere(["hidden-program-secret"], except: ["give"], in: said)
    }

    @Test("of a plan are other ones for each step, and for each step of its way back")
    func plan() throws {
        guard let scene = try Scene("sts-plan") else { return }
        let (governance, bucket) = (scene.governance, "sts-plan-exports")
        try governance.trustCommit([
            "policies/zz-open.yaml": { _ in ThreatBranchPolicy.loose },
            "inventory.yaml": { $0.replacing("bucket: customer-exports", with: "bucket: \(bucket)") },
        ])
        func policy(_ effect: String) -> String {
            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"\(effect)\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\","
                + "\"Resource\":\"arn:aws:s3:::\(bucket)/*\"}]}"
        }
        try scene.moto.boto(
            "do boto('s3').create_bucket(Bucket='\(bucket)', CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})\\n"
                + "boto('s3').put_bucket_policy(Bucket='\(bucket)', Policy='\(policy("Deny"))')", scope: scene.scope)
        func policyNow() throws -> String? {
            try scene.moto.boto("boto('s3').get_bucket_policy(Bucket='\(bucket)')['Policy']", scope: scene.scope)
                .stringValue
        }
        let id = try governance.proposePlan(
            """
            - action: ec2-stop-instance
              target: prod/batch-worker
            - action: s3-put-bucket-policy
              target: prod/customer-exports
              params: {policy: '\(policy("Allow"))'}
            """)
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text], adding: scene.runner)
        #expect(try scene.state == "stopped" && policyNow() == policy("Allow"))
        // Each session did what its step is, and no other could have.
        let forms = try scene.asked("r['action'] == 'AssumeRole' and r['form'].get('RoleSessionName') == '\(id)'")
        let policies = forms.map { $0.at("form", "Policy")?.stringValue ?? "" }
        #expect(policies.count == 2 && policies[0].contains("ec2:StopInstances") && !policies[0].contains("s3:"))
        #expect(policies.last?.contains("arn:aws:s3:::\(bucket)") == true && policies.last?.contains("ec2:") == false)
        let back = try governance.id(
            of: governance.agentsafe("sam", ["rollback", id.text, "--push", "--output", "json"]))
        try governance.land(back)
        try governance.expect(0, "runner", ["run", back.text], adding: scene.runner)
        #expect(try scene.state == "running" && policyNow() == policy("Deny"))
        let returns = try scene.asked("r['action'] == 'AssumeRole' and r['form'].get('RoleSessionName') == '\(back)'")
        #expect(returns.map { $0.at("form", "Tags.member.2.Value") } == ["s3-put-bucket-policy", "ec2-start-instance"])
        try governance.verifyEverywhere(0)
    }
}
