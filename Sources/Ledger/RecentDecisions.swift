public import ChangeModel
internal import PolicyEngine

/// `state/recent`: what was decided lately on the changes of each caller, so that nobody walks history to count.
///
///     state/recent/<YYYYMMDDhh>/<2 hex>/<64 hex>.json    {caller, decisions: ["11:05 passed medium", …]}
///
/// One file for each caller and hour, named by the SHA-256 of `caller`. An entry is the event's minute and second, what
/// became of the change, and its effective risk; of a plan that of its steps (`2*medium high`). A change has at most three: `refused`, then `denied`, then `passed_later`;
/// or `refused`, then `passed`. What the ledger knows of the change itself is in its own folder, and stays.
extension LedgerState {
    /// The most entries of one caller and hour: at most 600 KB, where a file of the state may have 1 MiB.
    static let maximumRecent = 10_000

    private static func recentPath(_ account: String, hour: String) -> String {
        let name = Digest(of: Array(account.utf8)).hexadecimal
        return "\(folder)/recent/\(hour)/\(name.prefix(2))/\(name).json"
    }

    /// The decisions of one account that are at hand at `now`, oldest first.
    func recent(of account: String, at now: Timestamp) throws(LedgerError) -> [RecentDecision] {
        let first = (now - Self.retention).hourText
        var found: [RecentDecision] = []
        for hour in try names(in: "recent") where hour >= first {
            let path = Self.recentPath(account, hour: hour)
            guard let value = try read(path) else { continue }
            guard let start = Timestamp(hourText: hour), let entries = value["decisions"]?.arrayValue else {
                throw .notAuthentic("the state's entry cannot be read", file: path)
            }
            for entry in entries {
                guard let text = entry.stringValue, let decision = RecentDecision(text, hour: start) else {
                    throw .notAuthentic("the state's entry cannot be read", file: path)
                }
                found.append(decision)
            }
        }
        return found
    }

    /// Whether one more decision of the account can be entered at `instant`.
    func hasRoom(for account: String, at instant: Timestamp) throws(LedgerError) -> Bool {
        let value = try read(Self.recentPath(account, hour: instant.hourText))
        return (value?["decisions"]?.arrayValue?.count ?? 0) < Self.maximumRecent
    }

    /// Enters what a decision or a claim means for the limits on the change's proposer, if it means anything new.
    mutating func enterDecision(_ event: LedgerEvent, _ change: SignedChange) throws(LedgerError) {
        guard let result = event.body.at("decision", "result")?.stringValue.flatMap(Verdict.init(rawValue:)),
            let risk = event.body.at("decision", "effective_risk")?.stringValue.flatMap({ RiskLevel($0) })
        else { return }
        let steps = event.body.at("decision", "limits", "step_risks")?.arrayValue?.compactMap {
            $0.stringValue.flatMap { RiskLevel($0) }
        }
        let code = event.body.at("decision", "code")?.stringValue.flatMap(DecisionCode.init(rawValue:))
        let standing = try record(of: change.change.id).standing(of: change.digest)
        guard let outcome = standing.outcome(of: result, code) else { return }
        let account = change.account(at: event.at)
        let path = Self.recentPath(account, hour: event.at.hourText)
        var entries = try read(path)?["decisions"]?.arrayValue ?? []
        entries.append(.string(RecentDecision(at: event.at, outcome: outcome, risks: steps ?? [risk]).text))
        put(path, ["caller": .string(account), "decisions": .array(entries)])
    }
}

extension SignedChange {
    /// Whom a decision on the change counts for: its proposer, if the key holds at `instant`. A key that was taken back or
    /// has ended counts for itself alone, so that whoever found it cannot use up its owner's limits.
    func account(at instant: Timestamp) -> String {
        if !key.revoked, key.isValid(at: instant) { return change.proposer }
        return "key:" + Digest(of: Array(key.publicKey.utf8)).hexadecimal
    }
}

extension CallerHistory.Standing {
    /// What a decision means to a change that has come so far; nil when it was counted before.
    func outcome(of result: Verdict, _ code: DecisionCode?) -> RecentDecision.Outcome? {
        let isRefusal = code == .rateLimited || code == .circuitOpen
        switch self {
        case .unrecorded where isRefusal: return .refused
        case .refused where isRefusal: return nil
        case .unrecorded, .refused: return result == .deny ? .denied : .passed
        case .denied: return result == .deny ? nil : .passedLater
        case .passed: return nil
        }
    }
}

extension ChangeRecord {
    /// How far the change with this digest has come, by its recorded decisions and claims.
    func standing(of digest: Digest) -> CallerHistory.Standing {
        var standing = CallerHistory.Standing.unrecorded
        for event in events where event.change?.digest == digest && (event.kind == .decision || event.kind == .claim) {
            let code = event.body.at("decision", "code")?.stringValue.flatMap(DecisionCode.init(rawValue:))
            guard let result = event.body.at("decision", "result")?.stringValue.flatMap(Verdict.init(rawValue:)),
                let outcome = standing.outcome(of: result, code)
            else { continue }
            switch outcome {
            case .refused: standing = .refused
            case .denied: standing = .denied
            case .passed, .passedLater:
                let before = event.body.at("decision", "limits", "cumulative_risk", "before")?.integerValue
                return .passed(before: before.map { Int($0) } ?? 0)
            }
        }
        return standing
    }

    /// Whether an event with this outcome is recorded: result, rule and code. Whatever changes with time alone, like a
    /// score, is recorded once.
    public func holds(_ decision: Decision, of digest: Digest) -> Bool {
        events.contains {
            $0.kind == .decision && $0.change?.digest == digest
                && $0.body.at("decision", "result")?.stringValue == decision.result.rawValue
                && $0.body.at("decision", "code")?.stringValue == decision.code.rawValue
                && $0.body.at("decision", "rule") == decision.json["rule"]
        }
    }
}

extension RecentDecision {
    /// `11:05 passed medium`, with the minute and second of `at`.
    var text: String {
        func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + String(number) }
        let second = at.secondOfDay % 3600
        var words = ["\(two(second / 60)):\(two(second % 60))", outcome.rawValue]
        for risk in RiskLevel.allCases {
            let count = risks.count { $0 == risk }
            if count > 0 { words.append(count == 1 ? "\(risk)" : "\(count)*\(risk)") }
        }
        return words.joined(separator: " ")
    }

    init?(_ text: String, hour: Timestamp) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count >= 3, let outcome = Outcome(rawValue: String(words[1])) else { return nil }
        var risks: [RiskLevel] = []
        for word in words[2...] {
            let parts = word.split(separator: "*", omittingEmptySubsequences: false)
            guard let risk = parts.last.flatMap({ RiskLevel($0) }), let count = parts.count == 1 ? 1 : Int(parts[0]),
                (1...Change.maximumSteps).contains(count)
            else { return nil }
            risks += Array(repeating: risk, count: count)
        }
        let time = words[0].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 2, let minute = Int64(time[0]), let second = Int64(time[1]), (0..<60).contains(minute),
            (0..<60).contains(second)
        else { return nil }
        self.init(at: hour + .seconds(minute * 60 + second), outcome: outcome, risks: risks)
        guard self.text == text else { return nil }
    }
}

extension Timestamp {
    /// The beginning of the hour that `hourText` names.
    init?(hourText text: String) {
        let digits = Array(text)
        guard digits.count == 10 else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        self.init("\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):00:00Z")
    }
}
