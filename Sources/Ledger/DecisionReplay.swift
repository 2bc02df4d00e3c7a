public import ChangeModel
public import Git
internal import PolicyEngine

/// A recorded decision, decided again from the commits that it names: main, and the ledger before it.
public struct DecisionReplay: Sendable {
    /// One member that came out otherwise.
    public struct Difference: Sendable, Hashable {
        /// `decision.result`, `plan`, `approved_by`, …
        public let member: String
        public let recorded: JSONValue
        public let replayed: JSONValue
    }

    public enum Outcome: String, Sendable {
        /// The engine gives the very decision that was recorded.
        case same
        /// It gives another one, and is of the same version.
        case differs
        /// It gives another one, and another version decided then.
        case otherEngine = "other_engine"
        /// Nothing could be decided: what the event names is not there, or is not what it should be.
        case impossible
    }

    public let event: LedgerEvent
    public let commit: ObjectID
    /// The version of the engine that decided, as the event says it.
    public let engine: String
    /// What follows from the commits, as the event records it.
    public let recorded: [String: JSONValue]
    /// The same as it follows now; nil where nothing could be decided.
    public let replayed: [String: JSONValue]?
    public let differences: [Difference]
    /// Why nothing could be decided, or what is wrong with the event's form.
    public let problem: String?

    public var isOtherEngine: Bool { engine != PolicyEngine.version }

    public var outcome: Outcome {
        if replayed == nil { return .impossible }
        if differences.isEmpty { return .same }
        return isOtherEngine ? .otherEngine : .differs
    }

    /// The kinds of events that record a decision.
    public static let kinds: Set<EventKind> = [.decision, .claim]

    /// Decides again. Never fails: what stands in the way is part of the answer.
    ///
    /// - Parameter main: main as far as it was verified. Where it does not know the commit that the event names, that
    ///   commit's tree is taken as it is.
    public init(_ entry: LedgerScan.Entry, main: MainHistory?, in repository: Repository) {
        event = entry.event
        commit = entry.commit.id
        engine = entry.event.body["engine"]?.stringValue ?? "none"
        let derivation = Derivation(entry: entry, main: main, repository: repository)
        do throws(LedgerError) {
            let replayed = try derivation.members()
            self.replayed = replayed
            recorded = derivation.recorded(like: replayed)
            differences = Self.differences(recorded, replayed)
            problem = entry.fault
        } catch {
            replayed = nil
            recorded = ["decision": entry.event.body["decision"] ?? .null]
            differences = []
            problem = error.description
        }
    }

    private static func differences(
        _ recorded: [String: JSONValue], _ replayed: [String: JSONValue]
    ) -> [Difference] {
        var found: [Difference] = []
        for name in replayed.keys.sorted() {
            let (old, new) = (recorded[name] ?? .null, replayed[name] ?? .null)
            guard old != new else { continue }
            guard name == "decision", let oldMembers = old.objectValue, let newMembers = new.objectValue else {
                found.append(Difference(member: name, recorded: old, replayed: new))
                continue
            }
            for member in Set(oldMembers.keys).union(newMembers.keys).sorted()
            where oldMembers[member] != newMembers[member] {
                found.append(
                    Difference(
                        member: "decision.\(member)", recorded: oldMembers[member] ?? .null,
                        replayed: newMembers[member] ?? .null))
            }
        }
        return found
    }

    public var json: JSONValue {
        [
            "event": .string(event.kind.rawValue), "height": .integer(Int64(event.height)),
            "change": event.change.map { .string($0.id.text) } ?? .null,
            "digest": event.change.map { .string($0.digest.description) } ?? .null,
            "commit": .string(commit.description), "main": .string(event.main.description),
            "at": .string(event.at.description), "engine": .string(engine), "outcome": .string(outcome.rawValue),
            "recorded": .object(recorded), "replayed": replayed.map { .object($0) } ?? .null,
            "differences": .array(
                differences.map { ["member": .string($0.member), "recorded": $0.recorded, "replayed": $0.replayed] }),
            "problem": problem.map { .string($0) } ?? .null,
        ]
    }
}

/// What the engine makes of the commits that an event names.
private struct Derivation {
    let entry: LedgerScan.Entry
    let main: MainHistory?
    let repository: Repository

    private var event: LedgerEvent { entry.event }

    /// The members of the event's body that follow from main and from the ledger before it.
    func members() throws(LedgerError) -> [String: JSONValue] {
        let ground = try RecordedGround(entry, main: main, in: repository)
        let past = try ground.state.past(of: ground.change, main: ground.main, at: event.at)
        guard event.kind == .claim else {
            let judgement = try Judgement(ground.change, main: ground.main, past: past, now: event.at)
            return [
                "decision": judgement.decision.json,
                "plan": judgement.plan.map { .string($0.digest.description) } ?? .null,
                "proposer": .string(ground.change.change.proposer),
            ]
        }
        let votes = try ground.state.record(of: ground.change.change.id).votes
        let judgement = try Judgement(ground.change, main: ground.main, recorded: votes, past: past, now: event.at)
        switch judgement.authorization {
        case .authorized(let authorized):
            return [
                "standing": Self.authorized, "decision": authorized.decision.json,
                "plan": .string(authorized.plan.digest.description),
                "locks": .strings(authorized.plan.locks.map(\.description)),
                "approved_by": .strings(authorized.approvedBy), "steps": authorized.plan.recordedSteps,
            ]
        case .awaitingApproval(let decision, let plan, let missing):
            let needed = missing.map { "\($0.count) × \($0.role)" }.joined(separator: ", ")
            return [
                "standing": .string("awaiting approval: \(needed)"), "decision": decision.json,
                "plan": .string(plan.digest.description),
            ]
        case .denied(let decision):
            return ["standing": "denied", "decision": decision.json]
        }
    }

    /// Nobody claims but what is authorized: a claim says so by being one.
    private static let authorized: JSONValue = "authorized"

    func recorded(like replayed: [String: JSONValue]) -> [String: JSONValue] {
        var members = replayed
        for name in replayed.keys {
            members[name] = name == "standing" ? Self.authorized : event.body[name] ?? .null
        }
        return members
    }
}
