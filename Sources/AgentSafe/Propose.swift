public import ChangeModel
internal import Documents
public import Git
internal import Ledger
internal import PolicyEngine
internal import SSHSignature

/// What an agent or a person asks for.
public struct Proposal: Sendable {
    public var action: String
    public var target: String
    /// Values as text; each is read by the type that the action declares for it.
    public var parameterTexts: [(name: String, value: String)]
    /// Values that are typed already; they win over texts.
    public var parameters: [String: JSONValue]
    public var reason: String
    public var ticket: String?
    /// Seconds until the proposal expires; nil: the repository's default.
    public var lifetime: Int64?
    /// Tokens by which the proposer acts for somebody else, root first.
    public var delegation: [String]
    public var rollbackOf: ChangeID?
    /// Write it even when the policy denies it.
    public var anyway: Bool
    public var push: Bool
    /// Steps that are known already: they stand in place of action, target and params.
    public var steps: [ChangeStep] = []

    public init(
        steps: [ChangeStep], reason: String, ticket: String? = nil, lifetime: Int64? = nil,
        delegation: [String] = [], rollbackOf: ChangeID? = nil, anyway: Bool = false, push: Bool = false
    ) {
        self.init(
            action: "", target: "", reason: reason, ticket: ticket, lifetime: lifetime, delegation: delegation,
            rollbackOf: rollbackOf, anyway: anyway, push: push)
        self.steps = steps
    }

    public init(
        action: String, target: String, parameterTexts: [(name: String, value: String)] = [],
        parameters: [String: JSONValue] = [:], reason: String, ticket: String? = nil, lifetime: Int64? = nil,
        delegation: [String] = [], rollbackOf: ChangeID? = nil, anyway: Bool = false, push: Bool = false
    ) {
        self.action = action
        self.target = target
        self.parameterTexts = parameterTexts
        self.parameters = parameters
        self.reason = reason
        self.ticket = ticket
        self.lifetime = lifetime
        self.delegation = delegation
        self.rollbackOf = rollbackOf
        self.anyway = anyway
        self.push = push
    }
}

/// What became of a proposal.
public struct ProposalResult: Sendable {
    public let change: Change
    public let decision: Decision
    public let plan: Digest?
    /// nil when the policy denied it and nothing was written.
    public let written: Written?
    /// Where a reviewer goes next: an address of the forge, or a command.
    public let next: String
    /// Sensitive params, by action. They take references; what somebody gave instead, by mistake, is shown to nobody.
    let sensitive: [String: Set<String>]

    public struct Written: Sendable {
        public let digest: Digest
        public let commit: ObjectID
        public let branch: String
        public let pushed: Bool
    }

    public var json: JSONValue {
        .compact([
            "id": .string(change.id.text), "decision": decision.json,
            "plan": plan.map { .string($0.description) } ?? .null,
            "written": .bool(written != nil),
            "digest": written.map { .string($0.digest.description) },
            "branch": written.map { .string($0.branch) },
            "commit": written.map { .string($0.commit.description) },
            "pushed": written.map { .bool($0.pushed) },
            "expires": .string(change.expires.description), "next": .string(next),
        ]).merging(shown.work)
    }

    private var shown: Change {
        var shown = change
        if written == nil {
            for index in shown.steps.indices {
                let hidden = sensitive[shown.steps[index].action] ?? []
                for name in shown.steps[index].parameters.keys where hidden.contains(name) {
                    shown.steps[index].parameters[name] = "<redacted>"
                }
            }
        }
        return shown
    }
}

