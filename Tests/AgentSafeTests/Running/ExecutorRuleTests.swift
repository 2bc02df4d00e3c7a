import ChangeModel
import OperatingSystem
import Testing

@Suite("Executors that main allows")
struct ExecutorRuleTests {
    private func governance(_ lines: [String]) throws -> (Governance, ChangeID) {
        let governance = try Governance()
        if !lines.isEmpty {
            try governance.trustCommit([
                "agentsafe.yaml": { $0 + (["executors:"] + lines.map { "  - \($0)" }).joined(separator: "\n") + "\n" }
            ])
        }
        let id = try governance.propose()
        try governance.land(id)
        return (governance, id)
    }

    @Test("carry out what their types say, and no other: a runner can narrow, and not add")
    func allowed() throws {
        let refusals: [(rules: [String], options: [String], words: String)] = [
            (["{target_types: [\"k8s-*\"], allow: [kubernetes]}"], [], "here it is `embedded`"),
            (["{target_types: [k8s-node], allow: [embedded]}"], [], "names none for targets of type `k8s-deployment`"),
            ([], ["--executor", "dry-run"], "does not allow it"),
            ([], ["--executor", "kubernetes"], "asks for `kubernetes`"),
            (["{target_types: [k8s-deployment], allow: [embedded]}"], ["--executor", "dry-run"], "does not allow it"),
        ]
        for refusal in refusals {
            let (governance, _) = try governance(refusal.rules)
            let result = try governance.expect(1, "runner", ["run"] + refusal.options + governance.cluster())
            #expect(result.output.contains(refusal.words) && result.output.contains("nothing was claimed"), "\(result)")
        }
        let (governance, _) = try governance([
            "{target_types: [k8s-node], allow: [kubectl]}",
            "{target_types: [\"k8s-*\"], allow: [kubernetes, embedded]}",
        ])
        try governance.expect(0, "runner", ["run", "--executor", "embedded"] + governance.cluster())
    }

    @Test("may be one that does everything but mutate, and its record says so", arguments: [true, false])
    func dryRun(isOnlyOne: Bool) throws {
        let (governance, id) = try governance([
            "{target_types: [\"k8s-*\"], allow: [\(isOnlyOne ? "dry-run" : "embedded, dry-run")]}"
        ])
        let cluster = try governance.cluster()
        let before = try Files.read(governance.clusterFile)
        let result = try governance.expect(
            0, "runner", ["run"] + (isOnlyOne ? [] : ["--executor", "dry-run"]) + cluster)
        #expect(
            result.output.contains("nothing was changed: it would change") && result.output.contains("replicas"),
            "\(result)")
        #expect(try Files.read(governance.clusterFile) == before)
        let record = try governance.record(of: id)
        #expect(record.last(.prepared)?.body["executor"] == "dry-run")
        #expect(record.last(.execution)?.body["changed"] == false)
        try governance.expectVerified()
    }
}
