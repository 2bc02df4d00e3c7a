/// What the hook says of a push. Git takes all of a push or nothing: one refused reference refuses the rest.
public struct PushReport: Sendable {
    public struct Refusal: Sendable {
        public let reference: String
        /// Why, and what to do instead; one line.
        public let reason: String
    }

    public var refusals: [Refusal] = []
    /// What the pusher should know about references that are taken.
    public var notes: [String] = []
    /// Whether something is not authentic, and not merely broken.
    var isForged = false

    /// 0 when the push is taken; else 30, or 1 where judging itself failed.
    public var exitCode: Int32 { refusals.isEmpty ? 0 : isForged ? 30 : 1 }

    mutating func refuse(_ reference: String, _ error: AgentSafeError) {
        refusals.append(Refusal(reference: reference, reason: error.message))
        if error.code == .notAuthentic { isForged = true }
    }

    static let maximumLines = 50

    /// A line for each refused reference and each note, for standard error: git shows them as `remote: …`.
    public var lines: [String] {
        var lines = refusals.prefix(Self.maximumLines).map { "agentsafe: refused `\($0.reference)`: \($0.reason)" }
        if refusals.count > Self.maximumLines {
            lines.append("agentsafe: refused \(refusals.count - Self.maximumLines) more references")
        }
        lines += notes.prefix(Self.maximumLines).map { "agentsafe: \($0)" }
        return lines
    }
}
