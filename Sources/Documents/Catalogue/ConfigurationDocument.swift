public import ChangeModel

/// `agentsafe.yaml`.
public enum ConfigurationDocument {
    /// Reads the configuration. Keys that this version knows and does not act on are checked, and listed in `unenforced`.
    /// No message ever shows what stands behind `signing_key`.
    public static func parse(_ file: SourceFile) throws(DocumentError) -> Configuration {
        let reader = try DocumentReader(file, hidesSecrets: true)
        return try reader.document("a configuration", read)
    }

    private static func read(_ fields: Fields) -> Configuration {
        let defaults = Configuration()
        let ledger = fields.optional("ledger", ledger)
        let approvals = fields.optional("approvals", approvals) ?? Approvals()
        let tickets = fields.optional("tickets", ticketSettings) ?? Tickets()
        let rateLimit = fields.section("rate_limit", LimitFields.rateLimit)
        let cumulativeRisk = fields.section("cumulative_risk", LimitFields.cumulativeRisk)
        let credentials = fields.optional("credentials", CredentialFields.settings) ?? CredentialSettings()
        let notifications = fields.optional("notifications", NotificationFields.sinks) ?? []
        NotificationFields.check(notifications, fields)
        let foreign = ["audit_log", "signing_key", "issuer"].filter { fields.ignore($0) }
        return Configuration(
            repository: fields.optional("repository", .repository),
            ledgerGenesis: ledger?.genesis,
            ledgerURLs: ledger?.urls ?? [],
            registry: fields.optional("registry", .path) ?? defaults.registry,
            policies: fields.optional("policies", .path) ?? defaults.policies,
            inventory: fields.optional("inventory", .path) ?? defaults.inventory,
            identities: fields.optional("identities", .path) ?? defaults.identities,
            targetBinding: fields.optional("target_binding", FieldType<TargetBinding>.choice()) ?? .enforce,
            approvals: approvals.require ?? defaults.approvals,
            ticketPattern: fields.optional("ticket_pattern", .pattern),
            terms: approvals.terms,
            defaultExpiry: approvals.defaultExpiry,
            maximumExpiry: approvals.maximumExpiry,
            ticketLifetime: tickets.lifetime, requiresTicket: tickets.isRequired,
            rateLimit: rateLimit, cumulativeRisk: cumulativeRisk,
            credentials: credentials,
            executors: fields.optional("executors", ExecutorFields.rules) ?? [],
            notifications: notifications,
            unenforced: foreign)
    }

    private struct Ledger {
        var genesis: Digest?
        var urls: [String] = []
    }

    private static let ledger = FieldType<Ledger>.mapping("the ledger's settings", placeholder: Ledger()) { fields in
        Ledger(
            genesis: fields.optional("genesis", .digest),
            urls: fields.optional("urls", .list(of: remoteURL, count: 0...20)) ?? [])
    }

    /// A URL goes to `git push` as an argument: it must not be an option, nor a remote helper that runs a command.
    private static let remoteURL = FieldType<String>.name(
        "a remote's URL",
        "write one URL or path, without blanks and without a password, that does not start with `-` or `HELPER::`"
    ) { text in
        guard (1...2000).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return false
        }
        let scheme = text.prefix { $0.isLetter || $0.isNumber || "+-.".contains($0) }
        let rest = text.dropFirst(scheme.count)
        // A password or token in a committed file is everybody's.
        let authority = rest.hasPrefix("://") ? rest.dropFirst(3).prefix { $0 != "/" } : ""
        let user = authority.lastIndex(of: "@").map { authority[..<$0] } ?? ""
        return !text.hasPrefix("-") && !rest.hasPrefix("::") && !user.contains(":")
            && (user.isEmpty || !scheme.hasPrefix("http"))
    }

    private struct Approvals {
        var require: [ApprovalRequirement]?
        var terms = ApprovalTerms()
        var defaultExpiry: Int64 = 86_400
        var maximumExpiry: Int64 = 7 * 86_400
    }

    private static let approvals = FieldType<Approvals>.mapping(
        "the approvals' settings", placeholder: Approvals()
    ) { fields in
        var approvals = Approvals(
            require: fields.optional("require", ApprovalFields.requirements), terms: ApprovalFields.terms(fields))
        let maximum = fields.optional("max_expiry", .duration)
        let usual = fields.optional("default_expiry", .duration)
        approvals.maximumExpiry = maximum ?? approvals.maximumExpiry
        approvals.defaultExpiry = usual ?? min(approvals.defaultExpiry, approvals.maximumExpiry)
        if approvals.defaultExpiry > approvals.maximumExpiry {
            fields.report("default_expiry", "`default_expiry` is longer than `max_expiry`")
        }
        return approvals
    }

    private struct Tickets {
        var lifetime: Int64 = 300
        var isRequired = false
    }

    private static let ticketSettings = FieldType<Tickets>.mapping(
        "the tickets' settings", placeholder: Tickets()
    ) { fields in
        var tickets = Tickets()
        if let seconds = fields.optional("ttl", .integer(1...86_400)) { tickets.lifetime = Int64(seconds) }
        tickets.isRequired = fields.optional("require", .boolean) ?? false
        return tickets
    }
}

extension FieldType where Value == String {
    fileprivate static var repository: FieldType {
        name("a repository's name", "it is the 26 symbols that `agentsafe init` drew; never change it") {
            CanonicalChange.isRepository($0)
        }
    }

    fileprivate static var path: FieldType {
        FieldType(scalar: "a path inside the repository", placeholder: "") {
            if case .string(let text) = $0 { CataloguePath.normalized(text) } else { nil }
        }
        .checked { path in
            CataloguePath.problem(path).map { ("\($0): `\(EscapedText.bounded(path))`", "write a path like `actions`") }
        }
    }
}

extension FieldType where Value == Digest {
    fileprivate static var digest: FieldType {
        FieldType(scalar: "a digest, `sha256:` and 64 lower-case hexadecimal digits", placeholder: Digest(of: [])) {
            if case .string(let text) = $0 { Digest(text) } else { nil }
        }
    }
}

extension FieldType where Value == Int64 {
    static var duration: FieldType {
        FieldType(scalar: "a length of time like `90s`, `30m`, `24h` or `7d`, at most 366 days", placeholder: 1) {
            if case .string(let text) = $0 { DurationText.seconds(text) } else { nil }
        }
    }
}
