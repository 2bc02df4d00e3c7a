public import ChangeModel
public import Documents
internal import EmbeddedCatalogue
internal import Git
internal import Ledger
internal import OperatingSystem

/// The plan templates that can be used: a repository's own, in `templates/plans/`, and before them none of the same name that
/// come with the program.
public struct PlanTemplates: Sendable {
    public struct Entry: Sendable {
        public let template: PlanTemplate
        /// Whether the template comes with the program.
        public let isEmbedded: Bool
    }

    /// By name.
    public let entries: [Entry]

    static let maximumFiles = 1000

    /// - Parameter source: the repository; nil for the program's own alone.
    init(_ source: (any CatalogueSource)?) throws(AgentSafeError) {
        var found: [String: Entry] = [:]
        for file in EmbeddedCatalogue.files(under: PlanTemplateDocument.folder) {
            let template = try Self.parse(file.path, file.bytes)
            found[template.name] = Entry(template: template, isEmbedded: true)
        }
        var own: [(path: String, bytes: [UInt8])] = []
        if let source {
            do throws(CatalogueSourceError) {
                let names = try source.list(PlanTemplateDocument.folder) ?? []
                guard names.count <= Self.maximumFiles else {
                    throw CatalogueSourceError("more than \(Self.maximumFiles) files")
                }
                for name in names where PlanTemplateDocument.name(ofFile: name) != nil {
                    let path = "\(PlanTemplateDocument.folder)/\(name)"
                    if let bytes = try source.read(path, limit: Change.maximumSize) { own.append((path, bytes)) }
                }
            } catch {
                throw AgentSafeError(.failed, "`\(PlanTemplateDocument.folder)`: \(error.message)")
            }
        }
        for (path, bytes) in own {
            let template = try Self.parse(path, bytes)
            found[template.name] = Entry(template: template, isEmbedded: false)
        }
        entries = found.values.sorted { $0.template.name < $1.template.name }
    }

    private static func parse(_ path: String, _ bytes: [UInt8]) throws(AgentSafeError) -> PlanTemplate {
        do {
            return try PlanTemplateDocument.parse(SourceFile(name: path, bytes: bytes))
        } catch {
            throw AgentSafeError(error)
        }
    }

    func template(_ name: String) throws(AgentSafeError) -> PlanTemplate {
        if let entry = entries.first(where: { $0.template.name == name }) { return entry.template }
        throw AgentSafeError(
            .failed,
            "there is no template `\(name.prefix(60))`; there are "
                + entries.map { "`\($0.template.name)`" }.joined(separator: ", "))
    }
}

extension PlainFolder {
    /// The templates of the folder and of the program; `propose` takes those of verified `main` instead of the folder's.
    public func planTemplates() throws(AgentSafeError) -> PlanTemplates { try PlanTemplates(FolderSource(root: root)) }
}

extension Workspace {
    /// The steps of a template with `values` in its blanks. A template of main's goes before the program's of the same name;
    /// the work tree is not looked at.
    public func steps(
        ofTemplate name: String, _ values: [(name: String, value: String)]
    ) throws(AgentSafeError) -> [ChangeStep] {
        try fetchIfPossible(.main)
        let view = try view()
        let template = try PlanTemplates(view.state.source).template(name)
        let actions = try catalogue(of: view.state).actions
        do {
            return try template.fill(values, actions: actions)
        } catch {
            throw AgentSafeError(
                .usage, "template `\(template.name)`: \(error.problems.first ?? "")",
                details: Array(error.problems.dropFirst()))
        }
    }

    /// The steps of a plan that somebody wrote by hand, in a file below the current folder or anywhere.
    public func steps(inFile path: String) throws(AgentSafeError) -> [ChangeStep] {
        let bytes: [UInt8]
        do {
            bytes = try Files.read(host.absolute(path), limit: Change.maximumSize)
        } catch {
            throw AgentSafeError(.failed, "\(error)")
        }
        do {
            return try ChangeSteps.parse(SourceFile(name: path, bytes: bytes))
        } catch {
            throw AgentSafeError(error)
        }
    }
}
