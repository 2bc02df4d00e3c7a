public import ChangeModel

/// What a key is good for at one instant.
public enum KeyState: String, Sendable {
    case active
    /// Taken back by an admin: it signs nothing any more.
    case revoked
    /// Past `valid_before`: no vote, claim or event counts; the rules of main, which look at no clock, still take it.
    case expired
    case notYetValid = "not_yet_valid"
}

extension IdentityKey {
    public func state(at instant: Timestamp) -> KeyState {
        if revoked { return .revoked }
        if let validBefore, validBefore < instant { return .expired }
        if let validAfter, instant < validAfter { return .notYetValid }
        return .active
    }
}

extension IdentityRegistry {
    /// The identities with their keys, as `identity list` and `trust status` tell of them.
    public func json(at instant: Timestamp) -> JSONValue {
        .array(
            identities.map { identity in
                [
                    "id": .string(identity.id), "kind": .string(identity.kind.rawValue),
                    "roles": .strings(identity.roles), "groups": .strings(identity.groups),
                    "keys": .array(
                        identity.keys.map { key in
                            .compact([
                                "key": .string(key.publicKey), "fingerprint": .string(key.fingerprint),
                                "state": .string(key.state(at: instant).rawValue),
                                "valid_after": key.validAfter.map { .string($0.description) },
                                "valid_before": key.validBefore.map { .string($0.description) },
                                "revoked": key.revoked ? true : nil,
                            ])
                        }),
                ]
            })
    }
}
