public import ChangeModel
internal import Git

/// What the ledger holds of one executed step, and what it lacks.
public struct StepCoverage: Sendable, Hashable {
    public enum Part: String, Sendable, CaseIterable {
        case beforeState = "before_state"
        case afterState = "after_state"
        case rollback
    }

    public let id: ChangeID
    /// Of the event that ended it: an execution, or a person's resolution.
    public let height: Int
    public let at: Timestamp
    /// From 1.
    public let step: Int
    public let action: String
    public let target: String
    public let executor: String
    /// Whether the target may be another than before.
    public let changed: Bool
    /// Why each part is not there; nothing for those that are.
    public private(set) var lacks: [Part: String] = [:]

    public var json: JSONValue {
        [
            "id": .string(id.text), "height": .integer(Int64(height)), "at": .string(at.description),
            "step": .integer(Int64(step)), "action": .string(action), "target": .string(target),
            "executor": .string(executor), "changed": .bool(changed),
            "lacks": .array(
                Part.allCases.compactMap { part in
                    lacks[part].map { ["what": .string(part.rawValue), "why": .string($0)] }
                }),
        ]
    }
}

extension LedgerHistory {
    /// The steps that an execution, or a resolution of an unknown, speaks of and that were prepared.
    ///
    /// - Parameter actions: of main as it is now, for the reasons.
    public func coverage(
        of end: LedgerEvent, actions: [String: ActionDefinition]
    ) throws(LedgerError) -> [StepCoverage] {
        guard let id = end.change?.id, end.kind == .execution || end.kind == .resolution else { return [] }
        let record = try record(of: id)
        guard let claim = record.events.last(where: { $0.kind == .claim && $0.height < end.height }),
            let steps = claim.body["steps"]?.arrayValue
        else { return [] }
        let prepared = record.prepared(underClaim: claim.height)
        let executed = end.body["steps"]?.arrayValue ?? []
        var found: [StepCoverage] = []
        for (index, event) in prepared.enumerated() where steps.indices.contains(index) {
            // What became of a step stands with its own execution, or in the preparation of the step that followed.
            let successor = prepared.indices.contains(index + 1) ? prepared[index + 1] : nil
            let own: JSONValue? = executed.indices.contains(index) ? .some(executed[index]) : .none
            let done: JSONValue? = successor.flatMap { $0.body["done"] } ?? own
            if done?["outcome"] == "not_run" { continue }
            let isLast = successor == nil
            let changed =
                isLast && end.kind == .resolution
                ? end.outcome != Resolution.notApplied.rawValue
                : steps.count == 1 ? end.body["changed"] != .bool(false) : done?["changed"] != .bool(false)
            var coverage = StepCoverage(
                id: id, height: end.height, at: end.at, step: index + 1,
                action: steps[index]["action"]?.stringValue ?? "", target: steps[index]["target"]?.stringValue ?? "",
                executor: event.body["executor"]?.stringValue ?? "", changed: changed)
            try look(at: event, after: isLast ? end : successor, &coverage, actions: actions)
            found.append(coverage)
        }
        return found
    }

    private func look(
        at prepared: LedgerEvent, after: LedgerEvent?, _ coverage: inout StepCoverage,
        actions: [String: ActionDefinition]
    ) throws(LedgerError) {
        let action = actions[coverage.action]
        let declaresNothing = action.map { $0.stateFields.isEmpty } ?? false
        if try !holdsState("before.json", of: prepared) {
            coverage.lack(
                .beforeState,
                declaresNothing
                    ? "the action declares no `state_fields`, and there was no object to take a digest of"
                    : "there was nothing to read: the object was not there yet")
        }
        if after?.kind == .resolution {
            coverage.lack(.afterState, "its runner died: a person said what became of it")
        } else if let after, try !holdsState("after.json", of: after) {
            coverage.lack(
                .afterState,
                after.files.keys.contains { $0.hasSuffix("-after.json") }
                    ? "there was nothing to read: the object is gone" : "the target could not be read afterwards")
        }
        guard prepared.body["rollback"]?.isNull != false, coverage.changed else { return }
        guard let action else { return coverage.lack(.rollback, "the action is not in the catalogue any more") }
        coverage.lack(
            .rollback,
            !action.reversible
                ? "the action is not reversible"
                : action.rollbackAction == nil
                    ? "the action names no `rollback_action`"
                    : "a value that the way back needs was not there, or is a secret")
    }

    /// Whether a file that the event added says anything of the target: a digest, or a field with a value.
    private func holdsState(_ name: String, of event: LedgerEvent) throws(LedgerError) -> Bool {
        let path = "\(event.folder)/\(LedgerEvent.fileName(event.height, name))"
        guard event.files[path] != nil,
            let bytes = try reading({ () throws(GitError) in try repository.file(path, in: tip.commit.tree) }),
            let value = try? JSONValue(parsing: bytes, limits: JSONLimits(bytes: 16 << 20, depth: 40))
        else { return false }
        return value["digest"] != nil || value["fields"]?.objectValue?.contains { !$0.value.isNull } == true
    }
}

extension StepCoverage {
    fileprivate mutating func lack(_ part: Part, _ why: String) { lacks[part] = why }
}
