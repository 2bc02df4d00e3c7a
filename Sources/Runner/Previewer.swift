public import ChangeModel

/// What one step would do, as far as that can be found out without doing it.
public struct StepPreview: Sendable {
    public enum Outcome: String, Sendable {
        /// The target says what it would be like.
        case predicted
        /// It cannot be told. This is not the same as that nothing would change.
        case unavailable
        /// The target, a precheck or a credential would stop the step.
        case refused
    }

    public var outcome: Outcome
    /// Why it is unavailable or refused; for people.
    public var reason: String?
    /// nil where it was not asked.
    public var executor: String
    public var identity: [String: String] = [:]
    public var prechecks: [PrecheckResult] = []
    /// What the target is like now; nil where it could not be read.
    public var before: CapturedState?
    /// What it would be like; nil unless predicted.
    public var after: CapturedState?
    public var differences: [StateDifference] = []
    /// What no field shows, one line each.
    public var notes: [String] = []

    /// Whether the target would be another, though perhaps in nothing that a field shows; nil where that cannot be told.
    public var changes: Bool? {
        guard outcome == .predicted, let before, let after else { return nil }
        return !differences.isEmpty || before.objectDigest != after.objectDigest
    }

    /// `{"outcome", "reason", "executor", "identity", "prechecks", "before", "after", "changes", "diff", "notes"}`; what is not
    /// known is left out.
    public var json: JSONValue {
        .compact([
            "outcome": .string(outcome.rawValue), "reason": reason.map { .string($0) },
            "executor": .string(executor), "identity": .object(identity.mapValues { .string($0) }),
            "prechecks": .array(prechecks.map(\.json)), "before": before?.json, "after": after?.json,
            "changes": changes.map { .bool($0) },
            "diff": outcome == .predicted ? .array(differences.map(\.json)) : nil,
            "notes": notes.isEmpty ? nil : .strings(notes),
        ])
    }
}

/// Looks at what steps would do, and changes nothing. It claims nothing either: what it finds may be another thing when the
/// change runs.
public struct Previewer {
    private let executors: [any Executor]
    private let vault: (any CredentialVault)?
    private let catalogue: Catalogue

    /// - Parameters:
    ///   - executors: one for each step, in order.
    ///   - catalogue: of verified main.
    public init(executors: [any Executor], vault: (any CredentialVault)?, catalogue: Catalogue) {
        self.executors = executors
        self.vault = vault
        self.catalogue = catalogue
    }

    /// Each step is held against its target as it is now: what the steps before it would do is not done.
    ///
    /// - Parameter advisory: of each step the prechecks that do not stop it.
    public func run(_ steps: [ExecutionStep], advisory: [Set<String>]) -> [StepPreview] {
        steps.indices.map { index in
            preview(steps[index], executors[index], advisory: advisory.indices.contains(index) ? advisory[index] : [])
        }
    }

    private func preview(_ step: ExecutionStep, _ executor: any Executor, advisory: Set<String>) -> StepPreview {
        var preview = StepPreview(outcome: .unavailable, executor: executor.name)
        guard executor.supports(action: step.action.name) else {
            preview.reason = "the executor `\(executor.name)` cannot do `\(step.action.name)`"
            return preview
        }
        // Nobody has allowed the change yet: no secret is fetched for it.
        if let secret = step.action.parameters.first(where: { $0.sensitive && step.parameters[$0.name] != nil }) {
            preview.reason = "param `\(secret.name)` refers to a secret, which is fetched when the change runs"
            return preview
        }
        let credentials = StepCredentials(vault: vault, executor: executor)
        defer { credentials.release() }
        do throws(ExecutionError) {
            _ = try credentials.fetch(for: step, settings: catalogue.configuration.credentials, progress: { _ in })
            let screen = credentials.screen
            preview.identity = try executor.confirmIdentity(of: step).mapValues { screen.clean($0) }
            preview.prechecks = try executor.runPrechecks(for: step).map { screen.clean($0) }
            for index in preview.prechecks.indices where !preview.prechecks[index].passed {
                preview.prechecks[index].isAdvisory = advisory.contains(preview.prechecks[index].name)
            }
            let withheld = WithheldState(of: step, catalogue: catalogue)
            let seen = try executor.captureState(for: step)
            preview.before = withheld.apply(to: screen.clean(seen))
            if let failed = preview.prechecks.first(where: \.stops) {
                preview.outcome = .refused
                preview.reason = "precheck `\(failed.name)` fails: \(failed.detail)"
                return preview
            }
            switch try executor.preview(step, before: seen) {
            case .unavailable(let reason): preview.reason = screen.clean(reason)
            case .predicted(let prediction):
                preview.outcome = .predicted
                let after = withheld.apply(to: screen.clean(prediction.after))
                preview.after = after
                preview.differences = preview.before.map { StateDifference.between($0, after) } ?? []
                preview.notes = prediction.notes.map { screen.clean($0) }
            }
        } catch {
            preview.outcome = .refused
            preview.reason = credentials.screen.clean(error.message)
        }
        return preview
    }
}

extension CapturedState {
    /// `before.json` and `after.json`.
    public var json: JSONValue {
        .compact([
            "fields": .object(fields), "digest": objectDigest.map { .string($0) },
            "version": version.map { .string($0) },
        ])
    }
}
