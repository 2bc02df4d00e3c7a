import ChangeModel
import Runner
import TestSupport
import Testing

@testable import AWSExecutor

/// A server whose IAM is on: a runner that may assume one role and nothing else, a role that may do everything, and two of
/// everything that an action is done to.
final class EnforcedAccount: @unchecked Sendable {
    let moto: MotoServer
    let runner: AccessKey
    /// Each action's own resource, and another one of the kind.
    let prepared: [String: (mine: [String: JSONValue], other: [String: JSONValue])]

    static let shared = Result { try EnforcedAccount() }
    static let role = "arn:aws:iam::123456789012:role/agentsafe"

    private init?() throws {
        guard let scene = try AWSScene(isAlone: true) else { return nil }
        moto = scene.moto
        let allow =
            "json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': %, 'Resource': '*'}]})"
        let trust =
            "json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'AWS': '*'}, 'Action': 'sts:AssumeRole'}]})"
        try scene.boto("do boto('iam').create_role(RoleName='agentsafe', AssumeRolePolicyDocument=\(trust))")
        try scene.boto(
            "do boto('iam').put_role_policy(RoleName='agentsafe', PolicyName='all', PolicyDocument=\(allow.replacing("%", with: "'*'")))"
        )
        func key(_ user: String, _ action: String) throws -> AccessKey {
            try scene.boto("do boto('iam').create_user(UserName='\(user)')")
            try scene.boto(
                "do boto('iam').put_user_policy(UserName='\(user)', PolicyName='p', PolicyDocument=\(allow.replacing("%", with: action)))"
            )
            try scene.boto("do key = boto('iam').create_access_key(UserName='\(user)')['AccessKey']")
            return AccessKey(
                id: try scene.boto("key['AccessKeyId']").stringValue ?? "",
                secret: try scene.boto("key['SecretAccessKey']").stringValue ?? "")
        }
        runner = try key("runner", "'sts:AssumeRole'")
        let admin = try key("admin", "'*'")
        var prepared: [String: (mine: [String: JSONValue], other: [String: JSONValue])] = [:]
        for action in ActionCase.all {
            prepared[action.action] = (try action.prepare(scene), try action.prepare(scene))
        }
        self.prepared = prepared
        try scene.boto(
            "do import requests\\nrequests.post(str(boto('iam').meta.endpoint_url) + '/moto-api/reset-auth', data=b'0')"
        )
        try moto.boto(
            "do plain = boto\\nboto = lambda service: plain(service, key='\(admin.id)', secret='\(admin.secret)')",
            scope: "admin")
    }
}

@Suite("Keys narrowed to one step, where IAM is enforced")
struct NarrowedKeysTests {
    private static let change = "chg-20261127-7f3k9q2m4x"

    private static func session(
        _ step: ExecutionStep, role: SessionRole = SessionRole(arn: EnforcedAccount.role, externalID: "ext-1")
    ) throws -> RoleSession {
        let wanted = try #require(step.action.credentials)
        return try RoleSession(
            role, for: step, scope: try CredentialScopes.resolve(wanted, for: step), lifetime: wanted.ttl, name: change,
            tags: [RoleSession.Tag("agentsafe-change", change), RoleSession.Tag("agentsafe-action", step.action.name)])
    }

    private static func credential(_ keys: SessionKeys, _ step: ExecutionStep) -> Credential {
        Credential(
            CredentialRecord(backend: "roles", type: "aws", scope: [:], expires: keys.expires), secret: keys.secret,
            parts: keys.parts)
    }

    private static let pinned = ["account": "123456789012"]

    @Test(
        "are enough for each of the thirteen actions and its way back, and for nothing else",
        arguments: ActionCase.all)
    func narrowed(_ action: ActionCase) throws {
        guard let account = try EnforcedAccount.shared.get() else { return }
        let scene = try #require(try AWSScene(timeout: 5, server: account.moto, key: account.runner))
        let prepared = try #require(account.prepared[action.action])
        let step = try scene.step(action.action, prepared.mine, locator: Self.pinned)
        let other = try scene.step(action.action, prepared.other, locator: Self.pinned)
        // The runner's own keys can do nothing at all.
        #expect(throws: ExecutionError.self) { try scene.executor.captureState(for: step) }
        let keys = try scene.executor.keys(of: try Self.session(step))
        try scene.executor.use(Self.credential(keys, step))
        #expect(
            try scene.executor.confirmIdentity(of: step)["arn"]
                == "arn:aws:sts::123456789012:assumed-role/agentsafe/\(Self.change)")
        // Another resource of the kind.
        let error = #expect(throws: ExecutionError.self) {
            let before = try scene.executor.captureState(for: other)
            _ = try scene.executor.execute(other, before: before, mayMutate: { true }, progress: { _ in })
        }
        #expect(error?.code == .refused && error?.mayHaveBeenApplied == false, "\(String(describing: error))")
        try Self.expectNothingElse(scene.executor, prepared.mine)
        let run = try scene.run(step)
        #expect(run.passed, "\(run.prechecks)")
        if let pair = run.rollback {
            scene.executor.forgetCredential()
            #expect(throws: ExecutionError.self) { try scene.executor.captureState(for: step) }
            let back = try scene.step(pair.action, pair.parameters, locator: Self.pinned)
            try scene.executor.use(Self.credential(try scene.executor.keys(of: try Self.session(back)), back))
            #expect(try scene.run(back).passed)
        }
        scene.executor.forgetCredential()
        #expect(throws: ExecutionError.self) { try scene.executor.captureState(for: step) }
        // What CloudTrail would show.
        let asked = try account.moto.boto(
            "[r['form'] for r in seen if r['action'] == 'AssumeRole' and r.get('status') == 200 and r['form'].get('Tags.member.2.Value') == '\(action.action)']",
            scope: "admin"
        ).arrayValue?.first
        #expect(asked?["RoleSessionName"]?.stringValue == Self.change)
        #expect(
            asked?["Tags.member.1.Key"] == "agentsafe-change" && asked?["Tags.member.1.Value"] == .string(Self.change))
        #expect(asked?["DurationSeconds"] == "900" && asked?["ExternalId"] == "ext-1")
    }

    /// Calls that no action of the catalogue makes, and some that others do.
    private static func expectNothingElse(_ executor: AWSExecutor, _ mine: [String: JSONValue]) throws {
        let instance = mine["instance_id"]?.stringValue ?? "i-0a1b2c3d4e5f60718"
        let role = mine["role_name"]?.stringValue ?? "agentsafe"
        let admin = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess")
        let calls: [ServiceCall] = [
            .query(.ec2, "ModifyInstanceAttribute", version: "2016-11-15", [("InstanceId", instance)], .read),
            .query(.iam, "AttachRolePolicy", version: "2010-05-08", [("RoleName", role), admin], .read),
            .query(.iam, "ListUsers", version: "2010-05-08", [], .read),
            .query(
                .sts, "AssumeRole", version: "2011-06-15",
                [("RoleArn", EnforcedAccount.role), ("RoleSessionName", "again")], .read),
            .json(.ecs, "ListClusters", target: ContainerService.target, [:], .read),
        ]
        for call in calls {
            let error = #expect(throws: ServiceError.self, "\(call.operation)") {
                try executor.session.client(AWSScene.region).send(call)
            }
            #expect(
                ["AccessDenied", "UnauthorizedOperation", "AccessDeniedException"].contains(error?.code ?? ""),
                "\(call.operation): \(String(describing: error))")
        }
    }
}
