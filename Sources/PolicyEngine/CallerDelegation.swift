/// For whom a caller acts, and how far. Whoever makes one has verified the chain.
public struct CallerDelegation: Hashable, Sendable {
    /// Everybody who handed something on, root first; the caller is not among them.
    public var delegators: [String]
    /// One for each link: all must let a request through.
    public var scopes: [Scope]

    /// What one link was given for, as shell globs.
    public struct Scope: Hashable, Sendable {
        public var actions: [String]
        public var targets: [String]

        public init(actions: [String], targets: [String]) {
            self.actions = actions
            self.targets = targets
        }
    }

    public init(delegators: [String], scopes: [Scope] = []) {
        self.delegators = delegators
        self.scopes = scopes
    }

    /// The number of links.
    public var depth: Int { delegators.count }

    /// Why a request lies outside of what was handed on; nil where it does not.
    func objection(action: String, target: String?) -> String? {
        for (delegator, scope) in zip(delegators, scopes) {
            guard scope.actions.contains(where: { Glob($0).matches(action) }) else {
                return "`\(delegator)` delegated \(Excerpt.list(scope.actions)), not action \(Excerpt.quoted(action))"
            }
            // No target is no target that was handed on.
            guard let target, scope.targets.contains(where: { Glob($0).matches(target) }) else {
                return "`\(delegator)` delegated for targets \(Excerpt.list(scope.targets)), not for "
                    + (target.map { Excerpt.quoted($0) } ?? "none")
            }
        }
        return nil
    }
}
