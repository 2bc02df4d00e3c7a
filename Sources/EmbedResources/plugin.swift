import Foundation
import PackagePlugin

/// Runs `ResourceEmbedder` over the package's top-level `actions/`, `policies/` and the templates that `init` writes and `propose` fills. What
/// `templates/` holds for forges and servers is copied from a checkout, and stays out of the program.
///
/// Every file and every folder below is an input, so an edit embeds anew. What is added or removed needs a new plan, and
/// SwiftPM plans anew only when the folder of some target changes: hence the links in `EmbeddedCatalogue/Watched`, which
/// make these folders part of one.
@main
struct EmbedResources: BuildToolPlugin {
    static let folders = ["actions", "policies", "templates/governance", "templates/plans", "templates/solo"]

    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
        return [
            .buildCommand(
                displayName: "Embedding \(Self.folders.joined(separator: ", "))",
                executable: try context.tool(named: "ResourceEmbedder").url,
                arguments: [output.path, root.path] + Self.folders,
                inputFiles: try Self.folders.flatMap { try contents(of: root.appending(path: $0)) },
                outputFiles: [output])
        ]
    }

    /// The folder, and all files and folders below it, in a stable order.
    private func contents(of folder: URL) throws -> [URL] {
        var found = [folder]
        let entries = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: [.isDirectoryKey])
        for entry in entries.sorted(by: { $0.path < $1.path }) {
            let isFolder = try entry.resourceValues(forKeys: [.isDirectoryKey]).isDirectory ?? false
            found += isFolder ? try contents(of: entry) : [entry]
        }
        return found
    }
}
