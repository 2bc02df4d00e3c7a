import ChangeModel
import TestSupport
import Testing

enum ChangeSamples {
    struct Sample: Sendable, CustomTestStringConvertible {
        let message: String
        let change: Change
        var testDescription: String { message }

        init(_ message: String, _ edit: (inout Change) -> Void) {
            self.message = message
            var change = ChangeSamples.plain
            edit(&change)
            self.change = change
        }
    }

    static let plain = Change(
        repository: "51t4bdacbn17p35b5604fjp1nc",
        id: ChangeID(now: Timestamp(seconds: 1_795_000_000), random: [1, 2, 3]),
        proposer: "agent", step: ChangeStep(action: "scale-deployment", target: "staging/api", parameters: ["n": 6]),
        reason: "why", created: Timestamp(seconds: 1_795_000_000), expires: Timestamp(seconds: 1_795_086_400))

    static let unrepresentable: [Sample] = [
        Sample("`repository`: a repository's name is 26 symbols") { $0.repository = "51T4bdacbn17p35b5604fjp1nc" },
        Sample("`proposer`: the proposer is not the name") { $0.proposer = "--force" },
        Sample("`action`: not an action's name") { $0.steps[0].action = "a\nb: c" },
        Sample("`target`: not a target's name") { $0.steps[0].target = "a/../b" },
        Sample("`reason`: the reason is empty") { $0.reason = "  " },
        Sample("`reason`: the invisible character U+000A") { $0.reason = "a\nAgentsafe-Vote: approve" },
        Sample("`reason`: the invisible character U+2028") { $0.reason = "a\u{2028}b" },
        Sample("`reason`: the invisible character U+202E") { $0.reason = "a\u{202E}b" },
        Sample("`reason`: the invisible character U+E000") { $0.reason = "a\u{E000}b" },
        Sample("`reason`: the invisible character U+0378") { $0.reason = "a\u{378}b" },
        Sample("`reason`: longer than 2000 characters") { $0.reason = String(repeating: "x", count: 2001) },
        Sample("`ticket`: a ticket is 1 to 100") { $0.ticket = "caf\u{e9}" },
        Sample("`ticket`: a ticket is 1 to 100") { $0.ticket = "" },
        Sample("`expires`: `expires` is not later") { $0.expires = $0.created },
        Sample("`created`: the year is not between") { $0.created = Timestamp(seconds: -1) },
        Sample("`expires`: the year is not between") { $0.expires = Timestamp(seconds: .max) },
        Sample("`delegation`: not a list of delegation tokens") { $0.delegation = ["eyJ.a.b\nproposer: x"] },
        Sample("`delegation`: not a list of delegation tokens") { $0.delegation = ["eyJ.a"] },
        Sample("`delegation`: 6 links, at most 5") { $0.delegation = [String](repeating: "eyJ.a.b", count: 6) },
        Sample("`rollback_of`: a change cannot roll back itself") { $0.rollbackOf = $0.id },
        Sample("param `n`: a param has no value") { $0.steps[0].parameters["n"] = .null },
        Sample("param `n`: an integral number is written as an integer") { $0.steps[0].parameters["n"] = 6.0 },
        Sample("param `n`: an integral number is written as an integer") {
            $0.steps[0].parameters["n"] = .number(-0.0)
        },
        Sample("param `n`: a param is neither infinite") { $0.steps[0].parameters["n"] = .number(.infinity) },
        Sample("param `n`: 9007199254740992 is beyond") { $0.steps[0].parameters["n"] = 9_007_199_254_740_992 },
        Sample("param `n`: the invisible character U+0000") { $0.steps[0].parameters["n"] = "\0" },
        Sample("param `n`: the invisible character U+000D") { $0.steps[0].parameters["n"] = "\r" },
        Sample("param `n`: a character beyond the basic plane") { $0.steps[0].parameters["n"] = "\u{1F600}" },
        Sample("param `n`: a mapping") { $0.steps[0].parameters["n"] = ["a": 1] },
        Sample("param `n`: a list inside a list") { $0.steps[0].parameters["n"] = [[1], [2]] },
        Sample("`a b` is not a param's name") { $0.steps[0].parameters["a b"] = 1 },
        Sample("two params differ only in case") { $0.steps[0].parameters["N"] = 1 },
        Sample("`params`: 101 params") { change in
            change.steps[0].parameters = [:]
            for index in 0...100 { change.steps[0].parameters["p\(index)"] = 1 }
        },
        Sample("`steps`: a plan has 2 to 20 steps") { $0.steps = [] },
        Sample("`steps`: a plan has 2 to 20 steps") { $0.steps = Array(repeating: $0.steps[0], count: 21) },
        Sample("step 2, param `n`: a mapping") { change in
            change.steps.append(change.steps[0])
            change.steps[1].parameters["n"] = ["a": 1]
        },
        Sample("step 3, `target`: not a target's name") { change in
            change.steps += [change.steps[0], change.steps[0]]
            change.steps[2].target = "a b"
        },
    ]

