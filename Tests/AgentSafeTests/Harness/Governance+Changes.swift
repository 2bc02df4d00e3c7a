import ChangeModel
import Git
import OperatingSystem
import Testing

/// The steps that most tests need.
extension Governance {
    static let reason = "Queue depth doubled since 14:00"

    /// Proposes as `actor` and pushes; returns the identifier.
    func propose(
        _ actor: String = "agent", action: String = "scale-deployment", target: String = "staging/api-server",
        _ parameters: [String] = ["replicas=6"], options: [String] = []
    ) throws -> ChangeID {
        let words = parameters.flatMap { ["--param", $0] }
        let result = agentsafe(
            actor,
            ["propose", action, "--target", target, "--reason", Self.reason, "--push", "--output", "json"] + words
                + options)
        let id = (try? result.json)?["id"]?.stringValue.flatMap { ChangeID($0) }
        return try #require(id, "\(result)")
    }

    /// Lands a proposal as a maintainer does who fast-forwards main to it, or merges when main moved on.
    func land(_ id: ChangeID, as actor: String = "sam") throws {
        try git(actor, "fetch", "-q")
        try git(actor, "checkout", "-q", "-B", "main", "origin/main")
        try git(actor, "merge", "-q", "--ff", "-m", "Land it", "origin/\(id.branch)")
        try git(actor, "push", "-q", "origin", "main")
    }

    /// Puts the embedded cluster's example beside the clones and returns the `--cluster` option's words.
    func cluster() throws -> [String] {
        if Files.kind(clusterFile) == nil {
            try Files.create(clusterFile, try Files.read(Self.projectRoot + "/examples/clusters/demo.json"))
        }
        return ["--cluster", "embedded:\(clusterFile)"]
    }

    /// The checkout that the tests were built from.
    static var projectRoot: String {
        let here = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "/" + here
    }

    /// The result of `status ID --output json`, freshly fetched.
    func state(of id: ChangeID, seenBy actor: String = "sam") throws -> String {
        try git(actor, "fetch", "-q", "--prune")
        let result = agentsafe(actor, ["status", id.text, "--output", "json"])
        return try #require((try? result.json)?["state"]?.stringValue, "\(result)")
    }

    /// An allowed change, executed; returns its identifier.
    @discardableResult
    func execute(replicas: Int = 6) throws -> ChangeID {
        let id = try propose("agent", ["replicas=\(replicas)"])
        try land(id)
        try expect(0, "runner", ["run", id.text] + cluster())
        return id
    }

    /// Writes a file in a clone's work tree.
    func write(_ actor: String, _ path: String, _ text: String) throws {
        let full = "\(clone(actor))/\(path)"
        try Files.createDirectory(Files.parent(of: full))
        try Files.writeAtomically(full, Array(text.utf8))
    }

    func read(_ actor: String, _ path: String) throws -> String {
        String(decoding: try Files.read("\(clone(actor))/\(path)"), as: UTF8.self)
    }
}
