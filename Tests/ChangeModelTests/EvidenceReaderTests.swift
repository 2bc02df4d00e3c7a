import ChangeModel
import TestSupport
import Testing

@Suite("Evidence files")
struct EvidenceReaderTests {
    private static func value(_ random: inout SeededGenerator, _ depth: Int = 0) -> JSONValue {
        let texts = ["", "a", "é", "\u{1F600}", "\"", "\\", "\n", "\u{1}", "\u{7F}", "a/b", "\u{E000}", "zz"]
        switch random.below(depth < 4 ? 8 : 5) {
        case 0: return .null
        case 1: return .bool(random.chance(50))
        case 2: return .integer(random.pick([0, -1, 42, 999_999_999_999_999_999, .max, .min]))
        case 3: return .number(random.pick([0.5, -2.25, 1e21]))
        case 4: return .string(random.pick(texts))
        case 5: return .array((0..<random.below(4)).map { _ in value(&random, depth + 1) })
        default:
            var members: [String: JSONValue] = [:]
            for _ in 0..<random.below(4) { members[random.pick(texts)] = value(&random, depth + 1) }
            return .object(members)
        }
    }

    @Test("what the quick reader takes is canonical, and the general reader reads it alike; usual ones it takes")
    func agrees() {
        var random = SeededGenerator(stream: 52_000)
        var (taken, damaged) = (0, 0)
        for _ in 0..<3000 {
            let bytes = Self.value(&random).evidenceBytes
            for attempt in 0..<8 {
                var text = bytes
                if attempt > 0 {
                    let place = random.below(text.count)
                    switch random.below(3) {
                    case 0: text[place] = random.pick(Array("\"\\,:{}[] \n01-.eutrf\u{1}".utf8) + [0xFF, 0xC3, 0x80])
                    case 1: text.remove(at: place)
                    default: text.insert(random.pick(Array("\"\\, \n0ab-".utf8)), at: place)
                    }
                }
                guard let value = JSONValue(evidence: text) else { continue }
                if attempt == 0 { taken += 1 } else if text != bytes { damaged += 1 }
                #expect(value.evidenceBytes == text)
                #expect((try? JSONValue(parsing: text)) == value, "\(String(decoding: text, as: UTF8.self))")
            }
        }
        #expect(taken > 1000 && damaged > 100, "\(taken) whole, \(damaged) others")
    }

    @Test("depth and size are bounded as they are for the general reader", arguments: [3, 40])
    func limits(depth: Int) {
        for levels in [depth, depth + 1] {
            let value = (0..<levels).reduce(JSONValue.null) { inner, _ in .array([inner]) }
            let bytes = value.evidenceBytes
            let limits = JSONLimits(depth: depth)
            #expect(
                (JSONValue(evidence: bytes, limits: limits) != nil)
                    == ((try? JSONValue(parsing: bytes, limits: limits)) != nil))
            #expect(JSONValue(evidence: bytes, limits: JSONLimits(bytes: bytes.count - 1)) == nil)
        }
    }
}
