import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@testable import AWSExecutor

@Suite("The order of credentials")
struct CredentialChainTests {
    /// Files, environment and a profile by flag, drawn from what people write.
    struct Sample {
        var config = ""
        var credentials = ""
        var environment: [String: String] = [:]
        var profile: String?

        init(_ random: inout SeededGenerator) {
            let names = ["default", "dev", "prod", "two words"]
            for name in names where random.chance(70) {
                config +=
                    name == "default"
                    ? "[default]\n" : "[profile \(name.contains(" ") ? "\"\(name)\"" : name)]\n"
                config += Self.lines(name, names, &random) + "\n"
            }
            if random.chance(50) {
                config +=
                    "[sso-session corp]\nsso_start_url = https://corp.example\nsso_region = eu-west-1\n"
            }
            if random.chance(20) {
                config += "[services local]\nsts =\n  endpoint_url = http://127.0.0.1:1\n"
            }
            for name in names where random.chance(40) {
                credentials += "[\(name)]\n" + Self.keys("cred-\(name.first!)", &random)
                if random.chance(10) { credentials += Self.lines(name, names, &random, withKeys: false) }
            }
            if random.chance(25) { environment["AWS_ACCESS_KEY_ID"] = "AKIAENV" }
            if environment["AWS_ACCESS_KEY_ID"] != nil, random.chance(85) {
                environment["AWS_SECRET_ACCESS_KEY"] = "env/s"
            }
            if random.chance(20) {
                environment[random.pick(["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"])] = "env-token"
            }
            if random.chance(35) { environment["AWS_PROFILE"] = random.pick(names + ["nobody"]) }
            if random.chance(10) { environment["AWS_DEFAULT_PROFILE"] = random.pick(names) }
            if random.chance(10) { environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/tmp/token" }
            if random.chance(10) { environment["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/env" }
            if random.chance(35) { profile = random.pick(names + ["nobody"]) }
            environment["AWS_EC2_METADATA_DISABLED"] = "true"
        }

        private static func keys(_ tag: String, _ random: inout SeededGenerator) -> String {
            var text = "aws_access_key_id = AKIA\(tag)\n"
            if random.chance(90) {
                text += "aws_secret_access_key\(random.pick(["=", " = ", ": "]))s/\(tag)=\n"
            }
            if random.chance(30) { text += "aws_session_token = t-\(tag)\n" }
            if random.chance(20) { text += "# a note\n" }
            return text
        }

        private static func lines(
            _ name: String, _ names: [String], _ random: inout SeededGenerator, withKeys: Bool = true
        ) -> String {
            var text =
                random.chance(30)
                ? "s3 =\n    addressing_style = path\nregion = eu-central-1\n" : "region=us-east-1\n"
            switch random.below(7) {
            case 0, 1: if withKeys { text += keys("conf-\(name.first!)", &random) }
            case 2:
                text += "role_arn = arn:aws:iam::1:role/\(name.first!)\n"
                if random.chance(85) { text += "source_profile = \(random.pick(names + ["nobody"]))\n" }
                if random.chance(15) {
                    text +=
                        "credential_source = \(random.pick(["Environment", "Ec2InstanceMetadata", "Nowhere"]))\n"
                }
                if random.chance(30) { text += "external_id = x-1\nduration_seconds = 1800\n" }
                if random.chance(30) { text += "role_session_name = me\n" }
                if withKeys, random.chance(20) { text += keys("role-\(name.first!)", &random) }
            case 3:
                if random.chance(85) { text += "role_arn = arn:aws:iam::1:role/web\n" }
                text += "web_identity_token_file = /tmp/web\n"
            case 4:
                text += "sso_role_name = Reader\n"
                if random.chance(85) { text += "sso_account_id = 1\n" }
                text +=
                    random.chance(50)
                    ? "sso_session = corp\n" : "sso_start_url = https://old.example\nsso_region = us-east-1\n"
            case 5: text += "credential_process = /bin/echo 'a b' \"c\\\"d\" e\\ f\n"
            default: break
            }
            return text
        }
    }

    /// Prints for each line `{config, credentials, environment, profile}` what botocore would use, asking nobody.
    private static let script = """
        import json, os, sys, tempfile
        import botocore.session, botocore.credentials as c
        ran = []
        c.ProcessProvider._retrieve_credentials_using = lambda self, command: (
            ran.append(c.compat_shell_split(command)) or {"access_key": "P", "secret_key": "P", "token": None, "account_id": None})
        def tell(found):
            if found is None: return {"kind": "none"}
            if found.method == "custom-process": return {"kind": "process", "words": ran[-1]}
            if found.method == "assume-role":
                f = found._refresh_using.__self__
                kwargs = {k: v for k, v in f._assume_kwargs.items() if k in ("ExternalId", "DurationSeconds")}
                name = f._assume_kwargs.get("RoleSessionName")
                if not f._using_default_session_name: kwargs["RoleSessionName"] = name
                return {"kind": "role", "arn": f._role_arn, "more": kwargs, "source": tell(f._source_credentials)}
            if found.method == "assume-role-with-web-identity":
                f = found._refresh_using.__self__
                return {"kind": "web", "arn": f._role_arn, "file": f._web_identity_token_loader._web_identity_token_path}
            if found.method == "sso":
                f = found._refresh_using.__self__
                return {"kind": "sso", "role": f._role_name, "account": f._account_id, "url": f._start_url,
                        "region": f._sso_region, "session": f._sso_session_name}
            return {"kind": found.method, "id": found.access_key, "secret": found.secret_key, "token": found.token}
        for line in sys.stdin:
            case = json.loads(line)
            with tempfile.TemporaryDirectory() as folder:
                for name in ("config", "credentials"):
                    open(f"{folder}/{name}", "w").write(case[name])
                for name in [n for n in os.environ if n.startswith("AWS_")]: del os.environ[name]
                os.environ.update(case["environment"])
                os.environ.update(AWS_CONFIG_FILE=f"{folder}/config", AWS_SHARED_CREDENTIALS_FILE=f"{folder}/credentials",
                                  BOTO_CONFIG="/nonexistent", HOME=folder)
                ran.clear()
                try:
                    session = botocore.session.Session(profile=case["profile"])
                    print(json.dumps(tell(session.get_credentials())))
                except Exception as error:
                    print(json.dumps({"kind": "error", "why": type(error).__name__}))
        """

