public import ChangeModel
internal import CryptoPrimitives
public import PolicyEngine
internal import SSHSignature

/// One vote as its text says it:
///
///     approve chg-… sha256:<digest> plan=sha256:<plan> by=alice at=2026-11-22T23:20:00Z repo=5f0k…
///
/// The signature (SSHSIG, namespace `vote@agentsafe`) is over exactly this text, without a line feed. An agent's withdrawal
/// is signed in the namespace of changes, since agents have no right to the other. An admin's withdrawal of somebody's
/// rejection ends with a further field, ` of=<rejector>`; a `break-glass` with ` reason=<JSON string>`, the reason's RFC 8785
/// spelling, in which alone further blanks may stand.
public struct VoteStatement: Sendable, Hashable {
    public let kind: VerifiedVote.Kind
    public let change: ChangeID
    public let digest: Digest
    public let plan: Digest
    public let voter: String
    public let at: Timestamp
    public let repository: String
    /// Whose rejection an admin takes back; nil in every other statement.
    public let rejector: String?
    /// Why the glass is broken, in one visible line; nil in every other statement.
    public let reason: String?

    public static let namespace = "vote@agentsafe"

    /// The namespace in which a voter of this kind signs this verdict.
    public static func namespace(of verdict: VerifiedVote.Kind, by kind: IdentityKind) -> String {
        verdict == .withdraw && kind == .agent ? Change.signatureNamespace : namespace
    }

    public init(
        kind: VerifiedVote.Kind, change: ChangeID, digest: Digest, plan: Digest, voter: String, at: Timestamp,
        repository: String, rejector: String? = nil, reason: String? = nil
    ) {
        self.kind = kind
        self.change = change
        self.digest = digest
        self.plan = plan
        self.voter = voter
        self.at = at
        self.repository = repository
        self.rejector = rejector
        self.reason = reason
    }

    /// Whether the glass may be broken with this reason: one visible line that says something, of at most 500 bytes.
    public static func isReason(_ text: String) -> Bool {
        text.utf8.count <= maximumReason && Resolution.isReason(text) && text.contains { !$0.isWhitespace }
    }

    /// Longest reason, in bytes of UTF-8.
    public static let maximumReason = 500

    public var text: String {
        "\(kind.rawValue) \(change) \(digest) plan=\(plan) by=\(voter) at=\(at) repo=\(repository)"
            + (rejector.map { " of=\($0)" } ?? "")
            + (reason.map { " reason=\(JSONValue.string($0).canonicalText)" } ?? "")
    }

    /// Whether the vote stops the change, instead of helping it on: a rejection, a cancellation, the proposer's withdrawal.
    func stops(_ change: Change) -> Bool {
        switch kind {
        case .approve, .breakGlass: false
        case .reject, .cancel: true
        case .withdraw: voter == change.proposer && rejector == nil
        }
    }

    /// Reads the one spelling; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count <= 2000 else { return nil }
        let fields = text.split(separator: " ", maxSplits: 7, omittingEmptySubsequences: false)
        guard fields.count == 7 || fields.count == 8, let kind = VerifiedVote.Kind(rawValue: String(fields[0])),
            let change = ChangeID(fields[1]), let digest = Digest(fields[2]),
            let plan = Self.value(fields[3], "plan=").flatMap({ Digest($0) }),
            let voter = Self.value(fields[4], "by="), Identifier.isName(voter),
            let at = Self.value(fields[5], "at=").flatMap({ Timestamp($0) }),
            let repository = Self.value(fields[6], "repo="), Identifier.isName(repository)
        else { return nil }
        var (rejector, reason): (String?, String?) = (nil, nil)
        if kind == .breakGlass {
            guard fields.count == 8, let spelling = Self.value(fields[7], "reason="),
                let value = try? JSONValue(parsing: Array(spelling.utf8), limits: JSONLimits(bytes: 2000, depth: 1)),
                let text = value.stringValue, Self.isReason(text), value.canonicalText.utf8.elementsEqual(spelling.utf8)
            else { return nil }
            reason = text
        } else if fields.count == 8 {
            guard kind == .withdraw, let name = Self.value(fields[7], "of="), Identifier.isName(name), name != voter
            else { return nil }
            rejector = String(name)
        }
        self.init(
            kind: kind, change: change, digest: digest, plan: plan, voter: String(voter), at: at,
            repository: String(repository), rejector: rejector, reason: reason)
    }

    private static func value(_ field: Substring, _ name: String) -> Substring? {
        field.hasPrefix(name) ? field.dropFirst(name.count) : nil
    }
}

