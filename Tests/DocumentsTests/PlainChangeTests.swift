import ChangeModel
import TestSupport
import Testing

@testable import Documents

@Suite("Changes read without the YAML parser")
struct PlainChangeTests {
    @Test("what it reads the YAML parser reads alike, be it whole or damaged, and usual changes are read")
    func agrees() {
        var random = SeededGenerator(stream: 51_000)
        var (read, damaged) = (0, 0)
        for _ in 0..<2000 {
            let bytes = ChangeDocument.canonicalBytes(ChangeSamples.random(&random))
            for attempt in 0..<12 {
                var text = bytes
                if attempt > 0 {
                    let place = random.below(text.count)
                    switch random.below(3) {
                    case 0: text[place] = random.pick(Array("\"\\\n :#-'01eyx~{}[]&*!%é".utf8))
                    case 1: text.remove(at: place)
                    default: text.insert(random.pick(Array("\"\n :0a\r\t".utf8)), at: place)
                    }
                }
                guard let change = PlainChange.read(text) else { continue }
                if attempt == 0 { read += 1 } else if text != bytes { damaged += 1 }
                let parsed = try? ChangeDocument.parseYAML(SourceFile(name: "change.yaml", bytes: text))
                #expect(parsed == change, "\(String(decoding: text, as: UTF8.self))")
            }
        }
        #expect(read > 20 && damaged > 20, "\(read) whole, \(damaged) others")
    }
}
