import ChangeModel
import Documents
import Testing

@Suite("Credentials and executors in a configuration")
struct CredentialSettingsTests {
    private func parse(_ text: String) throws(DocumentError) -> Configuration {
        try ConfigurationDocument.parse(SourceFile(name: "agentsafe.yaml", text: text))
    }

    static let full = """
        credentials:
          required: true
          backends:
            - name: tokens
              kind: token_request
              types: [kubernetes]
              environments: [staging, prod]
              namespace: agentsafe
              service_account: "runner-{{ params.namespace }}"
              audiences: ["https://kubernetes.default.svc"]
            - name: plugin
              kind: exec
              types: [aws, kubernetes]
              command: /usr/local/bin/give
              args: ["--for", "{{ params.namespace }}"]
              timeout: 5
            - {name: passwords, kind: file, secrets: [a, b], path: "/run/{{ secret }}", local: true}
            - name: roles
              kind: sts
              types: [aws]
              role_arn: "arn:aws:iam::{{ target.account }}:role/path/for-{{ params.name }}"
              external_id: "a/b:c@d=1"
              region: eu-central-1
              tags: false
            - {name: role, kind: sts, types: [aws], environments: [dev], role_arn: "arn:aws-cn:iam::123456789012:role/x"}
            - {name: one, kind: environment, secrets: [c], variable: SECRET_C}
        executors:
          - {target_types: [k8s-node], allow: [kubernetes]}
          - {target_types: ["k8s-*"], allow: [kubectl, dry-run]}

        """

    @Test("are read, and read back as they were written")
    func full() throws {
        let configuration = try parse(Self.full)
        #expect(configuration.credentials.isRequired)
        #expect(
            configuration.credentials.backends.map(\.name) == ["tokens", "plugin", "passwords", "roles", "role", "one"])
        #expect(
            configuration.credentials.backends.map(\.source.kind) == [
                "token_request", "exec", "file", "sts", "sts", "environment",
            ])
        #expect(
            configuration.credentials.backends[3].source
                == .roleSession(
                    SessionRole(
                        arn: "arn:aws:iam::{{ target.account }}:role/path/for-{{ params.name }}",
                        externalID: "a/b:c@d=1", region: "eu-central-1", isTagged: false)))
        #expect(configuration.executors.map(\.allowed) == [["kubernetes"], ["kubectl", "dry-run"]])
        let bytes = ConfigurationDocument.emit(configuration)
        #expect(try ConfigurationDocument.parse(SourceFile(name: "a", bytes: bytes)) == configuration)
    }

    @Test(
        "that leave a secret's place open, or say what nothing could do, are refused",
        arguments: [
            "{name: a, kind: file, path: /x}", "{name: a, kind: file, types: [t], secrets: [s], path: /x}",
            "{name: a, kind: file, types: [t], path: x}", "{name: a, kind: file, types: [t], path: /x/../y}",
            "{name: a, kind: file, types: [t], path: \"/x/{{ secret }}\"}",
            "{name: a, kind: file, secrets: [s, t], path: /x}",
            "{name: a, kind: file, secrets: [s], path: \"/x/{{ params.p }}\"}",
            "{name: a, kind: file, types: [t], path: \"/x/{{ p }}\"}",
            "{name: a, kind: file, types: [t], path: \"/x/{{ params.p\"}",
            "{name: a, kind: exec, types: [t], command: give}",
            "{name: a, kind: exec, types: [t], command: \"/{{ params.p }}\"}",
            "{name: a, kind: exec, types: [t], command: /x, timeout: 0}",
            "{name: a, kind: exec, types: [t], command: /x, path: /y}",
            "{name: a, kind: token_request, secrets: [s], namespace: n, service_account: s}",
            "{name: a, kind: token_request, types: [aws], namespace: n, service_account: s}",
            "{name: a, kind: token_request, types: [kubernetes], namespace: n, service_account: s, local: true}",
            "{name: a, kind: token_request, types: [kubernetes], namespace: n}", "{name: a, kind: vault, types: [t]}",
            "{name: a, kind: file, secrets: [s], path: \"/x/{{ target.account }}\"}",
            "{name: a, kind: sts, types: [aws]}", "{name: a, kind: sts, types: [aws], role_arn: x}",
            "{name: a, kind: sts, types: [aws], role_arn: \"arn:aws:iam::1:role/*\"}",
            "{name: a, kind: sts, types: [aws], role_arn: \"arn:aws:iam::1:user/x\"}",
            "{name: a, kind: sts, types: [aws], role_arn: \"arn:aws:iam::{{ account }}:role/x\"}",
            "{name: a, kind: sts, types: [kubernetes], role_arn: \"arn:aws:iam::1:role/x\"}",
            "{name: a, kind: sts, secrets: [s], role_arn: \"arn:aws:iam::1:role/x\"}",
            "{name: a, kind: sts, types: [aws], role_arn: \"arn:aws:iam::1:role/x\", local: true}",
            "{name: a, kind: sts, types: [aws], role_arn: \"arn:aws:iam::1:role/x\", external_id: \"a b\"}",
            "{name: a, kind: sts, types: [aws], role_arn: \"arn:aws:iam::1:role/x\", region: EU}",
            "{name: a, kind: sts, types: [aws], role_arn: \"arn:aws:iam::1:role/x\", tags: [a]}",
            "{name: a b, kind: file, types: [t], path: /x}", "{name: a, kind: environment, types: [], variable: X}",
            "{name: a, kind: environment, types: [t], variable: X, environments: [test]}",
            "{name: a, kind: environment, types: [t], variable: X}\n    - {name: A, kind: environment, types: [t], variable: Y}",
        ])
    func refused(backend: String) {
        #expect(throws: DocumentError.self) { try parse("credentials:\n  backends:\n    - \(backend)\n") }
    }

    @Test(
        "executors are those that there are",
        arguments: [
            "[]", "[{target_types: [a], allow: [ssh]}]", "[{target_types: [], allow: [kubectl]}]",
            "[{allow: [kubectl]}]",
        ])
    func executors(text: String) {
        #expect(throws: DocumentError.self) { try parse("executors: \(text)\n") }
    }

    @Test(
        "an action whose scope names what it has not, or a sensitive param, is refused",
        arguments: ["params.y", "params.s", "x", "secret"])
    func scope(blank: String) throws {
        func action(_ blank: String) -> SourceFile {
            SourceFile(
                name: "a.yaml",
                text: """
                    name: a
                    version: 1.0.0
                    risk_class: low
                    target_types: [t]
                    parameters:
                      - {name: x, type: string}
                      - {name: s, type: string, sensitive: true}
                    credentials:
                      type: t
                      fields: {deep: [{name: "a-{{ \(blank) }}"}]}

                    """)
        }
        #expect(throws: DocumentError.self) { try ActionDocument.parse(action(blank)) }
        #expect(try ActionDocument.parse(action("params.x")).credentials?.ttl == 300)
    }
}
