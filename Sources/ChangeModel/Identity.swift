/// Who may sign, and with which keys.
public struct Identity: Hashable, Sendable {
    public var id: String
    public var kind: IdentityKind
    public var roles: [String]
    public var groups: [String]
    public var keys: [IdentityKey]

    public init(id: String, kind: IdentityKind, roles: [String] = [], groups: [String] = [], keys: [IdentityKey] = []) {
        self.id = id
        self.kind = kind
        self.roles = roles
        self.groups = groups
        self.keys = keys
    }

    public func has(role: String) -> Bool { roles.contains(role) }
}

public struct IdentityKey: Hashable, Sendable {
    /// The first two fields of an OpenSSH public key line: `ssh-ed25519 AAAA…`.
    public var publicKey: String
    /// Both bounds inclusive.
    public var validAfter: Timestamp?
    public var validBefore: Timestamp?
    /// Whether an admin took the key back. The landing rules look at no clock, so a date alone could not tell a key that
    /// was taken back from one that will expire.
    public var revoked: Bool

    public init(
        publicKey: String, validAfter: Timestamp? = nil, validBefore: Timestamp? = nil, revoked: Bool = false
    ) {
        self.publicKey = publicKey
        self.validAfter = validAfter
        self.validBefore = validBefore
        self.revoked = revoked
    }

    public func isValid(at instant: Timestamp) -> Bool { !revoked && covers(instant) }

    /// Whether `instant` lies between the bounds, be the key revoked since or not.
    public func covers(_ instant: Timestamp) -> Bool {
        (validAfter.map { $0 <= instant } ?? true) && (validBefore.map { instant <= $0 } ?? true)
    }
}

/// `identities.yaml`.
public struct IdentityRegistry: Hashable, Sendable {
    /// Rises by exactly one with each trust commit; 1 at genesis.
    public var trustVersion: Int
    public var adminThreshold: Int
    public var identities: [Identity]

    public init(trustVersion: Int, adminThreshold: Int, identities: [Identity]) {
        self.trustVersion = trustVersion
        self.adminThreshold = adminThreshold
        self.identities = identities
    }

    public func identity(_ id: String) -> Identity? { identities.first { $0.id == id } }

    /// The identity that owns `publicKey` (type and base64, no comment), and the key's entry. A key belongs to one identity.
    public func owner(ofKey publicKey: String) -> (identity: Identity, key: IdentityKey)? {
        for identity in identities {
            if let key = identity.keys.first(where: { $0.publicKey == publicKey }) { return (identity, key) }
        }
        return nil
    }

    public var admins: [Identity] { identities.filter { $0.kind == .person && $0.has(role: Role.admin) } }
}

/// Roles that the protocol itself knows; others belong to the policy.
public enum Role {
    public static let admin = "admin"
    public static let approver = "approver"
    public static let gate = "gate"
    public static let runner = "runner"
}
