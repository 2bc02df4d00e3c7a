import ChangeModel
import OperatingSystem
import TestSupport
import Testing

@Suite("How CI gets the program")
struct WorkflowSetupTests {
    private struct Place {
        let directory: TemporaryDirectory
        let environment: [String: String]
        static let genesis = String(repeating: "a", count: 40)

        /// A machine without `agentsafe`, and the scripts with these pins.
        init(pins: [String: String], tools: [String: String] = [:]) throws {
            directory = try TemporaryDirectory()
            try Files.createDirectory(directory.file("bin"))
            try Files.createDirectory(directory.file("tools"))
            // What the scripts need of the machine, by name: an `agentsafe` that is installed here must not be found.
            for tool in [
                "bash", "env", "git", "curl", "sha256sum", "install", "mktemp", "rm", "cat", "dirname", "mkdir",
                "chmod",
            ] {
                let found = try SSHKeys.succeed(["sh", "-c", "command -v \(tool)"], in: directory).outputText
                _ = try SSHKeys.succeed(
                    ["ln", "-s", String(found.prefix { !$0.isNewline }), directory.file("tools/\(tool)")], in: directory
                )
            }
            for (name, text) in tools {
                try Files.create(directory.file("tools/\(name)"), Array(text.utf8), mode: 0o755)
            }
            for name in ["setup.sh", "pins.sh"] {
                _ = try SSHKeys.succeed(
                    ["cp", "\(Workflow.folder)/agentsafe/\(name)", directory.file(name)], in: directory)
            }
            var text = String(decoding: try Files.read(directory.file("pins.sh")), as: UTF8.self)
            for (name, value) in pins.merging(["genesis": Self.genesis], uniquingKeysWith: { old, _ in old }) {
                text = text.split(separator: "\n\(name)=", omittingEmptySubsequences: false).joined(
                    separator: "\n\(name)=\(value)")
            }
            try Files.writeAtomically(directory.file("pins.sh"), Array(text.utf8))
            _ = try SSHKeys.succeed(["git", "init", "-q", directory.file("work")], in: directory)
            environment = [
                "PATH": directory.file("tools"), "HOME": directory.path, "AGENTSAFE_BIN": directory.file("tools"),
                "RUNNER_TEMP": directory.path, "AGENTSAFE_GENESIS": Self.genesis, "GIT_CONFIG_NOSYSTEM": "1",
            ]
        }

        func setUp(adding variables: [String: String] = [:]) throws -> ProgramResult {
            try Program.run(
                ["bash", "-c", "cd \"$1\" && exec bash ../setup.sh", "bash", directory.file("work")],
                environment: environment.merging(variables) { $1 }, timeout: 60)
        }

        var isInstalled: Bool { Files.kind(directory.file("tools/agentsafe")) != nil }
    }

    static let program = "#!/usr/bin/env bash\necho agentsafe 0.1.0\n"

    @Test("a release with the pinned digest is installed; one with another is not, and nothing of it is run")
    func release() throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("agentsafe", Self.program)
        let digest = Digest(of: Array(Self.program.utf8)).hexadecimal
        let good = try Place(pins: ["release_url": "file://\(file)", "release_sha256": digest])
        let result = try good.setUp()
        #expect(
            result.status == 0 && result.outputText == "agentsafe 0.1.0\n", "\(result.outputText)\(result.errorText)")
        let configured = try SSHKeys.succeed(
            ["git", "-C", good.directory.file("work"), "config", "agentsafe.genesis"], in: good.directory)
        #expect(configured.outputText == Place.genesis + "\n")
        for wrong in [String(repeating: "0", count: 64), "", "\(digest)0", String(digest.dropLast())] {
            let bad = try Place(pins: ["release_url": "file://\(file)", "release_sha256": wrong])
            let result = try bad.setUp()
            #expect(result.status != 0 && !bad.isInstalled, "\(wrong): \(result.outputText)")
        }
    }

    @Test("a release that must be attested is asked for it", arguments: [true, false])
    func attestation(isAttested: Bool) throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("agentsafe", Self.program)
        // GitHub's program, which asks GitHub: here it answers as told.
        let place = try Place(
            pins: [
                "release_url": "file://\(file)", "release_sha256": Digest(of: Array(Self.program.utf8)).hexadecimal,
                "release_repository": "org/agentsafe",
            ],
            tools: [
                "gh":
                    "#!/usr/bin/env bash\n[[ \"$1 $2 $4 $5\" == 'attestation verify --repo org/agentsafe' ]] && exit \(isAttested ? 0 : 1)\n"
            ])
        let result = try place.setUp()
        #expect((result.status == 0) == isAttested && place.isInstalled == isAttested, "\(result.outputText)")
    }

    @Test("the source is built at the pinned commit and no other")
    func source() throws {
        let folder = try TemporaryDirectory()
        func git(_ arguments: String...) throws -> String {
            let words = ["git", "-C", folder.path, "-c", "user.name=a", "-c", "user.email=a@b"] + arguments
            return String(try SSHKeys.succeed(words, in: folder).outputText.prefix { !$0.isNewline })
        }
        _ = try git("init", "-q", "-b", "main")
        _ = try git("config", "uploadpack.allowAnySHA1InWant", "true")
        _ = try folder.write("word", "old")
        _ = try git("add", "word")
        _ = try git("commit", "-q", "-m", "Old")
        let old = try git("rev-parse", "HEAD")
        try Files.writeAtomically(folder.file("word"), Array("new".utf8))
        _ = try git("commit", "-q", "-a", "-m", "New")
        // A compiler that tells what it was given.
        let swift = """
            #!/usr/bin/env bash
            mkdir -p "$3/.build/release"
            printf '#!/usr/bin/env bash\\necho built %s\\n' "$(cat "$3/word")" > "$3/.build/release/agentsafe"

            """
        let place = try Place(
            pins: ["source_url": "file://\(folder.path)", "source_commit": old], tools: ["swift": swift])
        let result = try place.setUp()
        #expect(
            result.status == 0 && result.outputText.hasSuffix("built old\n"), "\(result.outputText)\(result.errorText)")
        for commit in ["main", "", String(repeating: "1", count: 40)] {
            let bad = try Place(
                pins: ["source_url": "file://\(folder.path)", "source_commit": commit], tools: ["swift": swift])
            #expect(try bad.setUp().status != 0 && !bad.isInstalled, "\(commit)")
        }
    }

    @Test("without pins nothing is installed and nothing believed")
    func unpinned() throws {
        let place = try Place(pins: [:])
        #expect(try place.setUp().outputText.contains("neither a release nor a source"))
        #expect(try place.setUp(adding: ["AGENTSAFE_GENESIS": ""]).status == 30)
        #expect(try Place(pins: ["genesis": ""]).setUp().status == 1)
    }
}
