import ChangeModel
import Runner
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("ECS, Lambda, S3 and IAM on moto")
struct ActionTests {
    @Test("all thirteen actions of the catalogue are carried out, and no other")
    func complete() throws {
        let names = try AWSScene.catalogue.get().actions.values
            .filter { $0.targetTypes.contains { $0.hasPrefix("aws-") } }.map(\.name)
        #expect(Set(names) == Set(AWSOperations.table.keys) && names.count == 13)
    }

    // MARK: - IAM

    @Test("a policy is attached to a role and detached again by the recorded pair, beyond the first page too")
    func roles() throws {
        guard let scene = try AWSScene() else { return }
        try scene.boto("do boto('iam').create_role(RoleName='app-\(scene.suffix)', AssumeRolePolicyDocument='{}')")
        let document =
            "json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Deny', 'Action': '*', 'Resource': '*'}]})"
        try scene.boto(
            "do arns = [boto('iam').create_policy(PolicyName=f'p{n}-\(scene.suffix)', PolicyDocument=\(document))['Policy']['Arn'] for n in range(8)]"
        )
        try scene.boto(
            "do [boto('iam').attach_role_policy(RoleName='app-\(scene.suffix)', PolicyArn=a) for a in arns[:3]]")
        let policy = try scene.boto("arns[7]")
        let run = try scene.run(
            try scene.step("iam-attach-role-policy", ["role_name": "app-\(scene.suffix)", "policy_arn": policy]))
        #expect(run.passed)
        #expect(run.before.fields["attached_policies"]?.arrayValue?.count == 3)
        #expect(run.after.fields["attached_policies"]?.arrayValue?.contains(policy) == true)
        let attached =
            "len(boto('iam').list_attached_role_policies(RoleName='app-\(scene.suffix)')['AttachedPolicies'])"
        #expect(try scene.boto(attached) == 4)
        let back = try scene.rollBack(run)
        #expect(
            back.prechecks.map(\.name) == ["role-exists", "policy-attached"] && back.passed)
        #expect(back.after == CapturedState(fields: run.before.fields, objectDigest: run.before.objectDigest))
        #expect(try scene.boto(attached) == 3)
        // And there again, by the pair of the pair.
        _ = try scene.rollBack(back)
        #expect(try scene.boto(attached) == 4)
        // What is so already is foretold; for the rest IAM has no dry run.
        func preview(_ action: String) throws -> Preview {
            let step = try scene.step(action, ["role_name": "app-\(scene.suffix)", "policy_arn": policy])
            return try scene.executor.preview(step, before: try scene.executor.captureState(for: step))
        }
        if case .predicted(let prediction) = try preview("iam-attach-role-policy") {
            #expect(prediction.differences.isEmpty && prediction.notes.first?.hasSuffix("already") == true)
        } else {
            Issue.record("it is attached, and attaching it again is not foretold")
        }
        guard case .unavailable = try preview("iam-detach-role-policy") else {
            Issue.record("AWS cannot have foretold that")
            return
        }
        let missing: [String: JSONValue] = [
            "role_name": "app-\(scene.suffix)", "policy_arn": "arn:aws:iam::123456789012:policy/none",
        ]
        #expect(
            try scene.executor.runPrechecks(for: try scene.step("iam-attach-role-policy", missing)).map(\.passed) == [
                true, false,
            ])
        try scene.refused(.notFound, "iam-attach-role-policy", missing)
        try scene.refused(.notFound, "iam-detach-role-policy", ["role_name": "nobody", "policy_arn": policy])
        for odd in ["app&RoleName=admin", "a/b", "", String(repeating: "x", count: 65)] {
            try scene.refused(.invalid, "iam-attach-role-policy", ["role_name": .string(odd), "policy_arn": policy])
        }
        try scene.refused(
            .invalid, "iam-attach-role-policy",
            ["role_name": "app-\(scene.suffix)", "policy_arn": "arn:aws:s3:::policy/x/y/z"])
    }

    // MARK: - S3

    @Test("a bucket's policy is replaced and comes back by the recorded pair")
    func bucketPolicy() throws {
        guard let scene = try AWSScene() else { return }
        try scene.boto(
            "do boto('s3').create_bucket(Bucket='data-\(scene.suffix)', CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})"
        )
        func policy(_ effect: String, _ name: String? = nil) -> JSONValue {
            let bucket = name ?? "data-\(scene.suffix)"
            return .string(
                "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"\(effect)\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\","
                    + "\"Resource\":\"arn:aws:s3:::\(bucket)/*\"}]}")
        }
        let first = try scene.run(
            try scene.step("s3-put-bucket-policy", ["bucket": "data-\(scene.suffix)", "policy": policy("Deny")]))
        #expect(first.passed)
        // There was none, so there is nothing to bring back.
        #expect(first.before.fields["policy"] == .null && first.rollback == nil)
        let second = try scene.run(
            try scene.step("s3-put-bucket-policy", ["bucket": "data-\(scene.suffix)", "policy": policy("Allow")]))
        #expect(second.before.fields["policy"] == policy("Deny"))
        #expect(
            try scene.boto("boto('s3').get_bucket_policy(Bucket='data-\(scene.suffix)')['Policy']") == policy("Allow"))
        _ = try scene.rollBack(second)
        #expect(
            try scene.boto("boto('s3').get_bucket_policy(Bucket='data-\(scene.suffix)')['Policy']") == policy("Deny"))
        for text in [
            policy("Maybe"), policy("Allow", "other"), "[]", "{}", "no", policy("Allow", "data-\(scene.suffix)-2"),
        ]
            as [JSONValue]
        {
            let step = try scene.step("s3-put-bucket-policy", ["bucket": "data-\(scene.suffix)", "policy": text])
            #expect(try scene.executor.runPrechecks(for: step).map(\.passed) == [true, false], "\(text)")
            try scene.refused(.invalid, "s3-put-bucket-policy", ["bucket": "data-\(scene.suffix)", "policy": text])
        }
        try scene.refused(
            .notFound, "s3-put-bucket-policy", ["bucket": "nothing", "policy": policy("Allow", "nothing")])
        for odd in ["data/..", "DATA", "d", "a..b", "data?x", "127.0.0.1:1/x"] {
            try scene.refused(.invalid, "s3-put-bucket-policy", ["bucket": .string(odd), "policy": policy("Allow")])
        }
    }

    @Test(
        "an object with any name is deleted, and only as it was",
        arguments: ["a/b c.txt", "ü+&?=%20/€", "/lead", "end/", "a//b"])
    func object(_ key: String) throws {
        guard let scene = try AWSScene() else { return }
        try scene.boto(
            "do boto('s3').create_bucket(Bucket='data-\(scene.suffix)', CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})"
        )
        let name = JSONValue.string(key).canonicalText
        let put =
            "boto('s3').put_object(Bucket='data-\(scene.suffix)', Key=\(name), Body=b'12345', ContentType='text/x')['ETag']"
        try scene.boto(put)
        let step = try scene.step("s3-delete-object", ["bucket": "data-\(scene.suffix)", "key": .string(key)])
        let before = try scene.executor.captureState(for: step)
        #expect(before.fields["content_length"] == 5 && before.fields["content_type"] == "text/x")
        // Threat 21: other content is another object.
        try scene.boto(put.replacing("12345", with: "other"))
        let error = #expect(throws: ExecutionError.self) {
            try scene.executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
        }
        #expect(error?.code == .conflict)
        let run = try scene.run(step)
        #expect(run.passed && run.rollback == nil && run.after.objectDigest == nil)
        #expect(try scene.boto("boto('s3').list_objects_v2(Bucket='data-\(scene.suffix)')['KeyCount']") == 0)
        #expect(try scene.executor.runPrechecks(for: step).map(\.passed) == [false])
    }

    @Test("a key that climbs is refused", arguments: ["..", "a/../b", "./a", "", "a/."])
    func climbing(_ key: String) throws {
        guard let scene = try AWSScene() else { return }
        try scene.refused(.invalid, "s3-delete-object", ["bucket": "data-\(scene.suffix)", "key": .string(key)])
    }

    // MARK: - Lambda

    private func function(_ scene: AWSScene) throws {
        try scene.boto("do boto('iam').create_role(RoleName='f-\(scene.suffix)', AssumeRolePolicyDocument='{}')")
        try scene.boto(
            "do import io, zipfile\\nb = io.BytesIO()\\nwith zipfile.ZipFile(b, 'w') as z: z.writestr('m.py', 'def h(e, c): return e')\\n"
                + "boto('lambda').create_function(FunctionName='job-\(scene.suffix)', Runtime='python3.12', Role='arn:aws:iam::123456789012:role/f-\(scene.suffix)', "
                + "Handler='m.h', Code={'ZipFile': b.getvalue()}, MemorySize=256, Timeout=10, "
                + "Environment={'Variables': {'TOKEN': 'hidden-secret', 'MODE': 'a'}})")
    }

    @Test("a function's memory and timeout are set and come back; its variables are never told")
    func functionConfiguration() throws {
        guard let scene = try AWSScene() else { return }
        try function(scene)
        let step = try scene.step(
            "lambda-update-function-config",
            [
                "function_name": "job-\(scene.suffix)", "memory_size": 512, "timeout": 30,
                "environment_variables": "{\"TOKEN\":\"another-secret\"}",
            ])
        let run = try scene.run(step)
        #expect(run.passed)
        #expect(run.before.fields["memory_size"] == 256 && run.before.fields["timeout"] == 10)
        #expect(run.after.fields["memory_size"] == 512 && run.after.fields["runtime"] == "python3.12")
        let names = run.before.fields["environment"]?.objectValue?.keys.sorted()
        #expect(names == ["MODE", "TOKEN"])
        let told = "\(run) \(scene.progress)"
        #expect(!told.contains("hidden-secret") && !told.contains("another-secret"))
        #expect(
            run.before.fields["environment"]?["TOKEN"]?.stringValue?.hasPrefix("hmac-sha256:") == true
                && run.before.fields["environment"]?["TOKEN"] != run.after.fields["environment"]?["TOKEN"])
        let read = "boto('lambda').get_function_configuration(FunctionName='job-\(scene.suffix)')"
        #expect(try scene.boto("\(read)['Environment']['Variables']") == ["TOKEN": "another-secret"])
        let back = try scene.rollBack(run)
        #expect(back.after.fields["memory_size"] == 256 && back.after.fields["timeout"] == 10)
        #expect(try scene.boto("\(read)['MemorySize']") == 256)
        try scene.refused(.invalid, "lambda-update-function-config", ["function_name": "job-\(scene.suffix)"])
        try scene.refused(
            .invalid, "lambda-update-function-config",
            ["function_name": "job-\(scene.suffix)", "environment_variables": "{\"A\":1}"])
        try scene.refused(.notFound, "lambda-update-function-config", ["function_name": "none", "timeout": 5])
        try scene.refused(.invalid, "lambda-update-function-config", ["function_name": "job/../x", "timeout": 5])
    }

    @Test("a function is invoked once, and its answer is for the caller alone")
    func invocation() throws {
        guard let scene = try AWSScene() else { return }
        try function(scene)
        // moto hands back what the function was given.
        let run = try scene.run(
            try scene.step("lambda-invoke-function", ["function_name": "job-\(scene.suffix)", "payload": "{\"a\":1}"]))
        #expect(run.report.output == nil && run.rollback == nil && run.after.fields["state"] == "Active")
        #expect(run.report.secretOutput == ["a": 1])
        try scene.refused(.invalid, "lambda-invoke-function", ["function_name": "job-\(scene.suffix)", "payload": "{"])
    }

    // MARK: - ECS

    private func service(_ scene: AWSScene, desired: Int) throws {
        try scene.boto("do boto('ecs').create_cluster(clusterName='main-\(scene.suffix)')")
        try scene.boto(
            "do boto('ecs').register_task_definition(family='web-\(scene.suffix)', containerDefinitions=[{'name': 'w', 'image': 'w', 'memory': 64}])"
        )
        try scene.boto(
            "do boto('ecs').create_service(cluster='main-\(scene.suffix)', serviceName='web-\(scene.suffix)', taskDefinition='web-\(scene.suffix)', desiredCount=\(desired))"
        )
    }

    @Test("a service is scaled and comes back by the recorded pair")
    func services() throws {
        guard let scene = try AWSScene(timeout: 0) else { return }
        try service(scene, desired: 2)
        let run = try scene.run(
            try scene.step(
                "ecs-scale-service",
                ["cluster": "main-\(scene.suffix)", "service": "web-\(scene.suffix)", "desired_count": 0]))
        #expect(run.passed)
        #expect(run.before.fields["desired_count"] == 2 && run.after.fields["desired_count"] == 0)
        #expect(run.after.fields["status"] == "ACTIVE")
        _ = try scene.rollBack(run)
        let described =
            "boto('ecs').describe_services(cluster='main-\(scene.suffix)', services=['web-\(scene.suffix)'])"
        #expect(try scene.boto("\(described)['services'][0]['desiredCount']") == 2)
    }

    /// An executor before prepared answers.
    private static func scripted(
        _ server: AnswersServer, _ action: String, _ parameters: [String: JSONValue]
    ) throws -> (AWSExecutor, ExecutionStep) {
        let executor = AWSExecutor(
            plan: .environment(AccessKey(id: "a", secret: "b")), endpoints: server.endpoints, host: .forAWS(),
            evidenceKey: EvidenceKey(Array(repeating: 7, count: 32)), convergenceTimeout: 0)
        let definition = try #require(try AWSScene.catalogue.get().actions[action])
        let target = TargetEntry(
            id: "x", type: definition.targetTypes[0], environment: .dev, sensitivity: .internal,
            location: SourceLocation(file: "inventory.yaml", line: 1))
        return (
            executor,
            ExecutionStep(
                action: definition, target: target,
                parameters: parameters.merging(["region": "eu-central-1"]) { own, _ in own })
        )
    }

    @Test("threat 21: where AWS has a condition the mutation carries it, and its refusal is a conflict")
    func conditions() throws {
        let head: JSONValue = ["headers": ["ETag": "\"abc\"", "Content-Type": "text/x"]]
        let late: JSONValue = [
            "status": 412, "body": "<Error><Code>PreconditionFailed</Code><Message>m</Message></Error>",
        ]
        let objects = try AnswersServer([head, head, late])
        let function: JSONValue = [
            "body": "{\"FunctionArn\":\"f\",\"MemorySize\":128,\"Timeout\":3,\"RevisionId\":\"r-1\"}"
        ]
        let changed: JSONValue = [
            "status": 412, "body": "{\"message\":\"m\"}",
            "headers": ["x-amzn-ErrorType": "PreconditionFailedException"],
        ]
        let functions = try AnswersServer([function, function, changed])
        let cases: [(AnswersServer, String, [String: JSONValue])] = [
            (objects, "s3-delete-object", ["bucket": "data", "key": "k"]),
            (functions, "lambda-update-function-config", ["function_name": "job", "timeout": 9]),
        ]
        for (server, action, parameters) in cases {
            let (executor, step) = try Self.scripted(server, action, parameters)
            let before = try executor.captureState(for: step)
            let error = #expect(throws: ExecutionError.self) {
                try executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
            }
            #expect(error?.code == .conflict && error?.mayHaveBeenApplied == false, "\(String(describing: error))")
        }
        #expect(try objects.requests().last?.at("headers", "if-match") == "\"abc\"")
        #expect(try functions.requests().last?["body"]?.stringValue?.contains("\"RevisionId\":\"r-1\"") == true)
    }

    @Test("a service that does not get there is told as such, with what is seen; what was sent stays sent")
    func unsteady() throws {
        func described(_ running: Int, _ desired: Int) -> JSONValue {
            let service: JSONValue = [
                "serviceName": "web", "serviceArn": "a", "status": "ACTIVE", "taskDefinition": "t",
                "desiredCount": .integer(Int64(desired)), "runningCount": .integer(Int64(running)),
                "deployments": [["id": "1"]],
            ]
            return ["body": .string(JSONValue.object(["services": [service]]).canonicalText)]
        }
        let server = try AnswersServer([described(1, 1), described(1, 1), ["body": "{}"], described(1, 2)])
        let (executor, step) = try Self.scripted(
            server, "ecs-scale-service", ["cluster": "main", "service": "web", "desired_count": 2])
        let before = try executor.captureState(for: step)
        let error = #expect(throws: ExecutionError.self) {
            try executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
        }
        #expect(error?.code == .notConverged && error?.mayHaveBeenApplied == true)
        #expect(error?.message.contains("1 of 2 tasks running, 1 deployments") == true, "\(String(describing: error))")
        #expect(
            try server.requests().count {
                $0.at("headers", "x-amz-target")?.stringValue?.hasSuffix("UpdateService") == true
            } == 1)
    }

    @Test("a service is updated by count or by a new deployment, and not by nothing")
    func updates() throws {
        guard let scene = try AWSScene(timeout: 0) else { return }
        try service(scene, desired: 0)
        let run = try scene.run(
            try scene.step(
                "ecs-update-service",
                ["cluster": "main-\(scene.suffix)", "service": "web-\(scene.suffix)", "force_new_deployment": true]))
        #expect(run.report.summary.contains("with a new deployment"))
        #expect(run.rollback?.parameters["desired_count"] == 0)
        try scene.refused(
            .invalid, "ecs-update-service", ["cluster": "main-\(scene.suffix)", "service": "web-\(scene.suffix)"])
        try scene.refused(
            .notFound, "ecs-update-service", ["cluster": "main-\(scene.suffix)", "service": "no", "desired_count": 1])
        try scene.refused(
            .notFound, "ecs-scale-service", ["cluster": "no", "service": "web-\(scene.suffix)", "desired_count": 1])
        try scene.refused(
            .invalid, "ecs-scale-service", ["cluster": "main\"", "service": "web-\(scene.suffix)", "desired_count": 1])
        try scene.refused(
            .invalid, "ecs-scale-service",
            ["cluster": "main-\(scene.suffix)", "service": "web-\(scene.suffix)", "desired_count": -1])
    }

    @Test("a task is stopped, and stays told of as stopped")
    func tasks() throws {
        guard let scene = try AWSScene() else { return }
        try service(scene, desired: 0)
        try scene.boto(
            "do from moto.ec2 import utils\\nimage = boto('ec2').describe_images()['Images'][0]['ImageId']\\n"
                + "subnet = boto('ec2').describe_subnets()['Subnets'][0]['SubnetId']\\n"
                + "made = boto('ecs').run_task(cluster='main-\(scene.suffix)', taskDefinition='web-\(scene.suffix)', count=1, launchType='FARGATE', "
                + "networkConfiguration={'awsvpcConfiguration': {'subnets': [subnet]}})")
        let task = try scene.boto("made['tasks'][0]['taskArn']")
        let run = try scene.run(
            try scene.step(
                "ecs-stop-task", ["cluster": "main-\(scene.suffix)", "task": task, "reason": "too old & \"done\""]))
        #expect(run.passed && run.rollback == nil)
        #expect(run.after.fields["last_status"] == "STOPPED")
        #expect(
            try scene.boto(
                "boto('ecs').describe_tasks(cluster='main-\(scene.suffix)', tasks=['\(task.stringValue ?? "")'])['tasks'][0]['stoppedReason']"
            )
                == "too old & \"done\"")
        try scene.refused(.notFound, "ecs-stop-task", ["cluster": "no", "task": task])
    }

    // MARK: - Who may

    @Test("where moto enforces IAM, wrong keys and missing rights are refused, and nothing is said to have been done")
    func enforcement() throws {
        guard let scene = try AWSScene(isAlone: true) else { return }
        try scene.boto("do boto('iam').create_user(UserName='u')")
        try scene.boto("do key = boto('iam').create_access_key(UserName='u')['AccessKey']")
        let document =
            "json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'iam:GetRole', 'Resource': '*'}]})"
        try scene.boto("do boto('iam').put_user_policy(UserName='u', PolicyName='p', PolicyDocument=\(document))")
        try scene.boto("do boto('iam').create_role(RoleName='app-\(scene.suffix)', AssumeRolePolicyDocument='{}')")
        let id = try scene.boto("key['AccessKeyId']").stringValue ?? ""
        let secret = try scene.boto("key['SecretAccessKey']").stringValue ?? ""
        try scene.boto(
            "do import requests\\nrequests.post(str(boto('iam').meta.endpoint_url) + '/moto-api/reset-auth', data=b'0')"
        )
        func executor(_ secret: String) -> AWSExecutor {
            AWSExecutor(
                plan: .environment(AccessKey(id: id, secret: secret)), endpoints: scene.moto.endpoints, host: .forAWS(),
                evidenceKey: EvidenceKey(Array(repeating: 7, count: 32)))
        }
        let step = try scene.step(
            "iam-attach-role-policy",
            ["role_name": "app-\(scene.suffix)", "policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"])
        var error = #expect(throws: ExecutionError.self) { try executor(secret).captureState(for: step) }
        #expect(
            error?.code == .refused && error?.message.contains("AccessDenied") == true, "\(String(describing: error))")
        error = #expect(throws: ExecutionError.self) { try executor(secret + "x").captureState(for: step) }
        #expect(error?.message.contains("SignatureDoesNotMatch") == true, "\(String(describing: error))")
        #expect(error?.message.contains(secret) == false)
    }
}
