import ChangeModel
import OperatingSystem
import Testing

/// Every file of some folders by its digest: what a refused command must leave as it was. Git's object store and index are
/// left out, which may gain what nothing points at.
struct Fingerprint: Equatable {
    private(set) var files: [String: String] = [:]

    init(_ folders: [String]) throws {
        for folder in folders { try add(folder) }
    }

    private mutating func add(_ path: String) throws {
        switch Files.kind(path) {
        case nil: files[path] = "nothing"
        case .directory:
            for name in try Files.list(path) where !(name == "objects" && Self.isGitFolder(path)) && name != "index" {
                try add("\(path)/\(name)")
            }
        case .file: files[path] = Digest(of: try Files.read(path)).description
        case .symbolicLink, .other: files[path] = "no file"
        }
    }

    private static func isGitFolder(_ path: String) -> Bool { Files.kind("\(path)/HEAD") == .file }

    /// The paths whose content differs.
    func differences(from other: Fingerprint) -> [String] {
        Set(files.keys).union(other.files.keys).filter { files[$0] != other.files[$0] }.sorted()
    }
}

extension Governance {
    func stateFolder(_ actor: String) -> String { "\(directory.path)/homes/\(actor)/state" }

    /// Runs `agentsafe` and demands that it refuses: this exit code, nothing on standard output, one line on standard error
    /// that says all of `words`, and no file changed in the clone, at the remote, or in the state folder.
    ///
    /// - Parameter warnings: how many further lines, each a warning or a note, may come before.
    @discardableResult
    func refuse(
        _ status: Int32, _ actor: String, _ arguments: [String], saying words: String..., in folder: String? = nil,
        adding variables: [String: String] = [:], warnings: Int = 0,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        let places = [folder ?? clone(actor), remote, stateFolder(actor)]
        let before = try Fingerprint(places)
        let result = agentsafe(actor, arguments, in: folder, adding: variables)
        let changed = try Fingerprint(places).differences(from: before)
        #expect(changed == [], "agentsafe \(arguments) changed files", sourceLocation: sourceLocation)
        check(result, status, words, warnings: warnings, arguments, sourceLocation)
        return result
    }

    private func check(
        _ result: CommandResult, _ status: Int32, _ words: [String], warnings: Int, _ arguments: [String],
        _ sourceLocation: Testing.SourceLocation
    ) {
        #expect(result.status == status, "agentsafe \(arguments): \(result)", sourceLocation: sourceLocation)
        #expect(result.output.isEmpty, "agentsafe \(arguments): \(result)", sourceLocation: sourceLocation)
        let lines = result.errors.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.count == 1 + warnings, "agentsafe \(arguments): \(result)", sourceLocation: sourceLocation)
        for line in lines.dropLast() {
            let isWord = line.hasPrefix("warning: ") || line.hasPrefix("note: ")
            #expect(isWord, "agentsafe \(arguments): \(result)", sourceLocation: sourceLocation)
        }
        let last = lines.last ?? ""
        #expect(last.hasPrefix("agentsafe: "), "agentsafe \(arguments): \(result)", sourceLocation: sourceLocation)
        for word in words {
            #expect(last.contains(word), "agentsafe \(arguments): \(result)", sourceLocation: sourceLocation)
        }
        #expect(isHarmless(result.errors), "agentsafe \(arguments): \(result)", sourceLocation: sourceLocation)
    }

    /// Fetches, and lets the actor accept what is new: what is refused after that has nothing left to note.
    func settle(_ actor: String) throws {
        try git(actor, "fetch", "-q", "--prune")
        try expect(0, actor, ["verify"])
    }

    /// A folder of its own beside the clones.
    func folder(_ name: String) throws -> String {
        let path = "\(directory.path)/\(name)"
        try Files.createDirectory(path)
        return path
    }

    /// A proposal of the agent's that the policy allows, without `--push`.
    static let proposal = [
        "propose", "scale-deployment", "--target", "staging/api-server", "--param", "replicas=6", "--reason", reason,
    ]
}

/// The names of an object's members; empty for what is no object.
func names(of value: JSONValue?) -> Set<String> { Set((value?.objectValue ?? [:]).keys) }

/// Whether a terminal shows a text as it is: nothing in it moves the cursor, hides a line or turns the direction.
func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
        let category = scalar.properties.generalCategory
        return scalar == "\n" || ![.control, .format, .lineSeparator, .paragraphSeparator].contains(category)
    }
}
