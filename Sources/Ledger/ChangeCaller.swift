public import ChangeModel
internal import Documents
public import PolicyEngine
public import Tokens

/// Who asks for a change, in the policy's sense: its proposer, with what main gives them, or with what was handed on to them.
public struct ChangeCaller: Sendable {
    public let caller: Caller
    /// The verified chain; nil for a proposer who acts for themselves, and where the chain does not hold.
    public let chain: DelegationChain?
    /// Why the change's delegation does not hold; the change is denied then.
    public let objection: String?

    /// - Parameter key: the key that signed, or will sign, the change.
    public init(of change: Change, signedBy key: String, main: MainState, now: Timestamp) {
        self.init(
            of: change, signedBy: key, identities: main.identities, repository: main.repositoryID, now: now)
    }

    public init(
        of change: Change, signedBy key: String, identities: IdentityRegistry?, repository: String, now: Timestamp
    ) {
        guard let identities, let proposer = identities.identity(change.proposer) else {
            (caller, chain, objection) = (.anonymous, nil, nil)
            return
        }
        guard !change.delegation.isEmpty else {
            (caller, chain, objection) = (Caller(proposer), nil, nil)
            return
        }
        do throws(TokenError) {
            let chain = try DelegationChain(
                change.delegation, identities: identities, repository: repository, now: now)
            guard chain.delegate == proposer.id else {
                throw TokenError(
                    .chain, "the delegation is for `\(chain.delegate)`, and `\(proposer.id)` proposed the change")
            }
            guard chain.delegateKey == EdDSAKey.fingerprint(of: key) else {
                throw TokenError(
                    .key, "the change is signed with another key of `\(proposer.id)` than was delegated to")
            }
            self.chain = chain
            objection = nil
            caller = Caller(
                id: proposer.id, kind: proposer.kind, roles: chain.roles, groups: chain.groups,
                delegation: CallerDelegation(
                    delegators: chain.delegators,
                    scopes: chain.links.map { .init(actions: $0.actions, targets: $0.targets) }))
        } catch {
            chain = nil
            objection = "the delegation does not hold: \(error.message)"
            caller = Caller(id: proposer.id, kind: proposer.kind)
        }
    }

    /// Everybody who has a hand in the change, and so may not approve it.
    public var delegators: Set<String> { Set(chain?.delegators ?? []) }

    /// `decision`, unless the delegation does not hold.
    public func judged(_ decision: Decision) -> Decision {
        objection.map { decision.overruled(.delegationInvalid, $0) } ?? decision
    }

    /// `authorization`, unless the delegation does not hold.
    public func judged(_ authorization: Authorization) -> Authorization {
        objection.map { .denied(authorization.decision.overruled(.delegationInvalid, $0)) } ?? authorization
    }
}

extension Decision {
    /// The same judgement of risk, denied for a reason that is no rule's.
    func overruled(_ code: DecisionCode, _ reason: String) -> Decision {
        var denial = self
        denial.result = .deny
        denial.code = code
        denial.rule = nil
        denial.location = nil
        denial.reason = reason
        denial.errors = []
        denial.nearest = []
        denial.approvals = []
        denial.terms = ApprovalTerms()
        return denial
    }
}