    private func told(_ plan: CredentialPlan) -> JSONValue {
        func key(_ kind: String, _ key: AccessKey) -> JSONValue {
            [
                "kind": .string(kind), "id": .string(key.id), "secret": .string(key.secret),
                "token": key.sessionToken.map { .string($0) } ?? .null,
            ]
        }
        switch plan {
        case .environment(let found): return key("env", found)
        case .profile(let found, let file):
            return key(file == .credentials ? "shared-credentials-file" : "config-file", found)
        case .assumeRole(let role, let source):
            return [
                "kind": "role", "arn": .string(role.arn),
                "more": .compact([
                    "ExternalId": role.externalID.map { .string($0) },
                    "DurationSeconds": role.duration.map { .integer(Int64($0)) },
                    "RoleSessionName": role.sessionName.map { .string($0) },
                ]), "source": told(source),
            ]
        case .webIdentity(let found):
            return ["kind": "web", "arn": .string(found.roleARN), "file": .string(found.tokenFile)]
        case .singleSignOn(let found):
            return [
                "kind": "sso", "role": .string(found.roleName), "account": .string(found.accountID),
                "url": .string(found.startURL), "region": .string(found.region),
                "session": found.session.map { .string($0) } ?? .null,
            ]
        case .process(let words, _): return ["kind": "process", "words": .strings(words)]
        case .container: return ["kind": "container-role"]
        case .instance: return ["kind": "none"]
        }
    }

    @Test(
        "on 600 drawn files and environments the very keys are chosen that botocore chooses, roles and their sources too"
    )
    func agreement() throws {
        guard let python = AWSPeers.python else { return }
        var random = SeededGenerator(stream: 62_000)
        let samples = (0..<600).map { _ in Sample(&random) }
        let lines = samples.map { sample -> String in
            let json: JSONValue = [
                "config": .string(sample.config), "credentials": .string(sample.credentials),
                "environment": .object(sample.environment.mapValues { .string($0) }),
                "profile": sample.profile.map { .string($0) } ?? .null,
            ]
            return json.canonicalText
        }
        let result = try Program.run(
            [python, "-c", Self.script], environment: Host.real().environment,
            input: Array((lines.joined(separator: "\n") + "\n").utf8), timeout: 300)
        let answers = result.outputText.split(separator: "\n")
        try #require(answers.count == samples.count, "\(result.errorText)")
        var kinds: [String: Int] = [:]
        for (sample, answer) in zip(samples, answers) {
            let theirs = try JSONValue(parsing: Array(answer.utf8))
            let ours: JSONValue
            var why = ""
            do {
                let profiles = Profiles(
                    configuration: try ProfileFile(parsing: Array(sample.config.utf8), file: "config"),
                    credentials: try ProfileFile(parsing: Array(sample.credentials.utf8), file: "credentials")
                )
                ours = told(
                    try CredentialChain(
                        profiles: profiles, environment: sample.environment, chosenProfile: sample.profile
                    ).plan())
            } catch {
                why = "\(error)"
                // With nothing configured there is nothing to be had, which botocore says without an error.
                ours = why.contains("no AWS credentials") ? ["kind": "none"] : ["kind": "error"]
            }
            let kind = theirs["kind"]?.stringValue ?? ""
            kinds[kind, default: 0] += 1
            if kind == "error" {
                #expect(ours == ["kind": "error"], "\(answer)\n\(sample)")
            } else {
                #expect(ours == theirs, "\(why)\n\(answer)\n\(sample)")
            }
        }
        for kind in [
            "env", "shared-credentials-file", "config-file", "role", "web", "sso", "process", "none",
            "error",
        ] {
            #expect(kinds[kind, default: 0] >= 10, "\(kinds)")
        }
    }

    @Test(
        "profiles that lead in a loop, too far, or to nobody are refused, with the place",
        arguments: [
            "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n",
            "[profile a]\nrole_arn = r\nsource_profile = a\n",
            "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = b\n",
            "[profile a]\nrole_arn = r\nsource_profile = nobody\n",
            "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nregion = eu-west-1\n",
            "[profile a]\nrole_arn = r\nsource_profile = p0\n"
                + (0..<5000).map { "[profile p\($0)]\nrole_arn = r\nsource_profile = p\($0 + 1)\n" }.joined(),
        ])
    func loops(_ config: String) throws {
        let home = try TemporaryDirectory()
        try Files.createDirectory("\(home.path)/.aws")
        try Files.create("\(home.path)/.aws/config", Array(config.utf8))
        let host = Host.forAWS(["AWS_EC2_METADATA_DISABLED": "true"], home: home.path)
        let chain = CredentialChain(
            profiles: try Profiles(host: host), environment: host.environment, chosenProfile: "a")
        let error = #expect(throws: AWSAccessError.self) { try chain.plan() }
        #expect(error?.message.contains("config:") == true, "\(String(describing: error))")
        #expect((error?.message.utf8.count ?? 0) < 2000)
    }
}
