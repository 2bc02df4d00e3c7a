/// A file that was embedded when the program was built.
public struct EmbeddedFile: Hashable, Sendable {
    /// Relative to the package: `actions/scale-deployment.yaml`.
    public let path: String
    public let bytes: [UInt8]
}

/// The files of `actions/`, `policies/`, `templates/governance/`, `templates/plans/` and `templates/solo/`, so that
/// neither `init` nor `propose` needs a checkout.
///
/// They lie in the binary's read-only data; nothing is read or copied before the first use.
public enum EmbeddedCatalogue {
    /// All files: folder by folder, in the order of their paths' bytes.
    public static let files: [EmbeddedFile] = embeddedFiles.map(\.file)

    /// - Returns: nil when no file was embedded under that path.
    public static func file(_ path: String) -> [UInt8]? {
        embeddedFiles.first { $0.hasPath(path) }?.file.bytes
    }

    /// The files at any depth below a folder; their paths stay whole.
    ///
    /// - Parameter folder: `actions` and `actions/` name the same folder.
    public static func files(under folder: String) -> [EmbeddedFile] {
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        return files.filter { $0.path.utf8.starts(with: prefix.utf8) }
    }
}

/// One row of the generated table.
struct EmbeddedSource: Sendable {
    let path: StaticString
    let content: StaticString

    var file: EmbeddedFile {
        EmbeddedFile(path: path.description, bytes: content.withUTF8Buffer { Array($0) })
    }

    func hasPath(_ text: String) -> Bool { path.withUTF8Buffer { $0.elementsEqual(text.utf8) } }
}
