public import ChangeModel

/// Loads everything that a decision reads.
public enum CatalogueLoader {
    public static let maximumFiles = 10_000
    /// Bytes of all files together.
    public static let maximumSize = 64 << 20

    /// Reads `agentsafe.yaml` and what it names: every `*.yaml` and `*.yml` of the action and the policy folder in the order
    /// of their names' bytes, the inventory, and the identities, which a plain folder may lack.
    ///
    /// - Throws: what is wrong with all of these files, and with what they say of each other: action names and rule names
    ///   are unique, and a `rollback_action` exists.
    public static func load(from source: some CatalogueSource) throws(DocumentError) -> Catalogue {
        let configuration = try loadConfiguration(from: source)
        var loading = CatalogueLoading(source: source)
        loading.loadActions(configuration.registry)
        loading.loadRules(configuration.policies)
        loading.loadTargets(configuration.inventory)
        loading.loadIdentities(configuration.identities)
        return try loading.finish(configuration)
    }

    /// Reads `agentsafe.yaml` alone.
    public static func loadConfiguration(from source: some CatalogueSource) throws(DocumentError) -> Configuration {
        let name = Configuration.fileName
        let content: [UInt8]?
        do throws(CatalogueSourceError) {
            content = try source.read(name, limit: SourceFile.maximumSize)
        } catch {
            throw DocumentError(Diagnostic(file: name, message: error.message))
        }
        if let content { return try ConfigurationDocument.parse(SourceFile(name: name, bytes: content)) }
        // The Python project's name for it.
        let foreign = "agent-safe.yaml"
        let hasForeign = (try? source.read(foreign, limit: SourceFile.maximumSize)) != nil
        throw DocumentError(
            Diagnostic(
                file: name, message: "there is no `\(name)`",
                advice: hasForeign ? "rename `\(foreign)` to `\(name)`" : "run `agentsafe init` to make one"))
    }
}

/// A catalogue while its files are read; goes on after a file that is refused.
private struct CatalogueLoading<Source: CatalogueSource> {
    let source: Source
    private var diagnostics: [Diagnostic] = []
    private var omitted = 0
    private var size = 0
    private var actions: [MarkedAction] = []
    private var rules: [Rule] = []
    private var freezes: [Freeze] = []
    private var targets: [TargetEntry] = []
    private var identities: IdentityRegistry?

    init(source: Source) {
        self.source = source
    }

    func finish(_ configuration: Configuration) throws(DocumentError) -> Catalogue {
        if let error = DocumentError(diagnostics, omitted: omitted) { throw error }
        return Catalogue(
            configuration: configuration, actions: actions.map(\.action), targets: targets, rules: rules,
            freezes: freezes, identities: identities)
    }

    mutating func loadActions(_ folder: String) {
        var names: [String: SourceLocation] = [:]
        var isComplete = true
        for path in paths(in: folder) {
            guard let file = read(path) else {
                isComplete = false
                continue
            }
            do throws(DocumentError) {
                let marked = try ActionDocument.parseMarked(file)
                let name = marked.action.name
                if let other = names.insertFirst(marked.action.location, for: name) {
                    marked.reader.report(
                        marked.nameMark, "the action `\(name)` stands twice, first at \(other)",
                        advice: "give each action a name of its own")
                    _ = try marked.reader.finish(())
                }
                actions.append(marked)
            } catch {
                isComplete = false
                add(error)
            }
        }
        // Among files that were refused may be the very action that another one names.
        if isComplete { checkRollbacks(names) }
    }

    private mutating func checkRollbacks(_ names: [String: SourceLocation]) {
        for marked in actions {
            guard let rollback = marked.action.rollbackAction, names[rollback] == nil else { continue }
            marked.reader.report(
                marked.rollbackMark, "there is no action `\(rollback)` to roll back with",
                advice: Suggestion.advice(for: rollback, among: names.keys.sorted()))
            for diagnostic in marked.reader.diagnostics { add(diagnostic) }
        }
    }

    mutating func loadRules(_ folder: String) {
        var names: [String: PolicyName] = [:]
        for path in paths(in: folder) {
            guard let file = read(path) else { continue }
            do throws(DocumentError) {
                let marked = try PolicyDocument.parseMarked(file)
                for name in marked.names { name.enter(&names, marked.reader) }
                _ = try marked.reader.finish(())
                rules += marked.rules
                freezes += marked.freezes
            } catch {
                add(error)
            }
        }
    }

    mutating func loadTargets(_ path: String) {
        guard let file = read(path) else { return }
        do throws(DocumentError) {
            targets = try InventoryDocument.parse(file)
        } catch {
            add(error)
        }
    }

    mutating func loadIdentities(_ path: String) {
        guard let file = read(path, mayBeMissing: true) else { return }
        do throws(DocumentError) {
            identities = try IdentitiesDocument.parse(file)
        } catch {
            add(error)
        }
    }

    private mutating func add(_ error: DocumentError) {
        for diagnostic in error.diagnostics { add(diagnostic) }
        omitted += error.omitted
    }

    private mutating func add(_ diagnostic: Diagnostic) {
        if diagnostics.count < DocumentError.maximumCount {
            diagnostics.append(diagnostic)
        } else {
            omitted += 1
        }
    }

    /// YAML files of a folder, in the order of their names' bytes.
    private mutating func paths(in folder: String) -> [String] {
        do throws(CatalogueSourceError) {
            guard let names = try source.list(folder) else {
                add(missing(folder, "folder"))
                return []
            }
            let chosen = names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
            guard chosen.count <= CatalogueLoader.maximumFiles else {
                add(
                    Diagnostic(
                        file: folder,
                        message: "\(chosen.count) files, at most \(CatalogueLoader.maximumFiles) are read"))
                return []
            }
            return chosen.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(folder)/\($0)" }
        } catch {
            add(Diagnostic(file: folder, message: error.message))
            return []
        }
    }

    private mutating func read(_ path: String, mayBeMissing: Bool = false) -> SourceFile? {
        // What is refused is refused for good: no need to read what nobody will be told about.
        guard size <= CatalogueLoader.maximumSize, omitted == 0 else { return nil }
        do throws(CatalogueSourceError) {
            guard let content = try source.read(path, limit: SourceFile.maximumSize) else {
                if !mayBeMissing { add(missing(path, "file")) }
                return nil
            }
            size += content.count
            guard size <= CatalogueLoader.maximumSize else {
                add(Diagnostic(file: path, message: "more than \(CatalogueLoader.maximumSize >> 20) MiB of catalogue"))
                return nil
            }
            return SourceFile(name: path, bytes: content)
        } catch {
            add(Diagnostic(file: path, message: error.message))
            return nil
        }
    }

    private func missing(_ path: String, _ noun: String) -> Diagnostic {
        Diagnostic(
            file: path, message: "there is no such \(noun), which `\(Configuration.fileName)` names",
            advice: "create it, or correct `\(Configuration.fileName)`")
    }
}
