public import Documents
public import OperatingSystem

/// Policy tests as they were read, in the order of files and lines.
public struct PolicyTestFiles: Sendable {
    /// The folder of a governance repository that holds them.
    public static let folder = "tests"

    public var tests: [PolicyTest] = []
    private var fileCount = 0
    private var size = 0

    /// Reads files, and of folders every `*.yaml` and `*.yml`, in the order of their names' bytes.
    ///
    /// - Parameter paths: as people see them, and where they are.
    /// - Throws: when one of them is missing, or is no list of tests.
    public init(_ paths: [(shown: String, path: String)]) throws(AgentSafeError) {
        for (shown, path) in paths {
            switch Files.kind(path, followingLinks: true) {
            case nil:
                throw AgentSafeError(.failed, "there is nothing at `\(shown)`; name a test file, or a folder of them")
            case .directory:
                let names: [String]
                do { names = try Files.list(path) } catch { throw AgentSafeError(.failed, "\(error)") }
                let folder = shown.hasSuffix("/") ? String(shown.dropLast()) : shown
                for name in names where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                    try read("\(path)/\(name)", shown: "\(folder)/\(name)")
                }
            case .file, .symbolicLink, .other:
                try read(path, shown: shown)
            }
        }
    }

    private mutating func read(_ path: String, shown: String) throws(AgentSafeError) {
        fileCount += 1
        guard fileCount <= CatalogueLoader.maximumFiles else {
            throw AgentSafeError(.failed, "more than \(CatalogueLoader.maximumFiles) test files; name fewer")
        }
        do {
            let bytes = try Files.read(path, limit: SourceFile.maximumSize)
            size += bytes.count
            guard size <= CatalogueLoader.maximumSize else {
                throw AgentSafeError(
                    .failed, "more than \(CatalogueLoader.maximumSize >> 20) MiB of tests; name fewer files")
            }
            tests += try PolicyTestDocument.parse(SourceFile(name: shown, bytes: bytes))
        } catch let error as DocumentError {
            throw AgentSafeError(error)
        } catch let error as AgentSafeError {
            throw error
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
    }
}

extension PlainFolder {
    /// The tests at `paths`; of a folder's own `tests/` where none is named.
    ///
    /// - Throws: also when there is not a single one. Who asks for tests must not take their absence for success.
    public func policyTests(at paths: [String], of host: Host) throws(AgentSafeError) -> PolicyTestFiles {
        let places =
            paths.isEmpty
            ? [(shown: PolicyTestFiles.folder, path: "\(root)/\(PolicyTestFiles.folder)")]
            : paths.map { (shown: $0, path: host.absolute($0)) }
        let files = try PolicyTestFiles(places)
        guard !files.tests.isEmpty else {
            let shown = places.map { "`\($0.shown)`" }.joined(separator: ", ")
            throw AgentSafeError(.failed, "there is not one policy test in \(shown); write some, or name another place")
        }
        return files
    }

    /// The folder's own tests; none where it has no `tests/`.
    public func ownPolicyTests() throws(AgentSafeError) -> PolicyTestFiles {
        let path = "\(root)/\(PolicyTestFiles.folder)"
        guard Files.kind(path, followingLinks: true) != nil else { return try PolicyTestFiles([]) }
        return try PolicyTestFiles([(shown: PolicyTestFiles.folder, path: path)])
    }
}
