public import ChangeModel

/// What one freeze has to say about a request.
public struct FreezeExplanation: Sendable, Equatable {
    public enum Standing: String, Sendable {
        /// It holds: the decision is no softer than its own.
        case holds
        /// It holds, and one of its exceptions lets the request pass.
        case excepted
        /// Its time has come, and it freezes something else.
        case missed
        /// Its time is not now.
        case outside
    }

    public let name: String
    public let location: SourceLocation
    public let decision: Verdict
    public let standing: Standing
    /// When the time in which it holds ends; nil outside of it.
    public let until: Timestamp?
    /// The conditions that do not hold, in words, where it freezes something else.
    public let missed: [String]
}

extension PolicyEngine {
    /// Every freeze, in the order of the files.
    func explainFreezes(_ request: DecisionRequest, _ circumstances: Circumstances) -> [FreezeExplanation] {
        freezes.map { compiled in
            let freeze = compiled.freeze
            var (standing, missed) = (FreezeExplanation.Standing.holds, [String]())
            switch compiled.standing(request, circumstances) {
            case .holds: break
            case .excepted: standing = .excepted
            case .outside: standing = .outside
            case .missed:
                standing = .missed
                missed = NearestRules(rules: [])
                    .words(
                        for: compiled.missed(by: request, circumstances), of: freeze.match, request, circumstances)
            }
            return FreezeExplanation(
                name: freeze.name, location: freeze.location, decision: freeze.decision, standing: standing,
                until: freeze.interval(around: circumstances.now)?.upperBound, missed: missed)
        }
    }
}
