import ChangeModel
import TestSupport
import Testing

@testable import Ledger

@Suite("A change on AWS, from the proposal to the way back")
struct AWSStoryTests {
    /// A repository whose inventory names an instance of moto's, and the environment of a runner that reaches it.
    private func scene(_ scope: String) throws -> (Governance, MotoServer, instance: String, runner: [String: String])?
    {
        guard let moto = try MotoServer.shared() else { return nil }
        let governance = try Governance()
        try moto.boto("do image = boto('ec2').describe_images()['Images'][0]['ImageId']", scope: scope)
        try moto.boto(
            "do made = boto('ec2').run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType='t3.micro')",
            scope: scope)
        let instance = try moto.boto("made['Instances'][0]['InstanceId']", scope: scope).stringValue ?? ""
        try governance.trustCommit([
            "inventory.yaml": {
                $0.replacing("i-0a1b2c3d4e5f60718", with: instance).replacing("111122223333", with: "123456789012")
            }
        ])
        return (
            governance, moto, instance,
            [
                "AWS_ENDPOINT_URL": moto.address, "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "hidden-test-secret",
                "AWS_EC2_METADATA_DISABLED": "true",
            ]
        )
    }

    private func state(_ moto: MotoServer, _ instance: String, _ scope: String = "state") throws -> String? {
        let described = "boto('ec2').describe_instances(InstanceIds=['\(instance)'])"
        return try moto.boto("\(described)['Reservations'][0]['Instances'][0]['State']['Name']", scope: scope)
            .stringValue
    }

    private func approved(_ governance: Governance, _ id: ChangeID) throws {
        try governance.gateRun(10, ["--record"], head: id)
        try governance.land(id)
        // High risk on a restricted target is critical, which two people answer for.
        for actor in ["bob", "carol"] { try governance.expect(0, actor, ["approve", id.text, "--yes"]) }
    }

    @Test(
        "an instance is stopped by approval, recorded, started again by the recorded pair, and everybody can check it")
    func story() throws {
        guard let (governance, moto, instance, runner) = try scene("story") else { return }
        try governance.update("sam")
        let proposed = try governance.expect(
            0, "sam",
            [
                "propose", "ec2-stop-instance", "--target", "prod/batch-worker", "--reason", "Nothing to do at night",
                "--push",
                "--output", "json",
            ])
        let id = try #require(try proposed.json["id"]?.stringValue.flatMap { ChangeID($0) })
        try approved(governance, id)
        // Without keys nothing is claimed that could not be given back.
        let keyless = try governance.expect(
            1, "runner", ["run", id.text, "--output", "json"], adding: ["AWS_EC2_METADATA_DISABLED": "true"])
        #expect(keyless.output.contains("no AWS credentials"), "\(keyless)")
        let run = try governance.expect(0, "runner", ["run", id.text, "--output", "json"], adding: runner)
        #expect(try state(moto, instance) == "stopped")
        #expect(run.errors.contains("precheck instance-exists: passed"), "\(run)")
        let record = try governance.record(of: id)
        #expect(record.last(.prepared)?.body.at("identity", "account") == "123456789012")
        for actor in ["bob", "sam"] { try governance.git(actor, "fetch", "-q", "--prune") }
        let shown = try governance.expect(0, "bob", ["show", id.text])
        #expect(shown.output.contains("state: \"running\" -> \"stopped\""), "\(shown)")
        let back = try governance.expect(
            0, "sam", ["rollback", id.text, "--push", "--output", "json"])
        let other = try #require(try back.json["id"]?.stringValue.flatMap { ChangeID($0) })
        try approved(governance, other)
        try governance.expect(0, "runner", ["run", other.text], adding: runner)
        #expect(try state(moto, instance) == "running")
        try governance.verifyEverywhere(0)
        let everything = try governance.run(["git", "-C", governance.remote, "log", "-p", "--all"])
        #expect(!everything.contains("hidden-test-secret") && everything.contains(instance))
    }

    @Test("keys of another account than the inventory's reach nothing")
    func wrongAccount() throws {
        guard let (governance, moto, instance, runner) = try scene("another-account") else { return }
        try governance.trustCommit(["inventory.yaml": { $0.replacing("123456789012", with: "999999999999") }])
        try governance.update("sam")
        let proposed = try governance.expect(
            0, "sam",
            [
                "propose", "ec2-stop-instance", "--target", "prod/batch-worker", "--reason", "x", "--push", "--output",
                "json",
            ])
        let id = try #require(try proposed.json["id"]?.stringValue.flatMap { ChangeID($0) })
        try approved(governance, id)
        let run = try governance.expect(1, "runner", ["run", id.text, "--output", "json"], adding: runner)
        #expect("\(run)".contains("pinned to account `999999999999`"), "\(run)")
        #expect(try state(moto, instance) == "running")
        #expect(try governance.recorded(id).last == "aborted")
    }
}
