internal import ChangeModel
internal import PolicyEngine

/// What both engines must agree on.
struct NaiveAnswer: Equatable {
    var result: Verdict
    var code: DecisionCode
    var rule: String?
    var effectiveRisk: RiskLevel
    var wrongParameters: Set<String> = []
    /// Of each role, how many people must approve.
    var approvals: [String: Int] = [:]
    /// Prechecks that may fail.
    var advisory: Set<String> = []
    /// When a limit on the caller no longer denies it.
    var retryAfter: Timestamp?
    /// The caller's cumulative risk, this request included.
    var score: Int?
}

/// A second engine, written from the text of the decision rules alone and as plainly as possible: no tables of bits, nothing
/// prepared, no code shared with the first.
struct NaiveEngine {
    let catalogue: Catalogue
    /// Stands in for regular expressions: what each one means. A pattern that is not listed does not compile.
    let patterns: [String: @Sendable (String) -> Bool]

    func decide(
        _ request: DecisionRequest, isRollback: Bool, now: Timestamp, coverage: inout Coverage
    ) -> NaiveAnswer {
        let target = request.target.flatMap { name in catalogue.targets.values.first { $0.id == name } }
        let sensitivity = target?.sensitivity ?? .critical
        guard let action = catalogue.actions.values.first(where: { $0.name == request.action }) else {
            return NaiveAnswer(
                result: .deny, code: .unknownAction, effectiveRisk: effective("critical", sensitivity.rawValue))
        }
        let risk = effective(action.riskClass.description, sensitivity.rawValue)

        var wrong: Set<String> = []
        for name in request.parameters.keys where !action.parameters.contains(where: { $0.name == name }) {
            wrong.insert(name)
        }
        for parameter in action.parameters {
            var value = request.parameters[parameter.name]
            if value == nil, let text = target?.locator[parameter.name] { value = read(text, as: parameter) }
            if value == nil, parameter.required {
                wrong.insert(parameter.name)
                continue
            }
            value = value ?? parameter.defaultValue
            if let value {
                if !isValid(value, parameter) { wrong.insert(parameter.name) }
            } else if let pattern = parameter.constraints.pattern, patterns[pattern] == nil {
                wrong.insert(parameter.name)
            }
        }
        // Whoever only asks, and gives no params, is told of them.
        let isSketch = catalogue.configuration.targetBinding == .advisory && request.parameters.isEmpty
        if !wrong.isEmpty && !isSketch {
            return NaiveAnswer(
                result: .deny, code: .parameterInvalid, effectiveRisk: risk, wrongParameters: wrong)
        }

        if let target, catalogue.configuration.targetBinding == .enforce {
            if !action.targetTypes.contains(target.type) {
                return NaiveAnswer(result: .deny, code: .targetType, effectiveRisk: risk)
            }
            for (name, value) in request.parameters {
                if let bound = target.locator[name], bound != text(value) {
                    return NaiveAnswer(result: .deny, code: .targetBinding, effectiveRisk: risk)
                }
            }
        }

        for scope in request.caller.delegation?.scopes ?? [] {
            let named = Array(request.target ?? "")
            let isInside =
                scope.actions.contains { glob(Array($0), Array(request.action)) }
                && request.target != nil && scope.targets.contains { glob(Array($0), named) }
            if !isInside { return NaiveAnswer(result: .deny, code: .delegationScope, effectiveRisk: risk) }
        }
        if let pattern = catalogue.configuration.ticketPattern, let ticket = request.ticket, ticket != "" {
            let isRight = patterns[pattern].map { $0(ticket) } ?? false
            if !isRight { return NaiveAnswer(result: .deny, code: .ticketInvalid, effectiveRisk: risk) }
        }

        var remaining = catalogue.rules
        while !remaining.isEmpty {
            // The first of those with the highest priority.
            var best = 0
            for index in remaining.indices where remaining[index].priority > remaining[best].priority { best = index }
            let rule = remaining.remove(at: best)
            if matches(rule.match, request, target, risk, isRollback, now, &coverage) {
                var answer = NaiveAnswer(result: rule.decision, code: .rule, rule: rule.name, effectiveRisk: risk)
                if rule.decision == .requireApproval { answer.approvals = people(rule.approvals) }
                if rule.decision != .deny { answer.advisory = Set(rule.advisoryPrechecks) }
                coverage.note(.advisory, !answer.advisory.isEmpty)
                return freeze(answer, request, target, isRollback, now, &coverage)
            }
        }
        return NaiveAnswer(result: .deny, code: target == nil ? .unknownTarget : .noRule, effectiveRisk: risk)
    }

