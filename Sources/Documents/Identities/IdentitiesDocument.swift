public import ChangeModel
internal import YAML

/// `identities.yaml`: who may sign, and with which keys.
public enum IdentitiesDocument {
    /// Reads the identities, in the order of the file. A key belongs to one identity; names that differ only in case are
    /// refused; the persons with role `admin` and a key must be able to reach the threshold.
    public static func parse(_ file: SourceFile) throws(DocumentError) -> IdentityRegistry {
        let reader = try DocumentReader(file)
        return try reader.document("an identities file") { fields in
            let entries = fields.required("identities", .list(of: identity.marked()))
            checkUniqueness(entries, reader)
            let registry = IdentityRegistry(
                trustVersion: fields.required("trust_version", .integer(1...1_000_000_000)),
                adminThreshold: fields.required("admin_threshold", .integer(1...10_000)),
                identities: entries.map(\.value.identity))
            let admins = registry.admins.filter { admin in admin.keys.contains { !$0.revoked } }.count
            if registry.adminThreshold > admins, reader.diagnostics.isEmpty {
                fields.report(
                    "admin_threshold",
                    "the threshold is \(registry.adminThreshold), and there \(admins == 1 ? "is" : "are") \(admins) "
                        + "\(admins == 1 ? "person" : "persons") with role `admin` and a key that is not revoked",
                    advice: "add an admin, or lower the threshold")
            }
            return registry
        }
    }

    /// Writes the one form of the file that this project makes. `parse` reads it back as the same registry.
    ///
    /// - Parameter header: lines of a comment above it, without `#`.
    public static func emit(_ registry: IdentityRegistry, header: String? = nil) -> [UInt8] {
        var lines: [String] = []
        if let header {
            // A comment ends at a line break of any kind: what is not printable must not bring one.
            lines += header.split(separator: "\n", omittingEmptySubsequences: false).map {
                $0.isEmpty ? "#" : "# " + EscapedText.bounded($0, limit: 500)
            }
        }
        lines += ["trust_version: \(registry.trustVersion)", "admin_threshold: \(registry.adminThreshold)"]
        lines.append(registry.identities.isEmpty ? "identities: []" : "identities:")
        for identity in registry.identities {
            lines += [
                "  - id: \(ScalarText.identifier(identity.id))",
                "    kind: \(identity.kind.rawValue)",
                "    roles: \(flow(identity.roles))",
                "    groups: \(flow(identity.groups))",
                identity.keys.isEmpty ? "    keys: []" : "    keys:",
            ]
            for key in identity.keys {
                lines.append("      - key: \(ScalarText.quoted(key.publicKey))")
                if let instant = key.validAfter { lines.append("        valid_after: \(instant)") }
                if let instant = key.validBefore { lines.append("        valid_before: \(instant)") }
                if key.revoked { lines.append("        revoked: true") }
            }
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    private static func flow(_ names: [String]) -> String {
        "[" + names.map(ScalarText.identifier).joined(separator: ", ") + "]"
    }

    private struct Entry {
        var identity: Identity
        var keyMarks: [YAMLMark] = []
    }

    private static let identity = FieldType<Entry>.mapping(
        "an identity", placeholder: Entry(identity: Identity(id: "", kind: .agent))
    ) { fields in
        let keys = fields.optional("keys", .list(of: key.marked(), count: 0...100)) ?? []
        return Entry(
            identity: Identity(
                id: fields.required("id", .name),
                kind: fields.required("kind", FieldType<IdentityKind>.choice()),
                roles: fields.optional("roles", .list(of: .name, count: 0...100)) ?? [],
                groups: fields.optional("groups", .list(of: .name, count: 0...100)) ?? [],
                keys: keys.map(\.value)),
            keyMarks: keys.map(\.mark))
    }

    private static let key = FieldType<IdentityKey>.mapping(
        "a key", placeholder: IdentityKey(publicKey: "")
    ) { fields in
        let key = IdentityKey(
            publicKey: fields.required("key", publicKey),
            validAfter: fields.optional("valid_after", .timestamp),
            validBefore: fields.optional("valid_before", .timestamp),
            revoked: fields.optional("revoked", .boolean) ?? false)
        if let start = key.validAfter, let end = key.validBefore, end < start {
            fields.report("valid_before", "`valid_before` is earlier than `valid_after`")
        }
        if key.revoked, key.validBefore == nil {
            fields.report(
                "revoked",
                "a revoked key needs `valid_before`, by which stock tools know the last moment that it was good",
                advice: "add `valid_before` with the time of the revocation")
        }
        return key
    }

    private static let publicKey = FieldType<String>.line(limit: 4000).checked { text in
        PublicKeyText.problem(text).map { ($0, "paste the first two fields of the `.pub` file: `ssh-ed25519 AAAA...`") }
    }

    private static func checkUniqueness(_ entries: [(value: Entry, mark: YAMLMark)], _ reader: DocumentReader) {
        var names: [String: String] = [:]
        var owners: [String: String] = [:]
        for (entry, mark) in entries where !entry.identity.id.isEmpty {
            let id = entry.identity.id
            if let other = names.insertFirst(id, for: id.lowercased()) {
                reader.report(
                    mark,
                    other == id ? "the identity `\(id)` stands twice" : "`\(id)` differs from `\(other)` only in case")
            }
            for (key, mark) in zip(entry.identity.keys, entry.keyMarks) where !key.publicKey.isEmpty {
                guard let owner = owners.insertFirst(id, for: key.publicKey) else { continue }
                reader.report(
                    mark, owner == id ? "this key of `\(id)` stands twice" : "this key already belongs to `\(owner)`",
                    advice: "a key belongs to one identity, once")
            }
        }
    }
}
