import ChangeModel
import Synchronization

@testable import AWSExecutor

/// One of the thirteen actions, and how to make something that it can be done to.
struct ActionCase: CustomStringConvertible, Sendable {
    let action: String
    /// The mutation, as the server's log names it.
    let mutation: String
    /// Makes a resource of its own each time, and returns the step's params.
    let prepare: @Sendable (AWSScene) throws -> [String: JSONValue]

    var description: String { action }

    static let all: [ActionCase] = [
        ActionCase(action: "ec2-start-instance", mutation: "StartInstances") { scene in
            let made = try scene.makeInstance()
            try scene.boto("do boto('ec2').stop_instances(InstanceIds=['\(made)'])")
            return ["instance_id": .string(made)]
        },
        ActionCase(action: "ec2-stop-instance", mutation: "StopInstances") {
            ["instance_id": .string(try $0.makeInstance())]
        },
        ActionCase(action: "ec2-reboot-instance", mutation: "RebootInstances") {
            ["instance_id": .string(try $0.makeInstance())]
        },
        ActionCase(action: "ec2-terminate-instance", mutation: "TerminateInstances") {
            ["instance_id": .string(try $0.makeInstance())]
        },
        ActionCase(action: "ecs-scale-service", mutation: "UpdateService") {
            try $0.makeService().merging(["desired_count": 2]) { $1 }
        },
        ActionCase(action: "ecs-update-service", mutation: "UpdateService") {
            try $0.makeService().merging(["force_new_deployment": true]) { $1 }
        },
        ActionCase(action: "ecs-stop-task", mutation: "StopTask") { try $0.makeTask() },
        ActionCase(action: "iam-attach-role-policy", mutation: "AttachRolePolicy") { try $0.makeRole() },
        ActionCase(action: "iam-detach-role-policy", mutation: "DetachRolePolicy") { scene in
            let made = try scene.makeRole()
            let (role, policy) = (made["role_name"]?.stringValue ?? "", made["policy_arn"]?.stringValue ?? "")
            try scene.boto("do boto('iam').attach_role_policy(RoleName='\(role)', PolicyArn='\(policy)')")
            return made
        },
        ActionCase(action: "lambda-invoke-function", mutation: "InvokeFunction") {
            try $0.makeFunction().merging(["payload": "{\"a\":1}"]) { $1 }
        },
        ActionCase(action: "lambda-update-function-config", mutation: "UpdateFunctionConfiguration") {
            try $0.makeFunction().merging(["memory_size": 512, "timeout": 30]) { $1 }
        },
        ActionCase(action: "s3-delete-object", mutation: "DeleteObject") { scene in
            let bucket = try scene.makeBucket()
            try scene.boto("do boto('s3').put_object(Bucket='\(bucket)', Key='a/b-1.txt', Body=b'12345')")
            return ["bucket": .string(bucket), "key": "a/b-1.txt"]
        },
        ActionCase(action: "s3-put-bucket-policy", mutation: "PutBucketPolicy") { scene in
            let bucket = try scene.makeBucket()
            let policy =
                "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:PutObject\","
                + "\"Resource\":\"arn:aws:s3:::\(bucket)/*\"}]}"
            return ["bucket": .string(bucket), "policy": .string(policy)]
        },
    ]
}

extension AWSScene {
    private static let serial = Atomic<Int>(0)

    private func name(_ kind: String) -> String {
        "\(kind)-\(suffix)-\(Self.serial.add(1, ordering: .relaxed).newValue)"
    }

    func makeInstance() throws -> String {
        // It knows hundreds, and takes its time to list them.
        try boto("do image = globals().get('image') or boto('ec2').describe_images()['Images'][0]['ImageId']")
        try boto(
            "do made = boto('ec2').run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType='t3.micro')")
        return try boto("made['Instances'][0]['InstanceId']").stringValue ?? ""
    }

    private func makeCluster() throws -> String {
        let cluster = name("cluster")
        try boto("do boto('ecs').create_cluster(clusterName='\(cluster)')")
        try boto(
            "do boto('ecs').register_task_definition(family='web-\(suffix)', containerDefinitions=[{'name': 'w', 'image': 'w', 'memory': 64}])"
        )
        return cluster
    }

    func makeService() throws -> [String: JSONValue] {
        let (cluster, service) = (try makeCluster(), name("service"))
        try boto(
            "do boto('ecs').create_service(cluster='\(cluster)', serviceName='\(service)', taskDefinition='web-\(suffix)', desiredCount=0)"
        )
        return ["cluster": .string(cluster), "service": .string(service)]
    }

    func makeTask() throws -> [String: JSONValue] {
        let cluster = try makeCluster()
        try boto(
            "do subnet = boto('ec2').describe_subnets()['Subnets'][0]['SubnetId']\\n"
                + "made = boto('ecs').run_task(cluster='\(cluster)', taskDefinition='web-\(suffix)', count=1, launchType='FARGATE', "
                + "networkConfiguration={'awsvpcConfiguration': {'subnets': [subnet]}})")
        return ["cluster": .string(cluster), "task": try boto("made['tasks'][0]['taskArn'].split('/')[-1]")]
    }

    func makeRole() throws -> [String: JSONValue] {
        let (role, policy) = (name("role"), name("policy"))
        try boto("do boto('iam').create_role(RoleName='\(role)', AssumeRolePolicyDocument='{}')")
        let document =
            "json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Deny', 'Action': '*', 'Resource': '*'}]})"
        let arn = try boto(
            "boto('iam').create_policy(PolicyName='\(policy)', PolicyDocument=\(document))['Policy']['Arn']")
        return ["role_name": .string(role), "policy_arn": arn]
    }

    func makeFunction() throws -> [String: JSONValue] {
        let function = name("job")
        try boto("do boto('iam').create_role(RoleName='for-\(function)', AssumeRolePolicyDocument='{}')")
        try boto(
            "do import io, zipfile\\nb = io.BytesIO()\\nwith zipfile.ZipFile(b, 'w') as z: z.writestr('m.py', 'def h(e, c): return e')\\n"
                + "boto('lambda').create_function(FunctionName='\(function)', Runtime='python3.12', Role='arn:aws:iam::123456789012:role/for-\(function)', "
                + "Handler='m.h', Code={'ZipFile': b.getvalue()}, MemorySize=256, Timeout=10)")
        return ["function_name": .string(function)]
    }

    func makeBucket() throws -> String {
        let bucket = name("data")
        try boto(
            "do boto('s3').create_bucket(Bucket='\(bucket)', CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})"
        )
        return bucket
    }
}
