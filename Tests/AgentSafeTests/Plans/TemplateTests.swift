import ChangeModel
import EmbeddedCatalogue
import OperatingSystem
import Testing

@Suite("Plans from templates")
struct TemplateTests {
    private static let release = [
        "propose", "--template", "image-release", "--set", "target=dev/api-server", "--set", "container=api", "--set",
        "image=registry.example/api-server:1.9.0", "--reason", "Release", "--push", "--output", "json",
    ]

    @Test("a release is proposed in one line, and runs")
    func release() throws {
        let governance = try Governance()
        let result = try governance.expect(0, "agent", Self.release)
        #expect(try result.json.ofSteps("action") == ["update-image", "rollout-status"])
        let run = try governance.carryOut(try governance.id(of: result))
        #expect(run["status"] == "executed")
        let scaled = try governance.expect(
            0, "agent",
            [
                "propose", "--template", "scale-and-watch", "--set", "target=staging/api-server", "--set", "replicas=4",
                "--reason", "More", "--push", "--output", "json",
            ])
        try governance.carryOut(try governance.id(of: scaled))
        let restarted = try governance.expect(
            0, "agent",
            [
                "propose", "--template", "rolling-restart", "--set", "target=staging/api-server", "--reason", "Leak",
                "--push", "--output", "json",
            ])
        try governance.carryOut(try governance.id(of: restarted))
        #expect(try governance.replicas() == 4)
        let node = try governance.expect(
            0, "agent",
            [
                "propose", "--template", "node-maintenance", "--set", "target=prod/node-2", "--set", "timeout=120",
                "--reason", "Kernel", "--output", "json",
            ]
        ).json
        #expect(node.ofSteps("action") == ["cordon-node", "drain-node"])
        #expect(node["steps"]?.arrayValue?[1]["params"] == ["ignore_daemonsets": true, "timeout": 120])
        try governance.verifyEverywhere(0)
    }

    @Test("what is missing or unknown is said at once, and nothing is written")
    func faults() throws {
        let governance = try Governance()
        let result = try governance.expect(
            2, "agent", ["propose", "--template", "image-release", "--set", "imgae=x", "--reason", "x"])
        for words in [
            "no variable `imgae`; did you mean `image`?", "`target` is missing: the deployment",
            "`container` is missing", "`image` is missing",
        ] { #expect(result.errors.contains(words), "\(result)") }
        let none = try governance.expect(1, "agent", ["propose", "--template", "release", "--reason", "x"])
        #expect(none.errors.contains("there is no template `release`; there are `image-release`, "))
        #expect(try governance.git("agent", "for-each-ref", "refs/heads/change").isEmpty)
    }

    @Test("a template of main's goes before the program's, and one in the work tree is not looked at")
    func ownTemplates() throws {
        let governance = try Governance()
        let own = """
            description: Ours.
            variables:
              - name: target
                description: where
              - name: container
                description: which
              - name: image
                description: what
            steps:
              - action: rollout-status
                target: "{{ target }}"
              - action: update-image
                target: "{{ target }}"
                params:
                  container: "{{ container }}"
                  image: "{{ image }}"
            """
        let path = "templates/plans/image-release.yaml"
        try governance.write("agent", path, own)
        let embedded = try governance.expect(0, "agent", Self.release)
        #expect(try embedded.json.ofSteps("action") == ["update-image", "rollout-status"])
        let listed = try governance.expect(0, "agent", ["templates", "--output", "json"]).json
        let entries = listed["templates"]?.arrayValue ?? []
        #expect(
            entries.map { $0["name"] } == ["image-release", "node-maintenance", "rolling-restart", "scale-and-watch"])
        #expect(entries.map { $0["embedded"] } == [false, true, true, true])
        #expect(try governance.expect(0, "agent", ["templates"]).output.contains("--set container=…  which"))

        try governance.write("alice", path, own)
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Look first", "--push"])
        let ours = try governance.expect(0, "agent", Self.release)
        #expect(try ours.json.ofSteps("action") == ["rollout-status", "update-image"])

        try governance.write("alice", path, "description: Broken\nsteps: {}\n")
        try governance.expect(0, "alice", ["trust", "commit", "-m", "Break it", "--push"])
        let broken = try governance.expect(1, "agent", Self.release)
        #expect(broken.errors.contains("\(path):2:8: expected a list"))
    }

    @Test("every template of the program names actions and params of the program's catalogue")
    func catalogue() throws {
        let governance = try Governance()
        let catalogue = try LedgerDesk(governance).main.catalogue()
        let listed = try governance.expect(0, "agent", ["templates", "--output", "json"]).json
        for template in listed["templates"]?.arrayValue ?? [] {
            for step in template["steps"]?.arrayValue ?? [] {
                let action = try #require(catalogue.actions[step["action"]?.stringValue ?? ""])
                for name in step["params"]?.objectValue?.keys.sorted() ?? [] {
                    #expect(action.parameters.contains { $0.name == name })
                }
            }
        }
        #expect(EmbeddedCatalogue.files(under: "templates/plans").count == 4)
    }

    @Test("what a proposal is made of is said once")
    func usage() throws {
        let governance = try Governance()
        let id = "chg-20261122-7f3k9q2m4x"
        for (words, message) in [
            (["propose"], "propose what? name an action, or give `--template`, `--steps` or `--resume`"),
            (["propose", "restart-deployment", "--template", "x"], "an action and `--template` exclude each other"),
            (["propose", "--steps", "x", "--resume", id], "`--steps` and `--resume` exclude each other"),
            (["propose", "--template", "x", "--target", "y"], "`--target` belongs to an action"),
            (["propose", "--resume", id, "--param", "x=1"], "`--param` belongs to an action"),
            (["propose", "--steps", "x", "--set", "y=1", "--reason", "x"], "`--set` fills a template's blanks"),
            (["propose", "--template", "image-release"], "`--reason TEXT` is missing"),
            (["propose", "--template", "image-release", "--set", "x", "--reason", "x"], "`--set` takes NAME=VALUE"),
            (["propose", "--resume", "x"], "`x` is no change"),
        ] {
            let result = try governance.expect(2, "agent", words)
            #expect(result.errors.hasPrefix("agentsafe: \(message)"), "\(result)")
        }
        let path = governance.directory.file("steps.yaml")
        try Files.writeAtomically(path, Array("- action: x\n".utf8))
        let bad = try governance.expect(1, "agent", ["propose", "--steps", path, "--reason", "x"])
        #expect(bad.errors.contains("steps.yaml:1:3: a step needs the key `target`"))
        #expect(
            try governance.expect(1, "agent", ["propose", "--steps", "none", "--reason", "x"]).errors.contains("none"))
        try Files.writeAtomically(path, [UInt8](repeating: 0x23, count: 70_000))
        try governance.expect(1, "agent", ["propose", "--steps", path, "--reason", "x"])
    }
}
