public import ChangeModel
internal import Ledger
public import Tokens

/// A ticket whose signature, issuer and life hold.
public struct VerifiedTicket: Sendable {
    public let ticket: ExecutionTicket
    /// SHA-256 of the token: all that is ever recorded of it.
    public let digest: Digest
    /// Whether this verification used it up.
    public internal(set) var isConsumed = false

    /// Checks a ticket with a public key alone, outside of any repository. The verifier holds no secret.
    ///
    /// - Parameters:
    ///   - keys: those that `issuer` may sign with, and when each was valid.
    ///   - expected: names issuer and repository; without them any key of any repository would do.
    public init(
        _ text: String, keys: [SigningKeyWindow], expected: ExecutionTicket.Expectation, now: Timestamp
    ) throws(TokenError) {
        guard expected.issuer != nil, expected.repository != nil else {
            throw TokenError(.issuer, "say whose ticket is expected, and for which repository")
        }
        let token = try CompactToken(text)
        guard let window = keys.first(where: { $0.key.fingerprint == token.keyID }) else {
            throw TokenError(
                .key, "the ticket is signed with `\(token.keyID?.prefix(60) ?? "no key")`, which is not the issuer's")
        }
        let ticket = try ExecutionTicket(try token.verified(by: window.key), algorithm: .edDSA)
        guard window.covers(ticket.issued) else {
            throw TokenError(.key, "the issuer's key was not valid when the ticket was issued, at \(ticket.issued)")
        }
        try ticket.check(expected, now: now)
        self.init(ticket: ticket, digest: token.digest)
    }

    /// Checks a ticket of the Python project's form.
    public init(
        _ text: String, shared key: SharedKey, expected: ExecutionTicket.Expectation, now: Timestamp
    ) throws(TokenError) {
        let token = try CompactToken(text)
        let ticket = try ExecutionTicket(try token.verified(by: key), algorithm: .hs256)
        var expected = expected
        expected.issuer = expected.issuer ?? ExecutionTicket.sharedIssuer
        try ticket.check(expected, now: now)
        self.init(ticket: ticket, digest: token.digest)
    }

    /// Checks a ticket by the identities of one main commit: its issuer is a service that may issue tickets there.
    init(
        _ text: String, by main: MainState, expected: ExecutionTicket.Expectation, now: Timestamp
    ) throws(TokenError) {
        let token = try CompactToken(text)
        let signatory = try main.identities.signatory(of: token)
        let (owner, entry) = (signatory.identity, signatory.entry)
        let ticket = try ExecutionTicket(signatory.verified, algorithm: .edDSA)
        guard owner.id == ticket.issuer, Workspace.mayIssueTickets(owner) else {
            throw TokenError(
                .issuer,
                "`\(owner.id)` signed a ticket of `\(ticket.issuer)`, or may issue none: no service with role `gate` or "
                    + "`runner`")
        }
        guard !entry.revoked, entry.covers(ticket.issued) else {
            throw TokenError(.key, "the key of `\(owner.id)` is revoked, or was not valid when the ticket was issued")
        }
        var expected = expected
        expected.repository = expected.repository ?? main.repositoryID
        try ticket.check(expected, now: now)
        self.init(ticket: ticket, digest: token.digest)
    }

    private init(ticket: ExecutionTicket, digest: Digest) {
        self.ticket = ticket
        self.digest = digest
    }

    /// `{"valid": true, "consumed", "digest", "ticket": {…}}`
    public var json: JSONValue {
        [
            "valid": true, "consumed": .bool(isConsumed), "digest": .string(digest.description), "ticket": ticket.json,
        ]
    }

    /// Uses the ticket up: of all who try, one succeeds.
    public mutating func consume(in store: NonceStore, now: Timestamp) throws(NonceError) {
        try store.consume(ticket, now: now)
        isConsumed = true
    }
}

/// A public key, and when it may sign. Both bounds inclusive.
public struct SigningKeyWindow: Sendable {
    public let key: EdDSAKey
    public let validAfter: Timestamp?
    public let validBefore: Timestamp?

    public init(key: EdDSAKey, validAfter: Timestamp? = nil, validBefore: Timestamp? = nil) {
        self.key = key
        self.validAfter = validAfter
        self.validBefore = validBefore
    }

    func covers(_ instant: Timestamp) -> Bool {
        (validAfter.map { $0 <= instant } ?? true) && (validBefore.map { instant <= $0 } ?? true)
    }

    /// The Ed25519 keys of `principal` in an allowed signers file (ssh-keygen(1)). Lines of other principals, of other key types
    /// and with options that are not understood give no key.
    public static func read(allowedSigners text: String, principal: String) -> [SigningKeyWindow] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            guard let first = line.first, first != "#" else { return nil }
            let fields = line.split(separator: " ")
            guard let kind = fields.firstIndex(of: "ssh-ed25519"), kind == 1 || kind == 2, fields.count > kind + 1,
                fields[0].split(separator: ",").contains(Substring(principal)),
                let key = EdDSAKey(sshText: "ssh-ed25519 \(fields[kind + 1])")
            else { return nil }
            var (after, before): (Timestamp?, Timestamp?)
            for option in kind == 2 ? options(fields[1]) : [] {
                let parts = option.split(separator: "=", maxSplits: 1)
                let value = parts.count == 2 ? parts[1].filter { $0 != "\"" } : ""
                switch parts.first {
                case "namespaces": break
                case "valid-after":
                    guard let instant = instant(value) else { return nil }
                    after = instant
                case "valid-before":
                    guard let instant = instant(value) else { return nil }
                    before = instant
                default: return nil
                }
            }
            return SigningKeyWindow(key: key, validAfter: after, validBefore: before)
        }
    }

    /// Commas inside quotation marks part nothing.
    private static func options(_ field: Substring) -> [Substring] {
        var (isQuoted, start) = (false, field.startIndex)
        var found: [Substring] = []
        for index in field.indices {
            if field[index] == "\"" { isQuoted.toggle() }
            if field[index] == ",", !isQuoted {
                found.append(field[start..<index])
                start = field.index(after: index)
            }
        }
        return found + [field[start...]]
    }

    /// `20261122231100Z`; local times, which would mean something else on each machine, are not read.
    private static func instant(_ text: String) -> Timestamp? {
        let digits = Array(text)
        guard digits.count == 15, digits[14] == "Z" else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return Timestamp(
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z")
    }
}

extension Workspace {
    /// Checks a ticket by main's newest verified commit, and that no claim has used it. Never touches the network.
    ///
    /// - Returns: why the ticket does not serve, where it does not.
    public func verifyTicket(
        _ text: String, expected: ExecutionTicket.Expectation
    ) throws(AgentSafeError) -> Result<VerifiedTicket, TokenError> {
        let view = try view()
        let verified: VerifiedTicket
        do throws(TokenError) {
            verified = try VerifiedTicket(text, by: view.state, expected: expected, now: now)
        } catch {
            return .failure(error)
        }
        guard let id = verified.ticket.binding?.change else { return .success(verified) }
        let record = try ledger { () throws(LedgerError) in try view.ledger.record(of: id) }
        guard !record.events.contains(where: { $0.kind == .claim && $0.ticket == verified.digest }) else {
            return .failure(TokenError(.used, "the ticket was used for a claim of \(id)"))
        }
        return .success(verified)
    }
}
