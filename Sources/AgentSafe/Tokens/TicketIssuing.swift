public import ChangeModel
internal import Ledger
internal import PolicyEngine
internal import SSHSignature
public import Tokens

/// An execution ticket, signed. Whoever has the token may use it, once.
public struct IssuedTicket: Sendable {
    public let token: String
    public let ticket: ExecutionTicket

    public var json: JSONValue {
        ["token": .string(token), "digest": .string(Digest(of: Array(token.utf8)).description), "ticket": ticket.json]
    }
}

extension Workspace {
    /// Issues a ticket for a landed change that may run now.
    ///
    /// - Parameters:
    ///   - shared: signs under HS256 for the Python project's validators; nil: EdDSA with the issuer's own key.
    ///   - lifetime: seconds; nil: what main's `tickets.ttl` says. A ticket never outlives its change.
    /// - Throws: with code `approvalNeeded` or `denied` where the change may not run.
    public func issueTicket(
        for id: ChangeID, shared: SharedKey? = nil, lifetime: Int64? = nil
    ) throws(AgentSafeError) -> IssuedTicket {
        try fetchIfPossible(.change(id))
        let view = try view()
        let signer = try signer()
        let issuer = try identity(of: signer, in: view.state)
        guard Self.mayIssueTickets(issuer) else {
            throw AgentSafeError(
                .denied,
                "`\(issuer.id)` may not issue tickets; that needs a service with role `gate` or `runner`, by its key with `--key`"
            )
        }
        let longest = ExecutionTicket.maximumLifetime
        let lifetime = lifetime ?? view.state.configuration.ticketLifetime
        guard (1...longest).contains(lifetime) else {
            throw AgentSafeError(.usage, "a ticket lives 1 to \(longest) seconds (24 hours), not \(lifetime)")
        }
        let (change, authorized) = try authorizedToRun(id, in: view)
        let moment = now
        let expires = min(moment + .seconds(lifetime), change.change.expires)
        guard expires > moment else {
            throw AgentSafeError(.denied, "\(id) expires at \(change.change.expires), so no ticket would live")
        }
        let subject = TicketSubject(authorized)
        let ticket = ExecutionTicket(
            action: subject.action, target: subject.target, caller: change.change.proposer,
            parameters: subject.parameters, auditID: id.text, nonce: Hexadecimal.text(host.random(16)),
            issuer: shared == nil ? issuer.id : ExecutionTicket.sharedIssuer, issued: moment, expires: expires,
            binding: shared == nil
                ? .init(
                    repository: view.state.repositoryID, change: id, digest: change.digest, plan: authorized.plan.digest
                )
                : nil)
        if let shared {
            return IssuedTicket(
                token: try token { () throws(TokenError) in try ticket.token(by: shared) }, ticket: ticket)
        }
        let own = try IdentitySigner(signer)
        return IssuedTicket(token: try token { () throws(TokenError) in try ticket.token(by: own) }, ticket: ticket)
    }

    static func mayIssueTickets(_ identity: Identity) -> Bool {
        identity.kind == .service && (identity.has(role: Role.gate) || identity.has(role: Role.runner))
    }

    /// The landed change, where it may run now and nobody has begun.
    private func authorizedToRun(
        _ id: ChangeID, in view: VerifiedView
    ) throws(AgentSafeError) -> (SignedChange, AuthorizedChange) {
        guard let found = try find(id, in: view) else {
            throw AgentSafeError(.failed, "there is no change `\(id)` on main or on a branch; check the identifier")
        }
        let judgement = try judge(found.change, in: view)
        let authorized: AuthorizedChange
        switch judgement.authorization {
        case .authorized(let change): authorized = change
        case .awaitingApproval(let decision, _, let missing):
            let needed = missing.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
            throw AgentSafeError(
                .approvalNeeded, "\(id) is not approved; still missing: \(needed) (\(decision.reason))")
        case .denied(let decision): throw AgentSafeError(.denied, "\(id) may not run: \(decision.reason)")
        }
        guard found.isLanded else {
            throw AgentSafeError(
                .failed, "\(id) has not landed on main, and nothing runs before; merge `\(id.branch)` first")
        }
        let isWaiting = try ledger { () throws(LedgerError) in
            let state = try view.ledger.currentState()
            let pending = try state.pending(found.change.change)
            let claim = try state.claim(id)
            return pending != nil && claim == nil
        }
        guard isWaiting else {
            let state = try status(of: id, in: view).state.rawValue
            throw AgentSafeError(.failed, "\(id) does not wait to be run: it is \(state), and a change runs once")
        }
        return (found.change, authorized)
    }
}

/// What a ticket is for, in its own terms.
struct TicketSubject {
    let action: String
    let target: String
    let parameters: [String: JSONValue]

    /// One step is named as it is. The several of a plan run as a whole, which is no single action: whoever is about to take
    /// one of them finds that a ticket for the plan is none for it.
    init(_ authorized: AuthorizedChange) {
        let steps = authorized.plan.steps
        if let only = steps.first, steps.count == 1 {
            (action, target, parameters) = (only.action.name, only.target.id, only.parameters)
        } else {
            (action, target) = ("plan", authorized.change.id.text)
            parameters = ["steps": authorized.plan.recordedSteps]
        }
    }
}
