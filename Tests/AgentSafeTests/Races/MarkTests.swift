import ChangeModel
import Git
import OperatingSystem
import Synchronization
import TestSupport
import Testing

@testable import Ledger

@Suite("High-water marks")
struct MarkTests {
    @Test("several processes move the marks at once, and nobody ever sees them go back")
    func together() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("marks.json")
        let tips = (0..<200).map { ObjectID(String(repeating: "0", count: 36) + String(1000 + $0))! }
        @Sendable func position(_ marks: HighWaterMarks?) -> Int {
            marks.flatMap { tips.firstIndex(of: $0.ledger) } ?? -1
        }
        let isOver = Atomic(false)
        let faults = Mutex<[String]>([])
        let watcher = BackgroundWork("watcher") {
            var last = -1
            while !isOver.load(ordering: .relaxed) {
                do {
                    let seen = position(try HighWaterMarks.read(path))
                    if seen < last { faults.withLock { $0.append("\(seen) after \(last)") } }
                    last = seen
                } catch {
                    faults.withLock { $0.append("\(error)") }
                }
            }
        }
        let writers = (0..<4).map { writer in
            BackgroundWork("writer \(writer)") {
                var generator = SeededGenerator(stream: 9_000 + UInt64(writer))
                for _ in 0..<60 {
                    let own = generator.below(tips.count)
                    let marks = HighWaterMarks(main: tips[own], ledger: tips[own], ledgerMain: tips[own])
                    do {
                        try marks.write(path) { position($0) <= own }
                    } catch {
                        faults.withLock { $0.append("\(error)") }
                    }
                }
            }
        }
        for writer in writers { #expect(writer.wait(milliseconds: 60_000) != nil) }
        isOver.store(true, ordering: .relaxed)
        #expect(watcher.wait(milliseconds: 60_000) != nil)
        #expect(faults.withLock { $0 } == [])
        var expected = -1
        for writer in 0..<4 {
            var generator = SeededGenerator(stream: 9_000 + UInt64(writer))
            for _ in 0..<60 { expected = max(expected, generator.below(tips.count)) }
        }
        #expect(position(try HighWaterMarks.read(path)) == expected)
    }

    @Test("processes of one user with clones of different age: the marks end at the newest, and stay there")
    func clonesOfDifferentAge() throws {
        let governance = try Governance()
        try governance.git("bob", "fetch", "-q")
        try governance.execute()
        try governance.git("carol", "fetch", "-q")
        try governance.execute(replicas: 4)
        try governance.git("sam", "fetch", "-q")
        let program = try InstalledProgram.path()
        let state = ["AGENTSAFE_STATE_HOME": "\(governance.directory.path)/shared"]
        let works = (0..<6).map { index in
            let actor = ["bob", "carol", "sam"][index % 3]
            let folder = governance.clone(actor)
            return BackgroundWork("reader \(index)") {
                governance.spawn(program, actor, ["log"], in: folder, adding: state)
            }
        }
        for (index, work) in works.enumerated() {
            let result = try #require(work.wait(milliseconds: 60_000))
            // A clone that is behind is told so; the newest is never refused.
            #expect(result.status == 0 || index % 3 != 2 && result.status == 30, "\(result)")
        }
        let genesis = try #require(ObjectID(try governance.git("sam", "config", "agentsafe.genesis")))
        let path = HighWaterMarks.path(stateFolder: "\(governance.directory.path)/shared", genesis: genesis)
        #expect(try HighWaterMarks.read(path)?.ledger.description == governance.tip("ledger"))
    }

    @Test("main cannot be rewound unseen while one of two trust commits waits for its event")
    func halfRecordedTrust() throws {
        let governance = try Governance()
        for name in ["dora", "emil"] { try governance.enlist(name, as: ["--kind", "person"]) }
        let desk = try LedgerDesk(governance)
        let version = try desk.history.state.trustVersion() + 1
        let trust = try #require(desk.history.main.trustCommit(version: version))
        let draft = EventDraft(kind: .trust, change: nil, body: TrustEvent.body(trust), headline: "the first")
        try desk.writer.append([draft], main: desk.history.main.tip, at: desk.now)
        #expect(try desk.main.identities.trustVersion > version)
        try desk.push()
        let before = try governance.tip("main")
        let id = try governance.propose()
        try governance.land(id)
        try governance.expect(0, "sam", ["log"])
        try governance.git("sam", "push", "-q", "--force", "origin", "\(before):refs/heads/main")
        try governance.git("sam", "fetch", "-q")
        try governance.expect(30, "sam", ["log"])
        // Brought back, it goes on, and the trust commit that waits is found.
        try governance.git("sam", "push", "-q", "origin", "main:refs/heads/main")
        try governance.expect(0, "runner", ["run", id.text] + governance.cluster())
        try governance.verifyEverywhere(0)
    }
}
