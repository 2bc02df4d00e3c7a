import ChangeModel
import Testing

/// A ledger with a past, to be tampered with.
struct ExecutedLedger {
    let governance: Governance
    /// Approved, executed and recorded.
    let id: ChangeID
    /// Landed, and waiting for an approval.
    let waiting: ChangeID

    /// Made once; each test tampers with a copy. Everybody but the stranger has verified it as it is.
    private static let original = Result {
        let governance = try Governance.keptForAll()
        let id = try governance.approvedInProduction()
        try governance.land(id)
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        let other = try governance.propose(target: "prod/web", ["replicas=5"])
        try governance.land(other)
        for actor in ["sam", "stranger"] { try governance.git(actor, "fetch", "-q") }
        try governance.expect(0, "sam", ["verify"])
        return ExecutedLedger(governance: governance, id: id, waiting: other)
    }

    static func copy() throws -> ExecutedLedger {
        let original = try Self.original.shared()
        return ExecutedLedger(
            governance: try Governance(copying: original.governance), id: original.id, waiting: original.waiting)
    }

    /// Everybody must be told: who saw the ledger before, who sees it for the first time, and the runner, which goes no
    /// further.
    func expectRefused(
        at commit: String?, _ words: String, file: String? = nil,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let told = try governance.verifyEverywhere(30, sourceLocation: sourceLocation)
        let place = "ledger commit \(try #require(commit, sourceLocation: sourceLocation).prefix(12))"
        #expect(told.errors.contains(place), "\(told)", sourceLocation: sourceLocation)
        #expect(told.errors.contains(words), "\(told)", sourceLocation: sourceLocation)
        if let file { #expect(told.errors.contains("`\(file)`"), "\(told)", sourceLocation: sourceLocation) }
        try governance.expect(30, "sam", ["log"], sourceLocation: sourceLocation)
        try governance.runRefused(30, sourceLocation: sourceLocation)
    }
}