extension Workspace {
    /// Decides on a proposal, and writes, signs and commits it on `change/<id>`. The work tree is never touched.
    public func propose(_ proposal: Proposal) throws(AgentSafeError) -> ProposalResult {
        try fetchIfPossible(.main)
        let view = try view()
        let signer = try signer()
        let proposer = try identity(of: signer, in: view.state)
        guard proposer.kind != .service else {
            throw AgentSafeError(
                .denied,
                "`\(proposer.id)` is a service, and services propose nothing; use an agent's or a person's key")
        }
        let catalogue = try catalogue(of: view.state)
        let change = try draft(proposal, by: proposer, catalogue: catalogue)
        let sensitive = catalogue.actions.mapValues { Set($0.parameters.filter(\.sensitive).map(\.name)) }
        let engine = PolicyEngine(catalogue: catalogue)
        let history = try ledger { () throws(LedgerError) in
            try view.ledger.currentState().history(of: change, by: proposer, main: view.state, at: now)
        }
        let asking = ChangeCaller(of: change, signedBy: signer.publicKey.text, main: view.state, now: now)
        var decision = asking.judged(engine.decide(change, by: asking.caller, history: history, now: now))
        let bytes: [UInt8]
        do {
            bytes = try ChangeDocument.emit(change)
        } catch {
            // What the policy denies in any case need not be sayable in a file: its reason tells more.
            if decision.result == .deny, !proposal.anyway {
                return ProposalResult(
                    change: change, decision: decision, plan: nil, written: nil, next: "", sensitive: sensitive)
            }
            let problem = error.diagnostics[0]
            throw AgentSafeError(
                .usage, [problem.message, problem.advice].compactMap { $0 }.joined(separator: "; "))
        }
        let digest = Digest(of: bytes)
        if case .denied(let denial) = asking.judged(
            engine.authorize(change, digest: digest, caller: asking.caller, history: history, now: now))
        {
            decision = denial
        }
        let plan = engine.plan(for: change, digest: digest)?.digest
        if decision.result == .deny, !proposal.anyway {
            return ProposalResult(
                change: change, decision: decision, plan: plan, written: nil, next: "", sensitive: sensitive)
        }
        let written = try write(change, bytes: bytes, onto: view, signer: signer, by: proposer, push: proposal.push)
        return ProposalResult(
            change: change, decision: decision, plan: plan, written: written,
            next: try nextStep(change, pushed: proposal.push), sensitive: sensitive)
    }

    func catalogue(of state: MainState) throws(AgentSafeError) -> Catalogue {
        do {
            return try state.catalogue()
        } catch {
            throw AgentSafeError(.failed, "main's catalogue cannot be used: \(error.summary)")
        }
    }

    private func draft(
        _ proposal: Proposal, by proposer: Identity, catalogue: Catalogue
    ) throws(AgentSafeError) -> Change {
        let lifetime = proposal.lifetime ?? catalogue.configuration.defaultExpiry
        let longest = catalogue.configuration.maximumExpiry
        guard lifetime > 0, lifetime <= longest else {
            throw AgentSafeError(
                .usage,
                "a proposal lives at most \(longest) seconds here (\(longest / 3600) hours), not \(lifetime); "
                    + "choose a shorter `--expires`")
        }
        return Change(
            repository: catalogue.configuration.repository ?? "", id: ChangeID(now: now, random: host.random(7)),
            proposer: proposer.id,
            steps: proposal.steps.isEmpty ? [try step(proposal, catalogue: catalogue)] : proposal.steps,
            reason: proposal.reason, ticket: proposal.ticket, created: now, expires: now + .seconds(lifetime),
            delegation: proposal.delegation, rollbackOf: proposal.rollbackOf)
    }

    /// The one step that action, target and params say.
    private func step(_ proposal: Proposal, catalogue: Catalogue) throws(AgentSafeError) -> ChangeStep {
        var parameters: [String: JSONValue] = [:]
        let definitions = catalogue.actions[proposal.action]?.parameters ?? []
        for (name, text) in proposal.parameterTexts {
            guard parameters[name] == nil else { throw AgentSafeError(.usage, "param `\(name)` is given twice") }
            parameters[name] = ParameterText.parse(text, as: definitions.first { $0.name == name }?.type)
        }
        parameters.merge(proposal.parameters) { _, typed in typed }
        return ChangeStep(action: proposal.action, target: proposal.target, parameters: parameters)
    }