/// A statement with its signature, as it travels: two trailers on a vote branch, or two members of a `vote` event.
public struct SignedVote: Sendable, Hashable {
    public let statement: VoteStatement
    /// The raw SSHSIG blob.
    public let signature: [UInt8]

    public init(statement: VoteStatement, signature: [UInt8]) {
        self.statement = statement
        self.signature = signature
    }

    public init?(text: String, signature: String) {
        guard let statement = VoteStatement(text), signature.utf8.count <= 16 << 10,
            let bytes = Base64.decode(signature)
        else { return nil }
        self.init(statement: statement, signature: bytes)
    }

    public var signatureText: String { Base64.encode(signature) }

    /// Checks signature, voter and right to this verdict, by the identities of one main commit.
    ///
    /// - Parameters:
    ///   - change: the change that the vote must be about, by identifier and digest. What stops a change stops its identifier:
    ///     no edit of the proposal shakes it off.
    ///   - instant: when the key must be valid; nil for a vote that the ledger recorded, whose key was judged then.
    func verified(
        for change: SignedChange, repository: String, identities: IdentityRegistry, at instant: Timestamp?
    ) throws(LedgerError) -> VerifiedVote {
        guard statement.change == change.change.id,
            statement.digest == change.digest || statement.stops(change.change)
        else {
            throw .notAuthentic("the vote is for another change, or for an edited one with the same identifier")
        }
        // What stops a change outlives its author's key, so that waiting for the key to end frees nothing. It says itself when
        // it was cast, and no vote is older than its change: a key that ended before that stops nothing.
        let stops = statement.stops(change.change)
        let signatory = try signatory(repository: repository, identities: identities, evenRevoked: stops)
        let voter = signatory.identity
        if stops {
            guard statement.at + clockSkew >= change.change.created, signatory.key.covers(statement.at) else {
                throw .notAuthentic(
                    "the key that signed the vote was not valid at \(statement.at), or the vote is too old")
            }
        } else if let instant, !signatory.key.isValid(at: instant) {
            throw .notAuthentic("the key that signed the vote is not valid at \(instant)")
        }
        guard
            Self.mayVote(statement.kind, voter, proposer: change.change.proposer, rejector: statement.rejector)
        else {
            throw .notAuthentic("`\(voter.id)` has no right to \(statement.kind.rawValue) this change")
        }
        return VerifiedVote(
            voter: voter, kind: statement.kind, plan: statement.plan, at: statement.at, rejector: statement.rejector,
            reason: statement.reason)
    }

    /// Whose key signed exactly this statement, which must be the voter's and for this repository.
    func signatory(
        repository: String, identities: IdentityRegistry, evenRevoked: Bool = false
    ) throws(LedgerError) -> Signatory {
        guard statement.repository == repository else {
            throw .notAuthentic("the vote is for repository `\(statement.repository)`")
        }
        let parsed: SSHSignature
        do {
            parsed = try SSHSignature(blob: signature)
        } catch {
            throw .notAuthentic("the vote's signature cannot be read: \(error)")
        }
        let kind = identities.owner(ofKey: parsed.publicKey.text)?.identity.kind ?? .person
        let signatory = try identities.signatory(
            of: parsed, over: Array(statement.text.utf8),
            namespace: VoteStatement.namespace(of: statement.kind, by: kind), evenRevoked: evenRevoked)
        guard signatory.identity.id == statement.voter else {
            throw .notAuthentic("the vote says `\(statement.voter)`, but `\(signatory.identity.id)` signed it")
        }
        return signatory
    }

    /// Who may say what: approvers approve and reject, never their own; proposers withdraw theirs; approvers and admins cancel.
    /// Any person may break the glass, as far as signatures go: for whom it counts is for the policy to say.
    /// Each person may take back their own vote, and an admin somebody's rejection, but not of what they propose themselves.
    public static func mayVote(
        _ kind: VerifiedVote.Kind, _ voter: Identity, proposer: String, rejector: String? = nil
    ) -> Bool {
        switch kind {
        case .approve, .reject: voter.kind == .person && voter.has(role: Role.approver) && voter.id != proposer
        case .withdraw where rejector != nil:
            voter.kind == .person && voter.has(role: Role.admin) && voter.id != proposer && voter.id != rejector
        case .withdraw: voter.id == proposer || voter.kind == .person
        case .breakGlass: voter.kind == .person
        case .cancel: voter.kind == .person && (voter.has(role: Role.approver) || voter.has(role: Role.admin))
        }
    }
}
