public import ChangeModel

/// `allowed_signers`, derived from the identities for stock `git` and `ssh-keygen` (ssh-keygen(1), ALLOWED SIGNERS).
public enum AllowedSigners {
    public static let fileName = "allowed_signers"

    /// One key a line, identities and keys in their order. Nobody gets a namespace that the protocol would not let them
    /// use: votes are for persons, trust statements for persons with role `admin`, and services propose nothing.
    ///
    /// Times carry the suffix `Z`: without it ssh-keygen takes them for local time. It reads the suffix since OpenSSH 9.1.
    public static func emit(_ registry: IdentityRegistry) -> [UInt8] {
        var text = "# derived from the identities: change those, not this file\n"
        for identity in registry.identities {
            for key in identity.keys {
                var options = ["namespaces=\"\(namespaces(identity).joined(separator: ","))\""]
                if let instant = key.validAfter { options.append("valid-after=\"\(instant.compact)\"") }
                if let instant = key.validBefore { options.append("valid-before=\"\(instant.compact)\"") }
                text += "\(identity.id) \(options.joined(separator: ",")) \(key.publicKey)\n"
            }
        }
        return Array(text.utf8)
    }

    private static func namespaces(_ identity: Identity) -> [String] {
        switch identity.kind {
        case .service: ["git"]
        case .agent: ["git", Change.signatureNamespace]
        case .person:
            ["git", Change.signatureNamespace, "vote@agentsafe"]
                + (identity.has(role: Role.admin) ? ["trust@agentsafe"] : [])
        }
    }
}
