internal import ChangeModel
internal import PolicyEngine

/// What both engines must agree on about a plan.
struct NaivePlanAnswer: Equatable {
    var result: Verdict
    var code: DecisionCode
    var rule: String?
    /// The deciding step, from 1.
    var step: Int
    var effectiveRisk: RiskLevel
    /// `2 replicas`: the step's number and the param's name.
    var wrongParameters: Set<String>
    var stepResults: [Verdict]
    /// Of each step the prechecks that may fail.
    var advisory: [Set<String>]
}

extension NaiveEngine {
    /// The strictest answer holds for all steps; of equally strict ones, the first.
    func decide(
        plan requests: [DecisionRequest], isRollback: Bool, now: Timestamp, coverage: inout Coverage
    ) -> NaivePlanAnswer {
        var answers: [NaiveAnswer] = []
        for request in requests {
            answers.append(decide(request, isRollback: isRollback, now: now, coverage: &coverage))
        }
        var deciding = 0
        for wanted in [Verdict.deny, .requireApproval, .allow] {
            var found = -1
            for index in answers.indices.reversed() where answers[index].result == wanted { found = index }
            if found >= 0 {
                deciding = found
                break
            }
        }
        var risk = RiskLevel.low
        var wrong: Set<String> = []
        for (index, answer) in answers.enumerated() {
            if answer.effectiveRisk > risk { risk = answer.effectiveRisk }
            for name in answer.wrongParameters { wrong.insert("\(index + 1) \(name)") }
        }
        return NaivePlanAnswer(
            result: answers[deciding].result, code: answers[deciding].code, rule: answers[deciding].rule,
            step: deciding + 1, effectiveRisk: risk, wrongParameters: wrong, stepResults: answers.map(\.result),
            // What is denied as a whole lets nothing fail.
            advisory: answers.map { answers[deciding].result == .deny ? [] : $0.advisory })
    }

    /// Whether some placing of `people`, each in at most one place, fills every place.
    static func isMet(_ requirements: [ApprovalRequirement], by people: [Identity]) -> Bool {
        var places: [String] = []
        for requirement in requirements {
            for _ in 0..<requirement.count { places.append(requirement.role) }
        }
        func fill(_ places: [String], _ people: [Identity]) -> Bool {
            guard let place = places.first else { return true }
            for (index, person) in people.enumerated() where person.roles.contains(place) {
                var others = people
                others.remove(at: index)
                if fill(Array(places.dropFirst()), others) { return true }
            }
            return false
        }
        return fill(places, people)
    }
}
