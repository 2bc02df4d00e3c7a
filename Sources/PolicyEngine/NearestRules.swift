internal import ChangeModel

/// Finds the rules that nearly decided, and says in words what they missed.
struct NearestRules {
    static let limit = 3
    let rules: [CompiledRule]

    /// The rules that would have let the request through and missed least, best first. Rules for the action come before
    /// others; a deny is left out, for matching it would have helped nobody.
    func find(for request: DecisionRequest, _ circumstances: Circumstances) -> [NearMiss] {
        var best: [(rule: CompiledRule, missed: Conditions)] = []
        for compiled in rules where compiled.rule.decision != .deny {
            var missed = compiled.missed(by: request, circumstances)
            if !compiled.matchesAction(request.action) { missed.insert(.action) }
            let place = best.firstIndex { isNearer(missed, than: $0.missed) } ?? best.count
            guard place < Self.limit else { continue }
            best.insert((compiled, missed), at: place)
            if best.count > Self.limit { best.removeLast() }
        }
        return best.map { near in
            NearMiss(
                rule: near.rule.rule.name, location: near.rule.rule.location,
                missed: words(for: near.missed, of: near.rule.rule.match, request, circumstances))
        }
    }

    private func isNearer(_ left: Conditions, than right: Conditions) -> Bool {
        (left.contains(.action) ? 1 : 0, left.count) < (right.contains(.action) ? 1 : 0, right.count)
    }

    /// What each missed condition asks for, and what is there instead.
    func words(
        for missed: Conditions, of match: RuleMatch, _ request: DecisionRequest, _ now: Circumstances
    ) -> [String] {
        var words: [String] = []
        func add(_ condition: Conditions, _ text: @autoclosure () -> String) {
            if missed.contains(condition) { words.append(text()) }
        }
        add(.action, "action \(Excerpt.quoted(request.action)) not in \(Excerpt.list(match.actions))")
        add(.knownTarget, UnknownTarget.words(request.target))
        if let selector = match.targets, let target = now.target?.entry {
            let environments = selector.environments?.map(\.rawValue) ?? []
            add(.environment, "target environment \(target.environment.rawValue) not in \(Excerpt.list(environments))")
            let sensitivities = selector.sensitivities?.map(\.rawValue) ?? []
            add(.sensitivity, "target sensitivity \(target.sensitivity.rawValue) not in \(Excerpt.list(sensitivities))")
            add(.type, "target type \(target.type) not in \(Excerpt.list(selector.types ?? []))")
            let labels = (selector.labels ?? [:]).filter { target.labels[$0.key] != $0.value }
            add(.labels, "target lacks labels \(Excerpt.list(labels.map { "\($0.key)=\($0.value)" }.sorted()))")
        }
        add(.namedCaller, "the caller is anonymous")
        if let selector = match.callers {
            let caller = request.caller
            add(.callerID, "caller \(Excerpt.quoted(caller.id ?? "")) not in \(Excerpt.list(selector.agentIDs ?? []))")
            add(.roles, "caller roles \(Excerpt.list(caller.roles)) not in \(Excerpt.list(selector.roles ?? []))")
            add(.groups, "caller groups \(Excerpt.list(caller.groups)) not in \(Excerpt.list(selector.groups ?? []))")
            let kinds = selector.kinds?.map(\.rawValue) ?? []
            add(.kind, "caller kind \(caller.kind?.rawValue ?? "unknown") not in \(Excerpt.list(kinds))")
            let depth = caller.delegation?.depth ?? 0
            add(.delegatedFrom, "the caller was not delegated from \(Excerpt.list(selector.delegatedFrom ?? []))")
            add(.delegationDepth, "delegation depth \(depth) is more than \(selector.maximumDelegationDepth ?? 0)")
            add(
                .delegation,
                depth == 0 ? "the caller acts without delegation" : "the rule holds only without delegation")
        }
        let risks = match.riskClasses?.map(\.description) ?? []
        add(.risk, "effective risk \(now.effectiveRisk) not in \(Excerpt.list(risks))")
        let day = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][now.weekday]
        let windows = (match.timeWindows ?? []).map(\.description)
        add(.time, "\(day) \(now.hour):00 UTC not in \(Excerpt.list(windows))")
        add(.ticket, now.hasTicket ? "the rule holds only without a ticket" : "a ticket is required")
        add(
            .ticketPattern,
            "ticket \(Excerpt.quoted(request.ticket ?? "")) does not match pattern \(Excerpt.quoted(match.ticketPattern ?? "")) as a "
                + "whole")
        add(
            .rollback,
            now.isRollback
                ? "the rule holds only for what is no rollback"
                : "it is not the recorded rollback of the latest execution on the target")
        return words
    }
}

extension TimeWindow {
    /// `Mon Tue 9-17`
    fileprivate var description: String {
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        let days = (days ?? []).map { names.indices.contains($0) ? names[$0] : String($0) }
        return (days + ["\(startHour)-\(endHour)"]).joined(separator: " ")
    }
}