    private func write(
        _ change: Change, bytes: [UInt8], onto view: VerifiedView, signer: any Signer, by proposer: Identity, push: Bool
    ) throws(AgentSafeError) -> ProposalResult.Written {
        let signature: [UInt8]
        do {
            signature = Array(try signer.sign(bytes, namespace: Change.signatureNamespace).armored.utf8)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        // What would not be accepted from others is not written either.
        _ = try ledger { () throws(LedgerError) in
            try SignedChange(
                bytes: bytes, signature: signature, folder: change.id.folder, repository: view.state.repositoryID,
                identities: view.state.identities)
        }
        let connection = push ? try self.connection(view.state) : nil
        let tree = try git { () throws(GitError) in
            try repository.edit(
                view.state.tree,
                [
                    "\(change.id.folder)/\(Change.fileName)": try repository.writeBlob(bytes),
                    "\(change.id.folder)/\(Change.signatureName)": try repository.writeBlob(signature),
                ])
        }
        let commit = try commit(
            CommitDraft(
                tree: tree, parents: [view.main.tip], person: try person(proposer.id), time: host.now(),
                message: "propose \(change.id): \(change.summary)\n"),
            signer: signer)
        try git { () throws(GitError) in
            try repository.setReference(
                "refs/heads/\(change.id.branch)", to: commit, from: nil, message: "agentsafe propose")
        }
        if let connection {
            try self.push(
                [.init(source: commit, reference: "refs/heads/\(change.id.branch)", expected: nil)], over: connection,
                failure: "the proposal is on the local branch `\(change.id.branch)`")
        }
        return .init(digest: Digest(of: bytes), commit: commit, branch: change.id.branch, pushed: push)
    }

    /// Pushes branches and notes what the remote has now.
    func push(
        _ items: [RemoteConnection.PushItem], over connection: RemoteConnection, failure: String
    ) throws(AgentSafeError) {
        let outcomes: [RemoteConnection.PushOutcome]
        do {
            outcomes = try connection.push(items)
        } catch {
            throw AgentSafeError(.failed, "\(error.message); \(failure)")
        }
        for (item, outcome) in zip(items, outcomes) {
            if case .rejected(let reason) = outcome {
                throw AgentSafeError(.failed, "the remote refused `\(item.reference)`: \(reason); \(failure)")
            }
        }
        let remote = try remoteName()
        for item in items where item.reference.hasPrefix("refs/heads/") {
            let local = "refs/remotes/\(remote)/\(item.reference.dropFirst("refs/heads/".count))"
            do throws(GitError) {
                try repository.setReference(
                    local, to: item.source, from: try repository.reference(local), message: "agentsafe push")
            } catch {
                notify("warning: `\(item.reference)` is pushed, and this clone could not note that: \(error.message)")
            }
        }
    }

    /// Where a pull request is opened, for the forges whose addresses are known; a command otherwise.
    private func nextStep(_ change: Change, pushed: Bool) throws(AgentSafeError) -> String {
        guard pushed else { return "git push \(try remoteName()) \(change.id.branch)" }
        let url = try remoteURL() ?? ""
        var web = url.hasSuffix(".git") ? String(url.dropLast(4)) : url
        for host in ["github.com", "gitlab.com"] {
            for prefix in ["git@\(host):", "ssh://git@\(host)/", "https://\(host)/"] where web.hasPrefix(prefix) {
                web = "https://\(host)/" + web.dropFirst(prefix.count)
                return host == "github.com"
                    ? "\(web)/compare/main...\(change.id.branch)?expand=1"
                    : "\(web)/-/merge_requests/new?merge_request%5Bsource_branch%5D=\(change.id.branch)"
            }
        }
        return "agentsafe gate --head \(change.id.branch)"
    }
}