    private static func step(_ generator: inout SeededGenerator) -> ChangeStep {
        var parameters: [String: JSONValue] = [:]
        for _ in 0..<Int.random(in: 0..<8, using: &generator) {
            let name = pick(
                ["a", "replicas", "_x", "y", "No", "on", "null", "TRUE", "e1", "N_1", "off", "off2", "inf"], &generator)
            if parameters.keys.contains(where: { $0.lowercased() == name.lowercased() }) { continue }
            let isList = Int.random(in: 0..<4, using: &generator) == 0
            let count = Int.random(in: 0..<4, using: &generator)
            parameters[name] = isList ? .array((0..<count).map { _ in scalar(&generator) }) : scalar(&generator)
        }
        return ChangeStep(
            action: pick(["scale-deployment", "no", "y", "true", "null", "off", "a1"], &generator),
            target: pick(
                retypable + ["prod/api", "prod:api@eu", "1:20", "1:2:3", "a:b", "12:30:45.5"], &generator),
            parameters: parameters)
    }

    static func random(_ generator: inout SeededGenerator) -> Change {
        let created = Timestamp(seconds: Int64.random(in: 0...4_000_000_000, using: &generator))
        // Every third change is a plan.
        let count = Int.random(in: 0..<3, using: &generator) > 0 ? 1 : Int.random(in: 2...5, using: &generator)
        return Change(
            repository: CrockfordBase32.text(
                (0..<17).map { _ in UInt8(truncatingIfNeeded: generator.next()) }, count: 26),
            id: ChangeID(now: created, random: (0..<7).map { _ in UInt8(truncatingIfNeeded: generator.next()) }),
            proposer: pick(retypable + ["agent", "deploy.bot_1"], &generator),
            steps: (0..<count).map { _ in step(&generator) },
            reason: "r" + text(&generator, extra: ["\u{e4}", "\u{5909}", "\u{1F600}", "\u{301}", "\u{a0}"]),
            ticket: Bool.random(using: &generator)
                ? pick(retypable + ["INC-42", "a: b", " x", "#1", "'q'"], &generator) : nil,
            created: created,
            expires: Timestamp(seconds: created.seconds + Int64.random(in: 1...604_800, using: &generator)),
            delegation: Bool.random(using: &generator)
                ? (0..<Int.random(in: 1...5, using: &generator)).map { "eyJhbGci.eyJ\($0)-_.c2ln" } : [],
            rollbackOf: Bool.random(using: &generator) ? ChangeID("chg-20261122-7f3k9q2m4x") : nil)
    }

    /// Names that some version of YAML reads as something else than text when they stand plain.
    private static let retypable = [
        "no", "Yes", "ON", "off", "y", "N", "true", "False", "NULL", "null", "007", "1e3", "0x1F", "0o17", "0b11",
        "1_000",
        "1.5", "685.230_15e03", "2001-12-14", "2001-12-14t21", ".5", "_", "0.", "3scale", "1e", "12e03", "0xk",
    ]

    private static func scalar(_ generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: return .bool(Bool.random(using: &generator))
        case 1: return .integer(Int64.random(in: -9_007_199_254_740_991...9_007_199_254_740_991, using: &generator))
        case 2: return .integer(Int64.random(in: -20...20, using: &generator))
        case 3:
            let number = Double(bitPattern: generator.next())
            let isIntegral = Int64(exactly: number).map { abs($0) <= 9_007_199_254_740_991 } ?? false
            return number.isFinite && !isIntegral ? .number(number) : 0.1
        case 4: return .string(pick(retypable, &generator))
        default: return .string(text(&generator, extra: ["\n", "\t", "\u{e9}", "\u{5909}", "e\u{301}"]))
        }
    }

    private static func text(_ generator: inout SeededGenerator, extra: [String]) -> String {
        let pieces = [
            "a", "\"", "\\", ": ", " #", "'", "  ", "- ", "{{", "}", "%", "&x", "*x", "!t", "|", ">", "@", "`", "~",
        ]
        return (0..<Int.random(in: 0..<12, using: &generator)).map { _ in pick(pieces + extra, &generator) }.joined()
    }

    private static func pick(_ choices: [String], _ generator: inout SeededGenerator) -> String {
        choices[Int.random(in: 0..<choices.count, using: &generator)]
    }

    /// What a reader of the file should find.
    static func json(_ change: Change) -> JSONValue {
        var json = common(change)
        if change.steps.count > 1 {
            json["steps"] = .array(change.steps.map(\.json))
        } else {
            for (name, value) in change.steps[0].json.objectValue ?? [:] { json[name] = value }
        }
        return json
    }

    private static func common(_ change: Change) -> JSONValue {
        .compact([
            "apiVersion": "agentsafe/v1", "kind": "Change", "repository": .string(change.repository),
            "id": .string(change.id.text), "proposer": .string(change.proposer),
            "reason": .string(change.reason), "ticket": change.ticket.map { .string($0) },
            "created": .string(change.created.description), "expires": .string(change.expires.description),
            "delegation": change.delegation.isEmpty ? nil : .strings(change.delegation),
            "rollback_of": change.rollbackOf.map { .string($0.text) },
        ])
    }
}
