public import ChangeModel

extension ConfigurationDocument {
    /// Writes a configuration that reads back as the same, but for `unenforced`, whose values the model does not keep. To
    /// change an existing file, edit its text: see `settingLedgerGenesis`.
    public static func emit(_ configuration: Configuration) -> [UInt8] {
        var lines: [String] = []
        if let repository = configuration.repository {
            lines.append("repository: \(ScalarText.identifier(repository))")
        }
        if configuration.ledgerGenesis != nil || !configuration.ledgerURLs.isEmpty {
            lines.append("ledger:")
            if let genesis = configuration.ledgerGenesis { lines.append("  genesis: \(genesis)") }
            if !configuration.ledgerURLs.isEmpty {
                lines.append("  urls:")
                lines += configuration.ledgerURLs.map { "    - \(ScalarText.quoted($0))" }
            }
        }
        lines += [
            "registry: \(ScalarText.identifier(configuration.registry))",
            "policies: \(ScalarText.identifier(configuration.policies))",
            "inventory: \(ScalarText.identifier(configuration.inventory))",
            "identities: \(ScalarText.identifier(configuration.identities))",
            "target_binding: \(configuration.targetBinding.rawValue)",
        ]
        if let pattern = configuration.ticketPattern { lines.append("ticket_pattern: \(ScalarText.quoted(pattern))") }
        lines.append("approvals:")
        if !configuration.approvals.isEmpty {
            lines.append("  require:")
            lines += configuration.approvals.map {
                "    - {role: \(ScalarText.identifier($0.role)), count: \($0.count)}"
            }
        }
        lines += emit(configuration.terms)
        lines += [
            "  default_expiry: \(DurationText.text(configuration.defaultExpiry))",
            "  max_expiry: \(DurationText.text(configuration.maximumExpiry))",
        ]
        if configuration.ticketLifetime != 300 || configuration.requiresTicket {
            lines += [
                "tickets:", "  ttl: \(configuration.ticketLifetime)", "  require: \(configuration.requiresTicket)",
            ]
        }
        lines += LimitFields.lines(configuration)
        lines += CredentialFields.lines(configuration.credentials)
        lines += ExecutorFields.lines(configuration.executors)
        lines += NotificationFields.lines(configuration.notifications)
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    private static func emit(_ terms: ApprovalTerms) -> [String] {
        var lines: [String] = []
        if let seconds = terms.reviewBy { lines.append("  review_by: \(DurationText.text(seconds))") }
        if let seconds = terms.executeWithin { lines.append("  execute_within: \(DurationText.text(seconds))") }
        if let glass = terms.breakGlass {
            let roles = glass.roles.map { ScalarText.identifier($0) }.joined(separator: ", ")
            lines += [
                "  break_glass:", "    roles: [\(roles)]",
                "    review_within: \(DurationText.text(glass.reviewWithin))",
            ]
        }
        return lines
    }

    /// The text of an existing file with `ledger.genesis` set, comments and all other lines as they were.
    ///
    /// - Throws: when the file is refused, when it already names a genesis, or when `ledger:` is written in a form into
    ///   which no line can be put.
    public static func settingLedgerGenesis(_ genesis: Digest, in file: SourceFile) throws(DocumentError) -> [UInt8] {
        let before = try parse(file)
        guard before.ledgerGenesis == nil else {
            throw DocumentError(Diagnostic(file: file.name, message: "`ledger.genesis` is already set, once for ever"))
        }
        var lines = String(decoding: file.bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        if let index = lines.firstIndex(where: { isLedgerKey($0) }) {
            let next = lines[(index + 1)...].first {
                !$0.allSatisfy { $0 == " " } && !$0.drop { $0 == " " }.hasPrefix("#")
            }
            let indent = next.map { $0.prefix { $0 == " " } } ?? ""
            lines.insert("\(indent.isEmpty ? "  " : indent)genesis: \(genesis)", at: index + 1)
        } else {
            lines += ["ledger:", "  genesis: \(genesis)"]
        }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        var expected = before
        expected.ledgerGenesis = genesis
        guard let after = try? parse(SourceFile(name: file.name, bytes: bytes)), after == expected else {
            throw DocumentError(
                Diagnostic(
                    file: file.name, message: "cannot set `ledger.genesis` in this form of the file",
                    advice: "write `ledger:` on a line of its own, and its keys indented below"))
        }
        return bytes
    }

    private static func isLedgerKey(_ line: String) -> Bool {
        guard line.hasPrefix("ledger:") else { return false }
        let rest = line.dropFirst("ledger:".count).drop { $0 == " " }
        return rest.isEmpty || rest.hasPrefix("#")
    }
}