    // MARK: Risk

    private func effective(_ risk: String, _ sensitivity: String) -> RiskLevel {
        let table = """
            low public low
            low internal low
            low restricted medium
            low critical high
            medium public low
            medium internal medium
            medium restricted high
            medium critical critical
            high public medium
            high internal high
            high restricted critical
            high critical critical
            critical public high
            critical internal critical
            critical restricted critical
            critical critical critical
            """
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == risk, words[1] == sensitivity { return RiskLevel(words[2]) ?? .critical }
        }
        return .critical
    }

    // MARK: Params

    private func read(_ text: String, as parameter: ParameterDefinition) -> JSONValue {
        switch parameter.type {
        case .integer: return Int64(text).map { .integer($0) } ?? .string(text)
        case .number: return Double(text).map { .number($0) } ?? .string(text)
        case .boolean: return text == "true" ? true : text == "false" ? false : .string(text)
        case .string, .array: return .string(text)
        }
    }

    private func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): return text
        case .integer(let number): return "\(number)"
        case .bool(let flag): return flag ? "true" : "false"
        case .number(let number): return number == number.rounded() ? "\(Int(number))" : "\(number)"
        case .null: return "null"
        case .array(let elements): return "[" + elements.map(quoted).joined(separator: ",") + "]"
        case .object: return "{}"
        }
    }

    private func quoted(_ value: JSONValue) -> String {
        if case .string(let text) = value { return "\"\(text)\"" }
        return text(value)
    }

    private func isValid(_ value: JSONValue, _ parameter: ParameterDefinition) -> Bool {
        if parameter.sensitive {
            guard case .string(let reference) = value else { return false }
            let name = reference.dropFirst("vault:".count)
            let symbols = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
            return reference.hasPrefix("vault:") && (1...100).contains(name.count) && !name.hasPrefix("-")
                && name.allSatisfy { symbols.contains($0) }
        }
        switch (parameter.type, value) {
        case (.string, .string), (.integer, .integer), (.boolean, .bool): break
        case (.number, .integer), (.number, .number): break
        case (.array, .array(let elements)):
            guard hasRightLength(elements.count, parameter) else { return false }
            return elements.allSatisfy { satisfies($0, parameter) }
        default: return false
        }
        if case .string(let text) = value, !hasRightLength(text.unicodeScalars.count, parameter) { return false }
        return satisfies(value, parameter)
    }

    private func hasRightLength(_ length: Int, _ parameter: ParameterDefinition) -> Bool {
        length >= parameter.constraints.minimumLength ?? 0 && length <= parameter.constraints.maximumLength ?? .max
    }

    private func satisfies(_ value: JSONValue, _ parameter: ParameterDefinition) -> Bool {
        let constraints = parameter.constraints
        var number: Double?
        if case .integer(let integer) = value { number = Double(integer) }
        if case .number(let double) = value { number = double }
        if let number, let minimum = constraints.minimumValue, number < minimum { return false }
        if let number, let maximum = constraints.maximumValue, number > maximum { return false }
        if let pattern = constraints.pattern {
            guard let meaning = patterns[pattern] else { return false }
            if case .string(let text) = value {
                if !meaning(text) { return false }
            } else if parameter.type == .array {
                return false
            }
        }
        if let allowed = constraints.allowed, !allowed.contains(where: { text($0) == text(value) }) { return false }
        return true
    }

    // MARK: Rules

    func matches(
        _ match: RuleMatch, _ request: DecisionRequest, _ target: TargetEntry?, _ risk: RiskLevel, _ isRollback: Bool,
        _ now: Timestamp, _ coverage: inout Coverage
    ) -> Bool {
        var holds = true
        func ask(_ condition: Coverage.Condition, _ answer: Bool) {
            coverage.note(condition, answer)
            if !answer { holds = false }
        }
        ask(.action, match.actions.contains { glob(Array($0), Array(request.action)) })
        if let selector = match.targets {
            ask(.knownTarget, target != nil)
            if let target {
                if let list = selector.environments { ask(.environment, list.contains(target.environment)) }
                if let list = selector.sensitivities { ask(.sensitivity, list.contains(target.sensitivity)) }
                if let list = selector.types { ask(.type, list.contains(target.type)) }
                if let labels = selector.labels {
                    var all = true
                    for (key, value) in labels where target.labels[key] != value { all = false }
                    ask(.labels, all)
                }
            }
        }
        if let selector = match.callers {
            let caller = request.caller
            ask(.namedCaller, caller.id != nil && caller.id != "")
            if let list = selector.agentIDs { ask(.callerID, list.contains(caller.id ?? "")) }
            if let list = selector.roles { ask(.roles, !Set(list).isDisjoint(with: caller.roles)) }
            if let list = selector.groups { ask(.groups, !Set(list).isDisjoint(with: caller.groups)) }
            if let list = selector.kinds { ask(.kind, list.contains { $0 == caller.kind }) }
            let chain = caller.delegation?.delegators ?? []
            if let list = selector.delegatedFrom {
                var isFromOne = false
                for name in chain where list.contains(name) { isFromOne = true }
                ask(.delegatedFrom, isFromOne)
            }
            if let required = selector.requireDelegation { ask(.delegation, required ? !chain.isEmpty : chain.isEmpty) }
            if let depth = selector.maximumDelegationDepth { ask(.delegationDepth, !(chain.count > depth)) }
        }
        if let list = match.riskClasses { ask(.risk, list.contains(risk)) }
        if let windows = match.timeWindows { ask(.time, windows.contains { contains($0, now) }) }
        if let required = match.requireTicket {
            let given = request.ticket != nil && request.ticket != ""
            ask(.ticket, required == given)
        }
        if let pattern = match.ticketPattern {
            ask(.ticketPattern, request.ticket.map { $0 != "" && patterns[pattern]?($0) ?? false } ?? false)
        }
        if let required = match.rollback { ask(.rollback, required == isRollback) }
        return holds
    }

    private func contains(_ window: TimeWindow, _ now: Timestamp) -> Bool {
        let days = now.seconds / 86_400
        let hour = Int(now.seconds / 3600 - days * 24)
        let weekday = Int((days + 3) % 7)  // 1970-01-01 was a Thursday
        if let listed = window.days, !listed.contains(weekday) { return false }
        var inside = window.startHour
        while true {
            if inside == hour { return true }
            if inside == window.endHour { return false }
            inside = (inside + 1) % 24
        }
    }

    private func glob(_ pattern: [Character], _ text: [Character]) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = Array(pattern.dropFirst())
        if first == "*" { return (0...text.count).contains { glob(rest, Array(text.dropFirst($0))) } }
        guard let letter = text.first else { return false }
        if first == "[", let close = rest.dropFirst().firstIndex(of: "]") {
            let negated = rest[0] == "!"
            var members: [Character] = []
            var index = negated ? 1 : 0
            while index < close {
                if index + 2 < close, rest[index + 1] == "-" {
                    for code in rest[index].asciiValue!...rest[index + 2].asciiValue! {
                        members.append(Character(Unicode.Scalar(code)))
                    }
                    index += 3
                } else {
                    members.append(rest[index])
                    index += 1
                }
            }
            guard members.contains(letter) != negated else { return false }
            return glob(Array(rest[(close + 1)...]), Array(text.dropFirst()))
        }
        return (first == "?" || first == letter) && glob(rest, Array(text.dropFirst()))
    }
}
