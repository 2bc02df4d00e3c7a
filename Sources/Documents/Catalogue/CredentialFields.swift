internal import ChangeModel

/// `credentials:` of `agentsafe.yaml`.
///
///     credentials:
///       required: true
///       backends:
///         - {name: tokens, kind: token_request, types: [kubernetes], namespace: agentsafe, service_account: runner}
///         - {name: roles, kind: sts, types: [aws], role_arn: "arn:aws:iam::{{ target.account }}:role/agentsafe"}
///         - {name: passwords, kind: file, secrets: [db-password], path: "/run/secrets/{{ secret }}"}
enum CredentialFields {
    static let settings = FieldType<CredentialSettings>.mapping(
        "the credentials' settings", placeholder: CredentialSettings()
    ) { fields in
        let backends = fields.optional("backends", .list(of: backend, count: 0...50)) ?? []
        for (index, backend) in backends.enumerated()
        where backends[..<index].contains(where: { $0.name.lowercased() == backend.name.lowercased() }) {
            fields.report("backends", "two backends are named `\(backend.name)`, or differ only in case")
        }
        return CredentialSettings(
            backends: backends, isRequired: fields.optional("required", .boolean) ?? false)
    }

    private static let placeholder = CredentialBackend(name: "", source: .environment(variable: ""))

    private static let backend = FieldType<CredentialBackend>.mapping("a backend", placeholder: placeholder) { fields in
        let backend = CredentialBackend(
            name: fields.required("name", .name), source: source(fields),
            types: fields.optional("types", .list(of: .line(limit: 100), count: 1...20)) ?? [],
            secrets: fields.optional("secrets", .list(of: .name, count: 1...1000)) ?? [],
            environments: fields.optional("environments", .list(of: FieldType<Environment>.choice(), count: 1...3))
                ?? [],
            isLocal: fields.optional("local", .boolean) ?? false)
        check(backend, fields)
        return backend
    }

    private static func source(_ fields: Fields) -> CredentialBackend.Source {
        let kinds = CredentialBackend.kinds.map { (word: $0, value: $0) }
        switch fields.required("kind", FieldType<String>.choice(kinds)) {
        case "file": return .file(path: fields.required("path", .absolutePath))
        case "exec":
            return .exec(
                command: fields.required("command", .absolutePath),
                arguments: fields.optional("args", .list(of: .template, count: 0...50)) ?? [],
                timeout: fields.optional("timeout", .integer(1...300)) ?? CredentialBackend.usualTimeout)
        case "token_request":
            return .tokenRequest(
                namespace: fields.required("namespace", .template),
                serviceAccount: fields.required("service_account", .template),
                audiences: fields.optional("audiences", .list(of: .line(limit: 300), count: 1...10)) ?? [])
        case "sts":
            return .roleSession(
                SessionRole(
                    arn: fields.required("role_arn", .roleARN), externalID: fields.optional("external_id", .externalID),
                    region: fields.optional("region", .region),
                    isTagged: fields.optional("tags", .boolean) ?? true))
        default: return .environment(variable: fields.required("variable", .template))
        }
    }

    private static func check(_ backend: CredentialBackend, _ fields: Fields) {
        if backend.types.isEmpty == backend.secrets.isEmpty {
            fields.report("name", "a backend gives credentials of some `types`, or some `secrets`: name either")
        }
        var texts: [String] = []
        var isCommand = false
        switch backend.source {
        case .environment(let variable): texts = [variable]
        case .file(let path): texts = [path]
        case .exec(let command, let arguments, _):
            texts = arguments
            isCommand = ScopeTemplate(command)?.parts != [.text(command)]
        case .tokenRequest(let namespace, let account, _):
            texts = [namespace, account]
            if !backend.secrets.isEmpty {
                fields.report("kind", "`token_request` gives credentials of the type `kubernetes`, and no secrets")
            } else if !backend.types.isEmpty, backend.types != ["kubernetes"] {
                fields.report("types", "`token_request` gives credentials of the type `kubernetes` alone")
            }
            if backend.isLocal { fields.report("local", "`token_request` has nothing that a machine could say itself") }
        case .roleSession(let role):
            texts = [role.arn]
            if !backend.secrets.isEmpty {
                fields.report("kind", "`sts` gives credentials of the type `aws`, and no secrets")
            } else if !backend.types.isEmpty, backend.types != ["aws"] {
                fields.report("types", "`sts` gives credentials of the type `aws` alone")
            }
            if backend.isLocal { fields.report("local", "`sts` has nothing that a machine could say itself") }
        }
        if isCommand { fields.report("command", "the program itself cannot hold a blank; use one in `args`") }
        let templates = texts.compactMap { ScopeTemplate($0) }
        if backend.secrets.isEmpty, templates.contains(where: \.namesSecret) {
            fields.report("name", "`{{ secret }}` stands only where `secrets` are given")
        }
        if !backend.secrets.isEmpty, templates.contains(where: \.namesStep) {
            fields.report("name", "where `secrets` are given, `{{ secret }}` is the only blank")
        }
        // One place for several secrets would give each of them the same value.
        if backend.secrets.count > 1, !templates.contains(where: \.namesSecret) {
            fields.report("secrets", "several secrets need a place each: write `{{ secret }}` where its name belongs")
        }
    }

