import ChangeModel
import Testing

@Suite("Vocabulary")
struct VocabularyTests {
    static let rows: [(RiskLevel, [RiskLevel])] = [
        (.low, [.low, .low, .medium, .high]),
        (.medium, [.low, .medium, .high, .critical]),
        (.high, [.medium, .high, .critical, .critical]),
        (.critical, [.high, .critical, .critical, .critical]),
    ]

    @Test("the effective risk follows the table, and an unknown target counts as critical", arguments: rows)
    func effectiveRisk(_ action: RiskLevel, _ row: [RiskLevel]) {
        let columns: [Sensitivity] = [.public, .internal, .restricted, .critical]
        #expect(columns.map { action.effective(on: $0) } == row)
        #expect(action.effective(on: nil) == row[3])
    }

    @Test("both bounds of a key's window belong to it, and a revoked key is never valid")
    func keyWindow() {
        let (start, end) = (Timestamp(seconds: 1000), Timestamp(seconds: 2000))
        var key = IdentityKey(publicKey: "ssh-ed25519 AAAA", validAfter: start, validBefore: end)
        let valid = [999, 1000, 1500, 2000, 2001].map { key.isValid(at: Timestamp(seconds: $0)) }
        #expect(valid == [false, true, true, true, false])
        key.revoked = true
        #expect(!key.isValid(at: Timestamp(seconds: 1500)))
        #expect(IdentityKey(publicKey: "ssh-ed25519 AAAA").isValid(at: Timestamp(seconds: .max)))
    }

    @Test("one real target has one lock, whatever it is called; types and locators keep locks apart")
    func locks() {
        func target(_ id: String, type: String = "k8s-deployment", _ locator: [String: String]) -> TargetEntry {
            TargetEntry(
                id: id, type: type, environment: .prod, sensitivity: .internal, locator: locator,
                location: SourceLocation(file: "inventory.yaml", line: 1))
        }
        let locator = ["cluster": "demo", "namespace": "prod", "deployment": "web"]
        let one = target("prod/web", locator)
        #expect(one.lockKey == target("another/name", locator).lockKey)
        #expect(one.lockKey != target("prod/web", type: "k8s-hpa", locator).lockKey)
        #expect(one.lockKey != target("prod/web", locator.merging(["namespace": "dev"]) { $1 }).lockKey)
        #expect(target("a", [:]).lockKey != target("b", [:]).lockKey)
        // A context is a way to a cluster; where the cluster is named, two ways lead to one place.
        let pinned = locator.merging(["cluster_uid": "4c7e"]) { $1 }
        func through(_ context: String, _ locator: [String: String]) -> Digest {
            target("prod/web", locator.merging(["context": context]) { $1 }).lockKey
        }
        #expect(through("a", pinned) == through("b", pinned) && through("a", pinned) == target("x", pinned).lockKey)
        #expect(through("a", locator) != through("b", locator))
    }
}
