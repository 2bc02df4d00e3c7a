public import ChangeModel
internal import Git
internal import Ledger
internal import SSHSignature

extension Workspace {
    /// Adds an identity, or a key to an identity that is there.
    public func addIdentity(_ identity: Identity, push: Bool) throws(AgentSafeError) -> TrustResult {
        try changeIdentities("Add \(identity.kind.rawValue) \(identity.id)", push: push) {
            (registry) throws(AgentSafeError) in
            for key in identity.keys { try Self.checkIsNew(key.publicKey, in: registry) }
            guard let position = registry.identities.firstIndex(where: { $0.id == identity.id }) else {
                registry.identities.append(identity)
                return
            }
            guard registry.identities[position].kind == identity.kind else {
                throw AgentSafeError(
                    .failed,
                    "`\(identity.id)` exists as \(registry.identities[position].kind.rawValue); choose another id")
            }
            registry.identities[position].keys += identity.keys
            let known = registry.identities[position]
            registry.identities[position].roles += identity.roles.filter { !known.roles.contains($0) }
            registry.identities[position].groups += identity.groups.filter { !known.groups.contains($0) }
        }
    }

    /// Takes keys back. They stay listed, sign nothing any more, and what they signed stays proved.
    ///
    /// - Parameters:
    ///   - fingerprint: which key; nil: the only one that is not revoked.
    ///   - all: every key.
    ///   - end: the last instant at which stock tools take the key's signatures; nil: now.
    public func revokeKeys(
        of id: String, fingerprint: String?, all: Bool, end: Timestamp?, push: Bool
    ) throws(AgentSafeError) -> TrustResult {
        let moment = now
        return try changeIdentities("Revoke \(all ? "all keys" : "a key") of \(id)", push: push) {
            (registry) throws(AgentSafeError) in
            let position = try Self.position(of: id, in: registry)
            let keys = registry.identities[position].keys
            let chosen =
                all
                ? keys.indices.filter { !keys[$0].revoked }
                : [try Self.key(fingerprint, of: registry.identities[position])]
            guard !chosen.isEmpty else { throw AgentSafeError(.failed, "every key of `\(id)` is revoked already") }
            for index in chosen { try registry.identities[position].keys[index].revoke(end: end, now: moment) }
        }
    }

    /// Gives an identity a new key, and takes the old one back. There is no time in between, and none in which both are good.
    ///
    /// - Parameters:
    ///   - publicKey: type and base64.
    ///   - old: the old key's fingerprint; nil: the only one that is not revoked.
    ///   - end: the last instant at which stock tools take the old key's signatures; nil: now.
    public func rotateKey(
        of id: String, to publicKey: String, old: String?, end: Timestamp?, push: Bool
    ) throws(AgentSafeError) -> TrustResult {
        let moment = now
        return try changeIdentities("Rotate the key of \(id)", push: push) { (registry) throws(AgentSafeError) in
            try Self.checkIsNew(publicKey, in: registry)
            let position = try Self.position(of: id, in: registry)
            let index = try Self.key(old, of: registry.identities[position])
            try registry.identities[position].keys[index].revoke(end: end, now: moment)
            registry.identities[position].keys.append(IdentityKey(publicKey: publicKey, validAfter: moment))
        }
    }

    private func changeIdentities(
        _ message: String, push: Bool, _ edit: (inout IdentityRegistry) throws(AgentSafeError) -> Void
    ) throws(AgentSafeError) -> TrustResult {
        try fetchIfPossible(.trust)
        let base = TrustBase(view: try view(), foreign: nil)
        var registry = base.state.identities
        try edit(&registry)
        let result = try commitTrust(
            tree: base.state.tree, identities: registry, on: base, signer: try signer(), message: message, push: push,
            isReady: { (commit) throws(AgentSafeError) in try checkLocalMain(canMoveTo: commit) })
        if result.open == nil { try advanceLocalMain(to: result.commit) }
        return result
    }

    private static func checkIsNew(_ publicKey: String, in registry: IdentityRegistry) throws(AgentSafeError) {
        guard let owner = registry.owner(ofKey: publicKey) else { return }
        throw AgentSafeError(
            .failed, "that key belongs to `\(owner.identity.id)` already, and a key belongs to one identity")
    }

    private static func position(of id: String, in registry: IdentityRegistry) throws(AgentSafeError) -> Int {
        guard let position = registry.identities.firstIndex(where: { $0.id == id }) else {
            throw AgentSafeError(
                .failed, "there is no identity `\(id.prefix(60))`; `agentsafe identity list` shows those there are")
        }
        return position
    }

    /// The position of the key with this fingerprint, or of the only key that is not revoked.
    private static func key(_ fingerprint: String?, of identity: Identity) throws(AgentSafeError) -> Int {
        let open = identity.keys.indices.filter { !identity.keys[$0].revoked }
        if let fingerprint {
            guard let index = identity.keys.firstIndex(where: { $0.fingerprint == fingerprint }) else {
                throw AgentSafeError(
                    .failed,
                    "`\(identity.id)` has no key `\(fingerprint.prefix(60))`; `agentsafe identity list` shows them")
            }
            guard open.contains(index) else { throw AgentSafeError(.failed, "`\(fingerprint)` is revoked already") }
            return index
        }
        guard let first = open.first else {
            throw AgentSafeError(
                .failed, "`\(identity.id)` has no key that is not revoked; use `agentsafe identity add`")
        }
        guard open.count == 1 else {
            let known = open.map { identity.keys[$0].fingerprint }.joined(separator: ", ")
            throw AgentSafeError(.usage, "`\(identity.id)` has \(open.count) keys; name one of \(known)")
        }
        return first
    }
}

extension IdentityKey {
    /// `SHA256:…`, as ssh-keygen prints it.
    public var fingerprint: String { (try? SSHPublicKey(line: publicKey))?.fingerprint ?? publicKey }

    /// Takes the key back. Its window ends no later than it did.
    fileprivate mutating func revoke(end: Timestamp?, now: Timestamp) throws(AgentSafeError) {
        let last = min(end ?? now, validBefore ?? end ?? now)
        if let validAfter, validAfter > last {
            guard end == nil else {
                throw AgentSafeError(.usage, "the key is valid from \(validAfter) on; it cannot end at \(last)")
            }
            // It never came to be valid: nothing that it signed counts at any time but this very one.
            self.validAfter = last
        }
        validBefore = last
        revoked = true
    }
}
