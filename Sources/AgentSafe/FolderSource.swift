public import Documents
internal import OperatingSystem

/// Reads a catalogue from a plain folder.
public struct FolderSource: CatalogueSource {
    public let root: String

    public init(root: String) {
        self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
    }

    public func read(_ path: String, limit: Int) throws(CatalogueSourceError) -> [UInt8]? {
        do {
            return try Files.read("\(root)/\(path)", limit: limit)
        } catch {
            if error.isMissing { return nil }
            throw CatalogueSourceError(error.description)
        }
    }

    public func list(_ folder: String) throws(CatalogueSourceError) -> [String]? {
        do {
            return try Files.list("\(root)/\(folder)")
        } catch {
            if error.isMissing { return nil }
            throw CatalogueSourceError(error.description)
        }
    }

    /// The nearest folder with an `agentsafe.yaml`, from `start` upwards; nil when there is none.
    public static func containing(_ start: String) -> FolderSource? {
        var folder = start
        while true {
            if Files.kind("\(folder)/agentsafe.yaml", followingLinks: true) == .file {
                return FolderSource(root: folder)
            }
            let parent = Files.parent(of: folder)
            if parent == folder { return nil }
            folder = parent
        }
    }
}