    static func lines(_ settings: CredentialSettings) -> [String] {
        guard settings != CredentialSettings() else { return [] }
        var lines = ["credentials:", "  required: \(settings.isRequired)"]
        if !settings.backends.isEmpty { lines.append("  backends:") }
        for backend in settings.backends {
            lines += ["    - name: \(ScalarText.identifier(backend.name))", "      kind: \(backend.source.kind)"]
            func add(_ key: String, _ words: [String]) {
                guard !words.isEmpty else { return }
                lines.append("      \(key): [\(words.map { ScalarText.quoted($0) }.joined(separator: ", "))]")
            }
            add("types", backend.types)
            add("secrets", backend.secrets)
            add("environments", backend.environments.map(\.rawValue))
            switch backend.source {
            case .environment(let variable): lines.append("      variable: \(ScalarText.quoted(variable))")
            case .file(let path): lines.append("      path: \(ScalarText.quoted(path))")
            case .exec(let command, let arguments, let timeout):
                lines.append("      command: \(ScalarText.quoted(command))")
                add("args", arguments)
                lines.append("      timeout: \(timeout)")
            case .tokenRequest(let namespace, let account, let audiences):
                lines.append("      namespace: \(ScalarText.quoted(namespace))")
                lines.append("      service_account: \(ScalarText.quoted(account))")
                add("audiences", audiences)
            case .roleSession(let role):
                lines.append("      role_arn: \(ScalarText.quoted(role.arn))")
                if let id = role.externalID { lines.append("      external_id: \(ScalarText.quoted(id))") }
                if let region = role.region { lines.append("      region: \(ScalarText.quoted(region))") }
                if !role.isTagged { lines.append("      tags: false") }
            }
            if backend.isLocal { lines.append("      local: true") }
        }
        return lines
    }
}

extension FieldType where Value == String {
    /// One line with blanks (`ScopeTemplate`).
    fileprivate static var template: FieldType {
        line(limit: 500).checked { text in
            ScopeTemplate(text) == nil
                ? (
                    "`\(EscapedText.bounded(text, limit: 60))` holds braces that are no blank",
                    "write `{{ params.NAME }}` or `{{ secret }}`"
                )
                : nil
        }
    }

    /// The ARN of a role, perhaps with blanks in it.
    fileprivate static var roleARN: FieldType {
        template.checked { arn in
            let fields = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
            let isRole =
                fields.count == 6 && fields[0] == "arn" && fields[2] == "iam" && fields[3].isEmpty
                && fields[5].hasPrefix("role/") && !arn.contains("?") && !fields[5].contains("*")
            return isRole
                ? nil
                : (
                    "`\(EscapedText.bounded(arn, limit: 60))` is no ARN of a role",
                    "write one like `arn:aws:iam::{{ target.account }}:role/agentsafe`"
                )
        }
    }

    /// 2 to 1,224 bytes (AWS STS API Reference, "AssumeRole").
    fileprivate static var externalID: FieldType {
        line(limit: 1224).checked { text in
            let isValid =
                text.utf8.count >= 2
                && text.unicodeScalars.allSatisfy {
                    $0.isASCII
                        && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
                            || "_+=,.@:/-".unicodeScalars.contains($0))
                }
            return isValid
                ? nil
                : (
                    "it is no external id",
                    "2 to 1224 letters, digits and `_+=,.@:/-`, as the role's trust policy has it"
                )
        }
    }

    fileprivate static var region: FieldType {
        line(limit: 40).checked { text in
            let isValid = text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
            }
            return isValid && text.contains("-")
                ? nil : ("`\(EscapedText.bounded(text, limit: 40))` is no region", "write one like `eu-central-1`")
        }
    }

    /// A path of the machine's, so that it does not depend on where a runner was started.
    fileprivate static var absolutePath: FieldType {
        template.checked { path in
            path.hasPrefix("/") && !path.split(separator: "/").contains { $0 == ".." }
                ? nil
                : ("`\(EscapedText.bounded(path, limit: 60))` is no absolute path", "begin it with `/`, without `..`")
        }
    }
}
