import AgentSafeCLI
import ChangeModel
import EmbeddedCatalogue
import OperatingSystem
import TestSupport

/// A folder with the default catalogue and a smallest `agentsafe.yaml`: no Git, no identities, no home.
struct PlainCatalogue {
    let directory: TemporaryDirectory
    static let configuration = "registry: ./actions/\npolicies: ./policies/\ninventory: ./inventory.yaml\n"

    init(configuration: String = Self.configuration) throws {
        directory = try TemporaryDirectory()
        let path = Host.real().environment["PATH"] ?? "/usr/bin:/bin"
        let source = try Self.template.get().path
        _ = try Program.run(["cp", "-a", "\(source)/.", directory.path], environment: ["PATH": path])
        if configuration != Self.configuration { try write("agentsafe.yaml", Array(configuration.utf8)) }
    }

    private init(empty directory: TemporaryDirectory) { self.directory = directory }

    /// Written once, and copied for each test.
    private static let template = Result {
        let plain = PlainCatalogue(empty: try TemporaryDirectory())
        for file in EmbeddedCatalogue.files(under: "actions") + EmbeddedCatalogue.files(under: "policies") {
            try plain.write(file.path, file.bytes)
        }
        let template = "templates/governance/"
        for file in EmbeddedCatalogue.files(under: template) where !file.path.hasSuffix(".md") {
            try plain.write(String(file.path.dropFirst(template.count)), file.bytes)
        }
        try plain.write("agentsafe.yaml", Array(Self.configuration.utf8))
        KeptFolders.remember(plain.directory.path)
        return plain.directory
    }

    func write(_ path: String, _ bytes: [UInt8]) throws {
        try Files.createDirectory(Files.parent(of: directory.file(path)))
        try Files.writeAtomically(directory.file(path), bytes)
    }

    func write(_ path: String, _ text: String) throws { try write(path, Array(text.utf8)) }

    func append(_ path: String, _ bytes: [UInt8]) throws {
        try write(path, try Files.read(directory.file(path)) + bytes)
    }

    func run(_ arguments: [String], in folder: String = "", now: Int64 = TestClock.start) -> CommandResult {
        let (output, errors) = (LineBuffer(), LineBuffer())
        let host = Host(
            environment: [:], currentDirectory: directory.file(folder), now: { now },
            random: { [UInt8](repeating: 0, count: $0) }, sleep: { _ in })
        let status = CommandLineTool.run(
            ["agentsafe"] + arguments, host: host,
            terminal: Terminal(
                write: { output.append($0) }, say: { errors.append($0) }, ask: { _ in nil }, colors: false,
                showsProgress: false))
        return CommandResult(status: status, output: output.text, errors: errors.text)
    }

    /// The answers to `lines`, in order.
    func batch(_ lines: [String]) throws -> [JSONValue] {
        try write("requests.jsonl", lines.joined(separator: "\n"))
        let result = run(["check", "--batch", "requests.jsonl"])
        guard result.status == 0, result.errors.isEmpty else { throw SSHKeys.ProgramFailure(description: "\(result)") }
        return try result.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }
}
