import ChangeModel
import OperatingSystem
import TestSupport
import Testing

/// A landed change that waits to be run, the points that its run reaches, and what they mean.
struct CrashSite {
    /// Copied for each crash; itself left as it is.
    let governance: Governance
    let id: ChangeID
    let namespace: String
    /// The target's generation before the run: each mutation adds one.
    let generation: Int64
    /// How many executions the ledger holds before the run.
    let executions: Int64
    let points: [ReachedPoint]

    /// Where a run stands. Each phase is there in each run.
    enum Phase: String, CaseIterable, CustomTestStringConvertible {
        case beforeClaim, claiming, claimed, preparing, prepared, mutating, mutated, recording, recorded

        var testDescription: String { rawValue }
    }

    /// What must have become of the change when other runs have followed the one that was killed.
    enum Fate {
        case executed, unknown
        /// A push that outlives its process may win or lose.
        case either
    }

    /// What the policy allows by itself. A restart done twice shows: it is another change of the target each time.
    static let allowed = Result {
        try CrashSite("staging") { try $0.propose(action: "restart-deployment", []) }
    }

    /// What a person approved: votes travel with the claim.
    static let approved = Result {
        try CrashSite("prod") { governance in
            let id = try governance.propose(action: "restart-deployment", target: "prod/api-server", [])
            try governance.expect(0, "bob", ["approve", id.text, "--yes"])
            return id
        }
    }

    /// What undoes a change that was executed.
    static let rollback = Result {
        try CrashSite("staging") { governance in
            let done = try governance.execute()
            let answer = try governance.expect(0, "agent", ["rollback", done.text, "--push", "--output", "json"]).json
            return try #require(answer["id"]?.stringValue.flatMap { ChangeID($0) })
        }
    }

    private init(_ namespace: String, proposing propose: (Governance) throws -> ChangeID) throws {
        governance = try Governance.keptForAll()
        self.namespace = namespace
        try governance.enlist("runner2", as: ["--kind", "service", "--role", "runner"])
        // Trust commits are recorded by now: what is pushed after this is the claim, the preparation and the execution.
        try governance.expect(0, "runner", ["run"] + governance.cluster())
        id = try propose(governance)
        try governance.land(id)
        for actor in ["runner", "stranger", "bob"] { _ = governance.clone(actor) }
        generation = try governance.generation(namespace)
        executions = try governance.executions()
        let rehearsal = try Governance(copying: governance)
        let log = rehearsal.directory.file("points")
        let result = try rehearsal.spawn("runner", ["run"] + rehearsal.cluster(), log: log)
        try #require(result.status == 0, "\(result)")
        points = try ReachedPoint.read(log)
    }

    /// The place of the `count`th point of that name, of those whose subject has `words`.
    private func place(_ name: String, _ count: Int, _ words: String = "") throws -> Int {
        let places = points.indices.filter { points[$0].name == name && points[$0].subject.contains(words) }
        return try #require(places.count >= count ? places[count - 1] : nil, "\(name) is not reached \(count) times")
    }

    /// The points of one phase.
    func points(_ phase: Phase) throws -> ArraySlice<ReachedPoint> {
        let sent = try place("request.send", 1, "PATCH")
        let answered = try place("request.answered", 1, "PATCH")
        // From here on what was done is written down, though nobody has signed it.
        let kept = try place("file.rename", 1, "agentsafe/unsigned/")
        return switch phase {
        case .beforeClaim: points[..<(try place("remote.push", 1))]
        case .claiming: points[try place("remote.push", 1)...(try place("remote.pushed", 1))]
        case .claimed: points[(try place("remote.pushed", 1) + 1)..<(try place("remote.push", 2))]
        case .preparing: points[try place("remote.push", 2)...(try place("remote.pushed", 2))]
        case .prepared: points[(try place("remote.pushed", 2) + 1)..<sent]
        case .mutating: points[sent...answered]
        case .mutated: points[(answered + 1)...kept]
        case .recording: points[(kept + 1)...(try place("remote.pushed", 3))]
        case .recorded: points[(try place("remote.pushed", 3) + 1)...]
        }
    }

    /// The phases in which each name counts; in the others, where a run prepares its next step, the seed leaves out half of
    /// the names that an earlier phase had.
    private static let narrow: Set<Phase> = [.claiming, .preparing, .mutating, .recording]

    /// Of each name in a phase one point, chosen by the seed. `AGENTSAFE_TEST_CRASHES=1` leaves no name out.
    func sample(_ phase: Phase) throws -> [ReachedPoint] {
        var generator = SeededGenerator(stream: Phase.allCases.firstIndex(of: phase).map { UInt64($0) } ?? 0)
        let isWhole = Self.narrow.contains(phase) || TestEnvironment.number("AGENTSAFE_TEST_CRASHES") != nil
        let earlier = try Phase.allCases.prefix { $0 != phase }.flatMap { try points($0).map(\.name) }
        var chosen: [ReachedPoint] = []
        for (name, points) in Dictionary(grouping: try points(phase), by: \.name).sorted(by: { $0.key < $1.key }) {
            let isLeftOut = generator.chance(50) && !isWhole && earlier.contains(name)
            let point = generator.pick(points)
            if !isLeftOut { chosen.append(point) }
        }
        return chosen
    }

    func fate(_ phase: Phase, _ point: ReachedPoint) -> Fate {
        switch phase {
        case .beforeClaim, .claiming, .claimed, .recording, .recorded: .executed
        case .preparing:
            switch point.name {
            case "program.started": .either
            case "remote.pushed": .unknown
            default: .executed
            }
        case .prepared, .mutating, .mutated: .unknown
        }
    }

    /// Whether the killed process had changed the target.
    func isMutated(_ phase: Phase, _ point: ReachedPoint) -> Bool {
        switch phase {
        case .mutated, .recording, .recorded: true
        case .mutating: ["folder.sync", "file.stands", "request.answered"].contains(point.name)
        default: false
        }
    }
}

extension Governance {
    private func deployment(_ namespace: String) throws -> JSONValue {
        let items = try JSONValue(parsing: try Files.read(clusterFile))["items"]?.arrayValue ?? []
        let found = items.first {
            $0["kind"]?.stringValue == "Deployment" && $0.at("metadata", "namespace")?.stringValue == namespace
                && $0.at("metadata", "name")?.stringValue == "api-server"
        }
        return try #require(found)
    }

    /// How often the specification of the namespace's `api-server` was written.
    func generation(_ namespace: String) throws -> Int64 {
        try #require(try deployment(namespace).at("metadata", "generation")?.integerValue)
    }

    /// How many executions the ledger holds; everything in it is verified.
    func executions() throws -> Int64 {
        try expectVerified().at("ledger", "events", "execution")?.integerValue ?? 0
    }

    /// What a killed process may leave nowhere: temporary files, git's lock files, and records in the outbox.
    func leftovers(of actor: String) throws -> String {
        let found = try run([
            "find", directory.path, "(", "-name", "*.lock", "-o", "-name", "*.tmp", ")", "-not", "-path",
            "*/state/agentsafe/*.lock", "-not", "-path", "*/cluster.json.lock",
        ])
        return try found + git(actor, "for-each-ref", "refs/agentsafe")
    }
}
