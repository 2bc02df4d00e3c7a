public import OperatingSystem

/// Notices that files of a catalogue or its tests changed, by looking again and again.
public struct FolderWatch: Sendable {
    /// How often it looks, in milliseconds.
    public static let interval = 300
    /// The most files that are looked at, and how deep below the folder.
    static let maximumFiles = 20_000
    static let maximumDepth = 4

    private let roots: [String]
    private var seen: [String: FileStamp]

    /// - Parameter roots: files and folders; of folders, the YAML files below them, links and hidden ones aside.
    public init(_ roots: [String]) {
        self.roots = roots
        seen = Self.stamps(roots)
    }

    /// Waits until something is other than when it was last looked at, and until nothing changes any more: an editor may
    /// write a file in several steps.
    public mutating func waitForChange(_ host: Host) {
        var current = Self.stamps(roots)
        while current == seen {
            host.sleep(Self.interval)
            current = Self.stamps(roots)
        }
        var previous: [String: FileStamp]
        repeat {
            previous = current
            host.sleep(Self.interval / 3)
            current = Self.stamps(roots)
        } while current != previous
        seen = current
    }

    private static func stamps(_ roots: [String]) -> [String: FileStamp] {
        var found: [String: FileStamp] = [:]
        for root in roots { look(at: root, depth: 0, &found) }
        return found
    }

    private static func look(at path: String, depth: Int, _ found: inout [String: FileStamp]) {
        guard found.count < maximumFiles else { return }
        // A root may be a link; below it none is followed, so that no loop of them holds anybody up.
        guard Files.kind(path, followingLinks: depth == 0) == .directory else {
            if depth == 0 || path.hasSuffix(".yaml") || path.hasSuffix(".yml") { found[path] = Files.stamp(path) }
            return
        }
        guard depth < maximumDepth else { return }
        // Landed changes are no part of the catalogue, and may be many.
        for name in (try? Files.list(path)) ?? [] where !name.hasPrefix(".") && !(depth == 0 && name == "changes") {
            look(at: "\(path)/\(name)", depth: depth + 1, &found)
        }
    }
}
