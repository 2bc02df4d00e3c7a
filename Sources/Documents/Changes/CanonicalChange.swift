internal import ChangeModel

/// What a change may hold, beyond the types of its members. Reading and writing ask the same questions, so nothing can be
/// written that would not be read.
struct CanonicalChange {
    /// A rule that a change breaks, and at which key of its file.
    struct Problem {
        /// The step that it is in, from 0; nil for what is the change's own, and for a change of one step.
        let step: Int?
        let key: String
        let parameter: String?
        let message: String
        let advice: String?
    }

    static let apiVersion = "agentsafe/v1"
    static let kind = "Change"
    static let maximumParameters = 100
    static let maximumReasonLength = 2000
    /// Integers that every JSON reader keeps exact (RFC 8259, section 6).
    static let integers: ClosedRange<Int64> = -9_007_199_254_740_991...9_007_199_254_740_991

    static func isRepository(_ text: String) -> Bool {
        text.utf8.count == 26 && text.utf8.allSatisfy(CrockfordBase32.isSymbol)
    }

    private(set) var problems: [Problem] = []
    private var step: Int?

    init(_ change: Change) {
        require("repository", Self.isRepository(change.repository), "a repository's name is 26 symbols of base32")
        require("proposer", Identifier.isName(change.proposer), "the proposer is not the name of an identity")
        let counts = 1...Change.maximumSteps
        require("steps", counts.contains(change.steps.count), "a plan has 2 to \(Change.maximumSteps) steps")
        for (index, step) in change.steps.enumerated() {
            self.step = change.isPlan ? index : nil
            require("action", Identifier.isActionName(step.action), "not an action's name")
            require("target", Identifier.isTargetName(step.target), "not a target's name")
            checkParameters(step.parameters)
        }
        step = nil
        checkReason(change.reason)
        if let ticket = change.ticket {
            require(
                "ticket", (1...100).contains(ticket.utf8.count) && VisibleText.isPrintableASCII(ticket),
                "a ticket is 1 to 100 printable ASCII characters")
        }
        let years: ClosedRange<Int64> = 0...253_402_300_799
        require("created", years.contains(change.created.seconds), "the year is not between 1970 and 9999")
        require("expires", years.contains(change.expires.seconds), "the year is not between 1970 and 9999")
        require("expires", change.expires > change.created, "`expires` is not later than `created`")
        require(
            "delegation", change.delegation.count <= Delegation.maximumDepth,
            "\(change.delegation.count) links, at most \(Delegation.maximumDepth) are allowed")
        require("delegation", change.delegation.allSatisfy(Delegation.isToken), "not a list of delegation tokens")
        require("rollback_of", change.rollbackOf != change.id, "a change cannot roll back itself")
    }

    private mutating func require(_ key: String, _ isFine: Bool, _ message: String) {
        if !isFine { add(key, message) }
    }

    private mutating func add(_ key: String, parameter: String? = nil, _ message: String, advice: String? = nil) {
        problems.append(Problem(step: step, key: key, parameter: parameter, message: message, advice: advice))
    }

    private mutating func checkReason(_ reason: String) {
        if reason.unicodeScalars.count > Self.maximumReasonLength {
            add("reason", "longer than \(Self.maximumReasonLength) characters")
        } else if reason.allSatisfy({ $0 == " " }) {
            add("reason", "the reason is empty", advice: "say why in a sentence: approvers read it")
        } else if let problem = VisibleText.problem(reason, allowingLineFeeds: false) {
            add("reason", "\(problem) in the reason", advice: "a reason is one line of visible characters")
        }
    }

    private mutating func checkParameters(_ parameters: [String: JSONValue]) {
        if parameters.count > Self.maximumParameters {
            add("params", "\(parameters.count) params, at most \(Self.maximumParameters) are allowed")
            return
        }
        var seen: Set<String> = []
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
            if !Identifier.isParameterName(name) {
                add("params", parameter: name, "`\(EscapedText.bounded(name))` is not a param's name")
            } else if !seen.insert(name.lowercased()).inserted {
                add("params", parameter: name, "two params differ only in case: `\(name)`")
            }
            if case .array(let elements) = value {
                for element in elements {
                    if let problem = Self.problem(element) {
                        add("params", parameter: name, problem.message, advice: problem.advice)
                        break
                    }
                }
            } else if let problem = Self.problem(value) {
                add("params", parameter: name, problem.message, advice: problem.advice)
            }
        }
    }

    private static func problem(_ value: JSONValue) -> (message: String, advice: String?)? {
        switch value {
        case .null: return ("a param has no value", "leave the param out, or write `\"\"`")
        case .bool: return nil
        case .integer(let number):
            return integers.contains(number) ? nil : ("\(number) is beyond what every reader keeps exact", nil)
        case .number(let number):
            guard number.isFinite else { return ("a param is neither infinite nor without a number", nil) }
            if let integer = Int64(exactly: number), integers.contains(integer) {
                return ("an integral number is written as an integer", "write `\(integer)`")
            }
            return nil
        case .string(let text):
            if text.unicodeScalars.contains(where: { $0.value > 0xFFFF }) {
                return ("a character beyond the basic plane, which a param cannot hold", nil)
            }
            return VisibleText.problem(text, allowingLineFeeds: true).map { ($0, "remove it") }
        case .array: return ("a list inside a list", "a param holds scalars, or one list of scalars")
        case .object: return ("a mapping", "a param holds scalars, or one list of scalars")
        }
    }
}
