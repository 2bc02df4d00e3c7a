import ChangeModel
import Runner
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("EC2 instances on moto")
struct InstanceTests {
    private func scene() throws -> (AWSScene, JSONValue)? {
        guard let scene = try AWSScene() else { return nil }
        try scene.boto(
            "do image = boto('ec2').describe_images()['Images'][0]['ImageId']; "
                + "made = boto('ec2').run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType='t3.micro')")
        return (scene, try scene.boto("made['Instances'][0]['InstanceId']"))
    }

    private func state(_ scene: AWSScene, _ id: JSONValue) throws -> String? {
        try scene.boto(
            "boto('ec2').describe_instances(InstanceIds=['\(id.stringValue ?? "")'])['Reservations'][0]['Instances'][0]['State']['Name']"
        ).stringValue
    }

    @Test("is stopped and started again by the recorded pair, and boto3 sees it")
    func stopAndStart() throws {
        guard let (scene, id) = try scene() else { return }
        let run = try scene.run(try scene.step("ec2-stop-instance", ["instance_id": id]))
        #expect(run.passed)
        #expect(run.before.fields == ["state": "running", "instance_type": "t3.micro"])
        #expect(run.after.fields["state"] == "stopped" && run.after.objectDigest != run.before.objectDigest)
        #expect(try state(scene, id) == "stopped")
        let back = try scene.rollBack(run)
        #expect(back.after.fields["state"] == "running")
        #expect(try state(scene, id) == "running")
    }

    @Test("is rebooted while it runs, and terminated unless it is protected")
    func rebootAndTerminate() throws {
        guard let (scene, id) = try scene() else { return }
        let reboot = try scene.run(try scene.step("ec2-reboot-instance", ["instance_id": id]))
        #expect(reboot.report.summary.hasPrefix("rebooted") && reboot.rollback == nil)
        let step = try scene.step("ec2-terminate-instance", ["instance_id": id])
        let name = id.stringValue ?? ""
        try scene.boto(
            "do boto('ec2').modify_instance_attribute(InstanceId='\(name)', DisableApiTermination={'Value': True})")
        #expect(try scene.executor.runPrechecks(for: step).map(\.passed) == [true, false])
        try scene.refused(.refused, "ec2-terminate-instance", ["instance_id": id])
        try scene.boto(
            "do boto('ec2').modify_instance_attribute(InstanceId='\(name)', DisableApiTermination={'Value': False})")
        let run = try scene.run(step)
        #expect(run.passed && run.after.fields["state"] == "terminated")
        try scene.refused(.refused, "ec2-start-instance", ["instance_id": id])
    }

    @Test("what is stopped already is left alone; what is not there, or no id, is refused")
    func edges() throws {
        guard let (scene, id) = try scene() else { return }
        let step = try scene.step("ec2-stop-instance", ["instance_id": id])
        _ = try scene.run(step)
        #expect(try scene.run(step).report.summary.contains("already"))
        try scene.refused(.refused, "ec2-reboot-instance", ["instance_id": id])
        try scene.refused(.notFound, "ec2-stop-instance", ["instance_id": "i-0123456789abcdef0"])
        #expect(
            try scene.executor.runPrechecks(
                for: try scene.step("ec2-stop-instance", ["instance_id": "i-0123456789abcdef0"])
            )
            .map(\.passed) == [false])
        for odd in ["i-1&Action=TerminateInstances", "i-", "*", "", "i-0123456789ABCDEF0", "i-0123456789abcdef0\n"] {
            try scene.refused(.invalid, "ec2-stop-instance", ["instance_id": .string(odd)])
        }
        try scene.refused(.invalid, "ec2-stop-instance", ["instance_id": id, "region": "eu-central-1.evil.example/"])
    }

    @Test("threat 21: an instance that changed since before-state was taken is left alone")
    func changed() throws {
        guard let (scene, id) = try scene() else { return }
        let step = try scene.step("ec2-stop-instance", ["instance_id": id])
        let before = try scene.executor.captureState(for: step)
        try scene.boto("do boto('ec2').stop_instances(InstanceIds=['\(id.stringValue ?? "")'])")
        let error = #expect(throws: ExecutionError.self) {
            try scene.executor.execute(step, before: before, mayMutate: { true }, progress: { _ in })
        }
        #expect(error?.code == .conflict)
    }

    @Test("a lease that ended sends nothing")
    func lease() throws {
        guard let (scene, id) = try scene() else { return }
        let step = try scene.step("ec2-stop-instance", ["instance_id": id])
        let before = try scene.executor.captureState(for: step)
        let error = #expect(throws: ExecutionError.self) {
            try scene.executor.execute(step, before: before, mayMutate: { false }, progress: { _ in })
        }
        #expect(error?.code == .leaseEnded)
        #expect(try state(scene, id) == "running")
    }

    @Test("a dry run says what would happen, and changes nothing")
    func dryRun() throws {
        guard let (scene, id) = try scene() else { return }
        let step = try scene.step("ec2-stop-instance", ["instance_id": id])
        let before = try scene.executor.captureState(for: step)
        guard case .predicted(let prediction) = try scene.executor.preview(step, before: before) else {
            Issue.record("no prediction")
            return
        }
        #expect(prediction.after.fields["state"] == "stopped" && prediction.differences.count == 1)
        #expect(try state(scene, id) == "running")
    }

    @Test("another account than the pinned one is nobody's target")
    func account() throws {
        guard let (scene, id) = try scene() else { return }
        let step = try scene.step("ec2-stop-instance", ["instance_id": id], locator: ["account": "999999999999"])
        let error = #expect(throws: ExecutionError.self) { try scene.executor.confirmIdentity(of: step) }
        #expect(error?.code == .wrongTarget && error?.message.contains("123456789012") == true)
    }
}
