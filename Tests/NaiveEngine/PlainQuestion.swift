package import ChangeModel
package import PolicyEngine

/// The naive engine for who only asks: what it is measured against.
package struct PlainQuestion {
    private let engine: NaiveEngine

    /// - Parameter catalogue: may use the patterns of the actions that come with the project, and no others.
    package init(catalogue: Catalogue) {
        engine = NaiveEngine(
            catalogue: catalogue,
            patterns: [
                "^[a-z][a-z0-9-]{0,62}$": { text in
                    let letters = Array(text.utf8)
                    return (1...63).contains(letters.count) && (97...122).contains(letters[0])
                        && letters.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
                }
            ])
    }

    package func answer(_ request: DecisionRequest, now: Timestamp) -> Verdict {
        var coverage = Coverage()
        return engine.decide(request, isRollback: false, now: now, coverage: &coverage).result
    }
}
