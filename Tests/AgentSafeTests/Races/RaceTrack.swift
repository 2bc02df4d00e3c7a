import ChangeModel
import Documents
import Git
import OperatingSystem
import SSHSignature
import Synchronization
import TestSupport
import Testing

@testable import Ledger

/// One governance repository with several runners, a cluster with one deployment, and changes for them to race for.
final class RaceTrack {
    let governance: Governance
    let machines: [RaceMachine]
    /// Runs without faults: to see what a race came to, and to clear up after it.
    let marshal: RaceMachine
    var generator: SeededGenerator
    private let program: String
    private var waiting: [ChangeID] = []
    private var landed = 0

    /// A repository with four runners that has not raced yet.
    private static let template = Result {
        let governance = try Governance()
        KeptFolders.remember(governance.directory.path)
        for number in 2...4 {
            try governance.enlist("runner\(number)", as: ["--kind", "service", "--role", "runner"])
        }
        try governance.run(["git", "-C", governance.remote, "config", "gc.auto", "0"])
        try governance.run(["git", "-C", governance.remote, "config", "receive.autogc", "false"])
        try shrinkCatalogue(of: governance)
        try makeCluster(in: governance)
        try governance.execute(replicas: 1)
        for actor in ["alice", "bob", "sam", "stranger"] { try governance.update(actor) }
        return governance
    }

    /// One action and one target: what is read again and again in every race is little.
    private static func shrinkCatalogue(of governance: Governance) throws {
        try governance.update("alice")
        let folder = governance.clone("alice")
        for name in try Files.list("\(folder)/actions") where name != "scale-deployment.yaml" {
            try Files.remove("\(folder)/actions/\(name)")
        }
        for name in try Files.list("\(folder)/tests") { try Files.remove("\(folder)/tests/\(name)") }
        let inventory = try governance.read("alice", "inventory.yaml")
        let entries = inventory.split(separator: "\n\n").filter { $0.contains("id: staging/api-server\n") }
        try governance.write("alice", "inventory.yaml", "targets:\n" + entries.joined(separator: "\n") + "\n")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Keep one action and one target", "--push"])
    }

    init(runners: Int, sharing: RaceTests.Sharing, stream: UInt64) throws {
        governance = try Governance(copying: Self.template.get())
        generator = SeededGenerator(stream: 7_000 + stream)
        program = try InstalledProgram.path()
        let git = try FaultyGit(in: governance.directory.path)
        let governance = governance
        machines = try (1...runners).map { number in
            let actor = number == 1 || sharing != .nothing ? "runner" : "runner\(number)"
            let home = sharing == .home ? "machine1" : "machine\(number)"
            return try RaceMachine("machine\(number)", as: actor, in: governance, git: git, home: home)
        }
        marshal = try RaceMachine("marshal", as: "runner", in: governance, git: git)
        generation = try currentGeneration()
    }

    // MARK: - The target

    /// How often the deployment's wishes were changed, by the cluster's own count.
    private(set) var generation: Int64 = 0

    /// The example's one deployment: a small file is quickly read.
    private static func makeCluster(in governance: Governance) throws {
        let all = try JSONValue(parsing: try Files.read("\(Governance.projectRoot)/examples/clusters/demo.json"))
        let items = (all["items"]?.arrayValue ?? []).filter { item in
            let name = item.at("metadata", "name")?.stringValue
            let namespace = item.at("metadata", "namespace")?.stringValue
            return item["kind"] == "Namespace"
                || item["kind"] == "Deployment" && name == "api-server" && namespace == "staging"
        }
        let small: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(items)]
        try Files.writeAtomically(governance.clusterFile, small.evidenceBytes)
    }

    func currentGeneration() throws -> Int64 {
        let items = try JSONValue(parsing: try Files.read(governance.clusterFile))["items"]?.arrayValue ?? []
        let deployment = try #require(items.first { $0["kind"] == "Deployment" })
        return try #require(deployment.at("metadata", "generation")?.integerValue)
    }

    // MARK: - Changes

    /// The next change to race for. They land many at a time, each with another number of replicas than the two before it.
    func nextChange() throws -> ChangeID {
        if waiting.isEmpty { waiting = try landChanges(10).reversed() }
        return waiting.removeLast()
    }

    private func landChanges(_ count: Int) throws -> [ChangeID] {
        try governance.git("sam", "fetch", "-q")
        let repository = try Repository(containing: governance.clone("sam"))
        let main = try #require(try repository.reference("refs/remotes/origin/main"))
        let commit = try repository.commit(main)
        let signer = try SigningKeyLocator(host: governance.host("agent")).signer(for: governance.key("agent"))
        let configuration = try ConfigurationDocument.parse(
            SourceFile(
                name: Configuration.fileName,
                bytes: try #require(try repository.file(Configuration.fileName, in: commit.tree))))
        var edits: [String: ObjectID?] = [:]
        var ids: [ChangeID] = []
        let now = governance.clock.timestamp
        for _ in 0..<count {
            let id = ChangeID(now: now, random: (0..<7).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
            landed += 1
            let change = Change(
                repository: configuration.repository ?? "", id: id, proposer: Governance.identity("agent"),
                step: ChangeStep(
                    action: "scale-deployment", target: "staging/api-server",
                    parameters: ["replicas": .integer(Int64(1 + landed % 5))]),
                reason: Governance.reason, created: now, expires: now + .seconds(6 * 86_400))
            let bytes = try ChangeDocument.emit(change)
            let signature = try signer.sign(bytes, namespace: Change.signatureNamespace).armored
            edits["\(id.folder)/\(Change.fileName)"] = .some(try repository.writeBlob(bytes))
            edits["\(id.folder)/\(Change.signatureName)"] = .some(try repository.writeBlob(Array(signature.utf8)))
            ids.append(id)
        }
        let draft = CommitDraft(
            tree: try repository.edit(commit.tree, edits), parents: [main],
            person: CommitDraft.person(name: "agent", email: "agent@example.com"), time: now.seconds,
            message: "Land \(count) changes\n")
        let landing = try repository.write(.commit, try draft.sign(with: signer))
        try governance.git("sam", "push", "-q", "origin", "\(landing):refs/heads/main")
        return ids
    }

    // MARK: - Runs

    var words: [String] { ["--cluster", "embedded:\(governance.clusterFile)", "--output", "json"] }

    func start(_ machine: RaceMachine, _ id: ChangeID, plan: FaultPlan, round: Int) throws -> RaceRun {
        try machine.start(["run", id.text] + words, plan: plan, round: round, program: program)
    }

    /// What a run says about one change: `executed`, `claimed`, … or, for an error, its words.
    func status(_ result: CommandResult, of id: ChangeID) -> String {
        let runs = (try? result.json)?["runs"]?.arrayValue ?? []
        let own = runs.first { $0["id"]?.stringValue == id.text }
        return own?["status"]?.stringValue ?? result.errors
    }
}
